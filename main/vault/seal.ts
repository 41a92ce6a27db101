import { createCipheriv, createDecipheriv, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const MAGIC = Buffer.from("FWV1");
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

export interface KeyDerivation {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: Buffer;
}

/** About 128 MiB and a third of a second per guess; stored beside the seal, so that it may grow. */
export function newKeyDerivation(): KeyDerivation {
  return { N: 2 ** 17, r: 8, p: 1, salt: randomBytes(32) };
}

export function deriveKey(passphrase: string, { N, r, p, salt }: KeyDerivation): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/** AES-256-GCM. `label` is bound in: what was sealed under one name does not open under another. */
export function seal(key: Buffer, label: string, content: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(label));
  const body = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([MAGIC, nonce, cipher.getAuthTag(), body]);
}

/** The content, or undefined when the key or the label is another one or a bit has changed. */
export function unseal(key: Buffer, label: string, sealed: Buffer): Buffer | undefined {
  const bodyStart = MAGIC.length + NONCE_BYTES + TAG_BYTES;
  if (sealed.length < bodyStart || !timingSafeEqual(sealed.subarray(0, MAGIC.length), MAGIC)) return undefined;
  const nonce = sealed.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce)
    .setAAD(Buffer.from(label))
    .setAuthTag(sealed.subarray(MAGIC.length + NONCE_BYTES, bodyStart));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(bodyStart)), decipher.final()]);
  } catch {
    return undefined;
  }
}
