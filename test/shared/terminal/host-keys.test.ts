import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { classifyHostKey, type HostKeyPrint, keysToLearn, type Pin } from "../../../shared/terminal/host-keys.ts";

const print = (name: string) => `SHA256:${createHash("sha256").update(name).digest("base64").replace(/=+$/, "")}`;
const ed = (name: string): HostKeyPrint => ({ algorithm: "ssh-ed25519", fingerprint: print(name) });
const ecdsa = (name: string): HostKeyPrint => ({ algorithm: "ecdsa-sha2-nistp256", fingerprint: print(name) });
const rsa = (name: string): HostKeyPrint => ({ algorithm: "ssh-rsa", fingerprint: print(name) });
const pin = (key: HostKeyPrint, more: Partial<Pin> = {}): Pin => ({ ...key, jobId: null, ...more });

test.each<[string, readonly HostKeyPrint[], readonly Pin[], readonly HostKeyPrint[], string]>([
  ["the pinned key", [ed("a")], [pin(ed("a"))], [ed("a"), rsa("b")], "match"],
  [
    "a key of another algorithm beside the pinned one",
    [rsa("a")],
    [pin(rsa("a"))],
    [ed("n"), rsa("a")],
    "newAlgorithm",
  ],
  [
    "the same where only the fingerprint is known",
    [rsa("a")],
    [pin(rsa("a"), { algorithm: null })],
    [ed("n"), rsa("a")],
    "newAlgorithm",
  ],
  ["a key of another algorithm alone", [rsa("a")], [pin(rsa("a"))], [ed("n")], "changedUnexplained"],
  ["another key of the pinned algorithm", [ed("a")], [pin(ed("a"))], [ed("n")], "changedUnexplained"],
  [
    "another key of a pinned algorithm beside another pinned key",
    [ed("a"), rsa("b")],
    [pin(ed("a")), pin(rsa("b"))],
    [ed("n"), rsa("b")],
    "changedUnexplained",
  ],
  [
    "a key that a job of ours pinned meanwhile",
    [ed("a")],
    [pin(ed("n"), { jobId: "job-1" })],
    [ed("n")],
    "changedByOwnJob",
  ],
  ["nothing pinned", [], [], [ed("n")], "changedUnexplained"],
  ["no key at all", [ed("a")], [pin(ed("a"))], [], "changedUnexplained"],
])("%s", (_, trusted, pinned, shown, verdict) => {
  expect(
    classifyHostKey(
      trusted.map(({ fingerprint }) => fingerprint),
      pinned,
      shown,
    ).kind,
  ).toBe(verdict);
});

const anyKey = fc.constantFrom(ed("a"), ed("b"), ecdsa("c"), ecdsa("d"), rsa("e"), rsa("f"));
const anyPin = anyKey.map((key) => pin(key));

test("whatever is shown, nobody is let in who has proven no pinned key, and nothing is learned from such a host", () => {
  fc.assert(
    fc.property(fc.array(anyPin), fc.array(anyKey), (pinned, shown) => {
      const proven = shown.some((key) => pinned.some(({ fingerprint }) => fingerprint === key.fingerprint));
      const verdict = classifyHostKey([], pinned, shown);
      if (!proven) expect(verdict.kind).toBe("changedUnexplained");
      if (!proven) expect(keysToLearn(pinned, shown)).toEqual([]);
    }),
  );
});

test("what is learned has an algorithm of which no key is pinned", () => {
  fc.assert(
    fc.property(fc.array(anyPin), fc.array(anyKey), (pinned, shown) => {
      for (const key of keysToLearn(pinned, shown)) {
        expect(pinned.map(({ algorithm }) => algorithm)).not.toContain(key.algorithm);
      }
    }),
  );
});
