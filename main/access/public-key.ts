import { createHash } from "node:crypto";
import { AppError } from "../../shared/errors.ts";

const LINE =
  /^((?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-[\w@.-]+)) ([A-Za-z0-9+/]+={0,2})(?: [^\n\r]*)?$/;

/**
 * The two words of a public key line that matter, and its fingerprint as OpenSSH prints it. Options before the key and
 * anything but one line are refused: they could hold a command. Throws AppError InvalidInput.
 */
export function readPublicKey(line: string): { readonly publicKey: string; readonly fingerprint: string } {
  const [, type, base64] = LINE.exec(line.trim()) ?? [];
  const blob = base64 ? Buffer.from(base64, "base64") : undefined;
  const length = blob && blob.length > 4 ? blob.readUInt32BE(0) : 0;
  if (!type || !blob || blob.subarray(4, 4 + length).toString("latin1") !== type) {
    throw new AppError("InvalidInput", "That is no public key line in OpenSSH form.", {
      retryable: false,
      next: 'Give the one line of the ".pub" file, without options in front of it. A private key is never asked for.',
    });
  }
  return { publicKey: `${type} ${base64}`, fingerprint: fingerprintOf(blob) };
}

function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}
