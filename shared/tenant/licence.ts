import { EDITIONS, SERVICES, type Edition, type Service } from "./model.ts";

/** What an activation key was issued for. */
export interface LicenceTerms {
  readonly tenantId: string;
  readonly service: Service;
  readonly edition: Edition;
  readonly users: number;
  readonly posTerminals: number;
}

export type ActivationKey = Omit<LicenceTerms, "tenantId"> & {
  /** Digest of the tenant id; compare with `isKeyOf`. */
  readonly tenantDigest: string;
};

/** Crockford's base 32: no I, L, O, U, so that a key can be read out over the phone. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const PAYLOAD_BYTES = 15;
const MAXIMUM_COUNT = 0xff_ff_ff;

/**
 * An activation key for trying a product, `FW1-` and eight groups of four signs.
 *
 * 20 bytes: service and edition (4 bits each), users (3), POS terminals (3), digest of the tenant id (8), checksum (5).
 * The checksum catches mistyped keys; it is no signature and protects nothing. Counts are at most 16,777,215.
 * Source: docs/image-contract.md, "Activation keys".
 */
export function evaluationKey(terms: LicenceTerms): string {
  const payload = [
    (SERVICES.indexOf(terms.service) << 4) | EDITIONS.indexOf(terms.edition),
    ...bytesOf(BigInt(Math.min(terms.users, MAXIMUM_COUNT)), 3),
    ...bytesOf(BigInt(Math.min(terms.posTerminals, MAXIMUM_COUNT)), 3),
    ...bytesOf(digest(utf8(terms.tenantId)), 8),
  ];
  const signs = encode([...payload, ...checksum(payload)]);
  return `FW1-${(signs.match(/.{4}/g) ?? []).join("-")}`;
}

/**
 * Reads a key as people type it (lower case, spaces around, O for 0, I or L for 1); null when it is malformed or its
 * checksum is wrong.
 */
export function readKey(key: string): ActivationKey | null {
  const match = /^FW1((?:-[0-9A-HJKMNP-TV-Z]{4}){8})$/.exec(canonical(key));
  if (!match?.[1]) return null;
  const bytes = decode(match[1].replaceAll("-", ""));
  const payload = bytes.slice(0, PAYLOAD_BYTES);
  if (bytes.slice(PAYLOAD_BYTES).join() !== checksum(payload).join()) return null;
  const service = SERVICES[(payload[0] ?? 0) >> 4];
  const edition = EDITIONS[(payload[0] ?? 0) & 15];
  if (!service || !edition) return null;
  return {
    service,
    edition,
    users: Number(numberOf(payload.slice(1, 4))),
    posTerminals: Number(numberOf(payload.slice(4, 7))),
    tenantDigest: numberOf(payload.slice(7, 15)).toString(16).padStart(16, "0"),
  };
}

/** The one spelling of a key: upper case, no spaces, no look-alike signs. */
export function canonical(key: string): string {
  const upper = key.trim().toUpperCase();
  return upper.slice(0, 4) + upper.slice(4).replaceAll("O", "0").replaceAll(/[IL]/g, "1");
}

/** Whether the key was issued for this tenant. */
export function isKeyOf(key: ActivationKey, tenantId: string): boolean {
  return key.tenantDigest === digest(utf8(tenantId)).toString(16).padStart(16, "0");
}

function checksum(payload: readonly number[]): readonly number[] {
  return bytesOf(digest([...utf8("fleetwright activation key 1"), ...payload]) >> 24n, 5);
}

/** FNV-1a, 64 bits. */
function digest(bytes: readonly number[]): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function encode(bytes: readonly number[]): string {
  let value = numberOf(bytes);
  let signs = "";
  for (let count = Math.ceil((bytes.length * 8) / 5); count > 0; count--) {
    signs = ALPHABET.charAt(Number(value & 31n)) + signs;
    value >>= 5n;
  }
  return signs;
}

function decode(signs: string): readonly number[] {
  let value = 0n;
  for (const sign of signs) value = (value << 5n) | BigInt(ALPHABET.indexOf(sign));
  return bytesOf(value, (signs.length * 5) >> 3);
}

function bytesOf(value: bigint, length: number): number[] {
  return Array.from({ length }, (_, index) => Number((value >> BigInt(8 * (length - 1 - index))) & 255n));
}

function numberOf(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** UTF-8 by hand: TextEncoder is no part of the language, and this file runs anywhere. */
function utf8(text: string): number[] {
  return Array.from(text).flatMap((sign) => {
    const code = sign.codePointAt(0) ?? 0;
    if (code < 0x80) return [code];
    if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
    if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
    return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  });
}
