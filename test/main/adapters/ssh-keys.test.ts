import { expect, test } from "vitest";
import { fingerprintsIn, makeKeyPair, publicKeyOf } from "../../../main/adapters/ssh/keys.ts";

const BOOT = (key: string) => `[   4.2] cloud-init[700]: done
-----BEGIN SSH HOST KEY FINGERPRINTS-----
256 SHA256:${key.padEnd(43, "0")} root@ip-10-0-0-1 (ECDSA)
256 SHA256:${key.padEnd(43, "1")} root@ip-10-0-0-1 (ED25519)
-----END SSH HOST KEY FINGERPRINTS-----
login:`;

test("the fingerprints of the newest boot are read from the console", () => {
  expect(fingerprintsIn(`${BOOT("old")}\n${BOOT("new")}`)).toEqual([
    `SHA256:${"new".padEnd(43, "0")}`,
    `SHA256:${"new".padEnd(43, "1")}`,
  ]);
});

test.each([
  ["nothing yet", ""],
  ["a boot under way", "-----BEGIN SSH HOST KEY FINGERPRINTS-----\n256 SHA256:abc"],
  ["fingerprints outside the marks", `SHA256:${"x".repeat(43)}`],
])("%s gives none", (_, text) => {
  expect(fingerprintsIn(text)).toEqual([]);
});

test("every new key pair can be read again, and its public half found from its private half", () => {
  for (let made = 0; made < 600; made++) {
    const pair = makeKeyPair("ana");
    expect(publicKeyOf(pair.privateKey, "ana")).toBe(pair.publicKey.trim());
  }
});
