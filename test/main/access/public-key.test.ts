import { expect, test } from "vitest";
import { readPublicKey } from "../../../main/access/public-key.ts";
import { makeKeyPair } from "../../../main/adapters/ssh/keys.ts";

const { publicKey, privateKey } = makeKeyPair("ana@desk");

test("a line of a .pub file is taken without its comment, with the fingerprint that OpenSSH prints", () => {
  const read = readPublicKey(`${publicKey}\n`);
  expect(read.publicKey).toBe(publicKey.split(" ").slice(0, 2).join(" "));
  expect(read.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});

test.each([
  ["options in front of the key", `command="id" ${publicKey}`],
  ["two lines", `${publicKey}\n${publicKey}`],
  ["another type than the blob says", publicKey.replace("ssh-ed25519", "ssh-rsa")],
  ["a private key", privateKey],
  ["nothing of the kind", "hello"],
])("%s is refused", (_, text) => {
  expect(() => readPublicKey(text)).toThrow("no public key line");
});
