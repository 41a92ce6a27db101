import { createHash } from "node:crypto";
import { SnapshotManifest } from "../../shared/snapshot/model.ts";

/** JSON with sorted keys and without white space: the same content gives the same bytes. */
export function canonicalJson(value: unknown): string {
  if (value instanceof Date) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((one) => canonicalJson(one ?? null)).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonicalJson(one)}`).join(",")}}`;
}

export interface WrittenManifest {
  readonly bytes: Uint8Array;
  /** Hexadecimal, of the bytes. */
  readonly sha256: string;
}

export function writeManifest(manifest: SnapshotManifest): WrittenManifest {
  const bytes = Buffer.from(canonicalJson(manifest), "utf8");
  return { bytes, sha256: sha256Of(bytes) };
}

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A manifest of the bucket; undefined when it is not the one whose SHA-256 the snapshot's tag names. */
export function readManifest(bytes: Uint8Array, sha256: string): SnapshotManifest | undefined {
  if (sha256Of(bytes) !== sha256) return undefined;
  const read = SnapshotManifest.safeParse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  return read.success ? read.data : undefined;
}

export const manifestKey = (tenantId: string, id: string): string => `snapshots/${tenantId}/${id}/manifest.json`;
