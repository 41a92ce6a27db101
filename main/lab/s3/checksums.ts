import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** The additional checksums of S3, by the names of its API. */
export const CHECKSUM_ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

export interface RunningChecksum {
  update(bytes: Uint8Array): void;
  /** Raw bytes, big end first. */
  digest(): Buffer;
}

export const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  SHA1: 20,
  SHA256: 32,
};

export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  switch (algorithm) {
    case "CRC32":
      return native32();
    case "CRC32C":
      return castagnoli();
    case "CRC64NVME":
      return nvme();
    case "SHA1":
    case "SHA256": {
      const hash = createHash(algorithm.toLowerCase());
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    }
  }
}

function native32(): RunningChecksum {
  let value = 0;
  return {
    update: (bytes) => {
      value = crc32(bytes, value);
    },
    digest: () => bytesOf32(value),
  };
}

/** Reflected polynomials, as the right-shifting algorithms use them. */
const POLYNOMIALS = { CRC32: 0xedb88320n, CRC32C: 0x82f63b78n, CRC64NVME: 0x9a6c9329ac4bc9b5n } as const;
type CrcAlgorithm = keyof typeof POLYNOMIALS;

export function isCrc(algorithm: ChecksumAlgorithm): algorithm is CrcAlgorithm {
  return algorithm in POLYNOMIALS;
}

const SLICES = 8;
let tables32c: Uint32Array | undefined;

/** CRC32C, eight bytes at a step with eight tables of 256. */
function castagnoli(): RunningChecksum {
  tables32c ??= makeTables(POLYNOMIALS.CRC32C).low;
  const table = tables32c;
  let crc = 0xffffffff;
  return {
    update(bytes) {
      let index = 0;
      const whole = bytes.length - (bytes.length % SLICES);
      for (; index < whole; index += SLICES) {
        crc ^=
          at(bytes, index) | (at(bytes, index + 1) << 8) | (at(bytes, index + 2) << 16) | (at(bytes, index + 3) << 24);
        crc =
          at(table, 1792 + (crc & 255)) ^
          at(table, 1536 + ((crc >>> 8) & 255)) ^
          at(table, 1280 + ((crc >>> 16) & 255)) ^
          at(table, 1024 + (crc >>> 24)) ^
          at(table, 768 + at(bytes, index + 4)) ^
          at(table, 512 + at(bytes, index + 5)) ^
          at(table, 256 + at(bytes, index + 6)) ^
          at(table, at(bytes, index + 7));
      }
      for (; index < bytes.length; index++) crc = at(table, (crc ^ at(bytes, index)) & 255) ^ (crc >>> 8);
    },
    digest: () => bytesOf32(~crc >>> 0),
  };
}

let tables64: { readonly low: Uint32Array; readonly high: Uint32Array } | undefined;

/** CRC64NVME as two halves of 32 bits: BigInt would be some fifty times slower. */
function nvme(): RunningChecksum {
  tables64 ??= makeTables(POLYNOMIALS.CRC64NVME);
  const { low, high } = tables64;
  let crcLow = 0xffffffff;
  let crcHigh = 0xffffffff;
  return {
    update(bytes) {
      let index = 0;
      const whole = bytes.length - (bytes.length % SLICES);
      for (; index < whole; index += SLICES) {
        const a =
          crcLow ^
          (at(bytes, index) |
            (at(bytes, index + 1) << 8) |
            (at(bytes, index + 2) << 16) |
            (at(bytes, index + 3) << 24));
        const b =
          crcHigh ^
          (at(bytes, index + 4) |
            (at(bytes, index + 5) << 8) |
            (at(bytes, index + 6) << 16) |
            (at(bytes, index + 7) << 24));
        const i0 = 1792 + (a & 255);
        const i1 = 1536 + ((a >>> 8) & 255);
        const i2 = 1280 + ((a >>> 16) & 255);
        const i3 = 1024 + (a >>> 24);
        const i4 = 768 + (b & 255);
        const i5 = 512 + ((b >>> 8) & 255);
        const i6 = 256 + ((b >>> 16) & 255);
        const i7 = b >>> 24;
        crcLow =
          at(low, i0) ^ at(low, i1) ^ at(low, i2) ^ at(low, i3) ^ at(low, i4) ^ at(low, i5) ^ at(low, i6) ^ at(low, i7);
        crcHigh =
          at(high, i0) ^
          at(high, i1) ^
          at(high, i2) ^
          at(high, i3) ^
          at(high, i4) ^
          at(high, i5) ^
          at(high, i6) ^
          at(high, i7);
      }
      for (; index < bytes.length; index++) {
        const slot = (crcLow ^ at(bytes, index)) & 255;
        crcLow = at(low, slot) ^ ((crcLow >>> 8) | (crcHigh << 24));
        crcHigh = at(high, slot) ^ (crcHigh >>> 8);
      }
    },
    digest: () => Buffer.concat([bytesOf32(~crcHigh >>> 0), bytesOf32(~crcLow >>> 0)]),
  };
}

/** Indexes here are in range by construction. */
function at(values: Uint8Array | Uint32Array, index: number): number {
  return values[index] as number;
}

function makeTables(polynomial: bigint): { low: Uint32Array; high: Uint32Array } {
  const values: bigint[] = [];
  for (let byte = 0n; byte < 256n; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ polynomial : value >> 1n;
    values.push(value);
  }
  for (let index = 256; index < 256 * SLICES; index++) {
    const previous = values[index - 256] ?? 0n;
    values.push((previous >> 8n) ^ (values[Number(previous & 255n)] ?? 0n));
  }
  return {
    low: Uint32Array.from(values, (value) => Number(value & 0xffffffffn)),
    high: Uint32Array.from(values, (value) => Number(value >> 32n)),
  };
}

function bytesOf32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/**
 * The CRC of a whole from the CRCs of its parts, without reading them again.
 *
 * A CRC is a remainder of polynomials over two elements: the first part's remainder is moved on by the length of the
 * second (times x to the power of its bits) and added.
 */
export function combineCrcs(algorithm: CrcAlgorithm, parts: readonly { crc: Buffer; size: number }[]): Buffer {
  const polynomial = POLYNOMIALS[algorithm];
  const bits = CHECKSUM_BYTES[algorithm] * 8;
  const one = 1n << BigInt(bits - 1);

  // Bit-reversed: the highest bit is the coefficient of x^0.
  const multiply = (left: bigint, right: bigint): bigint => {
    let product = 0n;
    for (let mask = one, factor = right; mask; mask >>= 1n) {
      if (left & mask) product ^= factor;
      factor = factor & 1n ? (factor >> 1n) ^ polynomial : factor >> 1n;
    }
    return product;
  };
  const shifts = new Map<number, bigint>();
  const shiftBy = (size: number): bigint => {
    const known = shifts.get(size);
    if (known !== undefined) return known;
    let power = one >> 8n;
    let shift = one;
    for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) {
      if (rest % 2 === 1) shift = multiply(shift, power);
      power = multiply(power, power);
    }
    shifts.set(size, shift);
    return shift;
  };

  let total = 0n;
  for (const { crc, size } of parts) total = multiply(total, shiftBy(size)) ^ BigInt(`0x${crc.toString("hex")}`);
  return Buffer.from(total.toString(16).padStart(bits / 4, "0"), "hex");
}
