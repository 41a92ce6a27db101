import { randomBytes } from "node:crypto";
import { open, readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** Bytes of pg_control that PostgreSQL keeps within one disk sector. */
const CONTROL_BYTES = 512;
/** Where the long header of a WAL segment's first page holds the identifier (access/xlog_internal.h). */
const WAL_OFFSET = 24;

/** The server's own number for this data, kept in every copy of it; null without data. Asks no running server. */
export async function systemIdentifier(dataFolder: string): Promise<string | null> {
  const control = await readFile(controlFile(dataFolder)).catch(() => undefined);
  return control ? control.readBigUInt64LE(0).toString() : null;
}

/**
 * Gives the data of a cleanly stopped server an identifier of its own, as initdb would: in pg_control, whose checksum
 * covers it, and in the headers of the WAL.
 */
export async function newSystemIdentifier(dataFolder: string): Promise<void> {
  const control = await readFile(controlFile(dataFolder));
  const before = control.readBigUInt64LE(0);
  const checksumAt = findChecksum(control);
  const after = makeIdentifier();
  const wal = path.join(dataFolder, "pg_wal");
  for (const name of await readdir(wal)) {
    if (!/^[0-9A-F]{24}$/.test(name)) continue;
    await patch(path.join(wal, name), WAL_OFFSET, before, after);
  }
  control.writeBigUInt64LE(after, 0);
  control.writeUInt32LE(crc32c(control.subarray(0, checksumAt)), checksumAt);
  const file = await open(controlFile(dataFolder), "r+");
  try {
    await file.write(control, 0, control.length, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

function controlFile(dataFolder: string): string {
  return path.join(dataFolder, "global", "pg_control");
}

/** As initdb composes it: seconds, then microseconds, then what makes it unlikely to meet its like. */
function makeIdentifier(): bigint {
  const now = BigInt(Date.now());
  const microseconds = (now % 1000n) * 1000n;
  return ((now / 1000n) << 32n) | (microseconds << 12n) | BigInt(randomBytes(2).readUInt16LE() & 0xfff);
}

/** The checksum is the last field, at a place that differs between versions: it is where it fits what is before it. */
function findChecksum(control: Buffer): number {
  for (let at = 200; at < CONTROL_BYTES; at += 4)
    if (crc32c(control.subarray(0, at)) === control.readUInt32LE(at)) return at;
  throw new Error("pg_control has no checksum where one is expected");
}

async function patch(file: string, offset: number, before: bigint, after: bigint): Promise<void> {
  const handle = await open(file, "r+");
  try {
    const bytes = Buffer.alloc(8);
    await handle.read(bytes, 0, 8, offset);
    if (bytes.readBigUInt64LE() !== before) return;
    bytes.writeBigUInt64LE(after);
    await handle.write(bytes, 0, 8, offset);
  } finally {
    await handle.close();
  }
}

/** CRC-32C (Castagnoli), as PostgreSQL uses it. */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
