import type { ChecksumAlgorithm } from "./checksums.ts";

/** A file of a bucket's data folder; an object is one of them, or as many as it had parts. */
export interface Segment {
  readonly file: string;
  readonly size: number;
}

/** By algorithm, in base64; composite ones end in "-" and the number of parts. */
export type Checksums = Readonly<Partial<Record<ChecksumAlgorithm, string>>>;
export type ChecksumType = "FULL_OBJECT" | "COMPOSITE";
export type Tags = readonly (readonly [key: string, value: string])[];

export interface Retention {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  /** RFC 3339 UTC. */
  readonly until: string;
}

/** What a client says about an object when it writes it. */
export interface ObjectAttributes {
  /** Content-Type and the other headers that come back as they were. */
  readonly headers: Readonly<Record<string, string>>;
  /** x-amz-meta-… without the prefix, in bytes read as Latin-1. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Tags;
  readonly storageClass: string;
  /** null once it was taken away. */
  readonly retention?: Retention | null;
  readonly legalHold?: boolean;
}

export interface Part {
  readonly number: number;
  readonly segment: Segment;
  /** MD5 in hex. */
  readonly etag: string;
  readonly checksums: Checksums;
  readonly modifiedAt: string;
}

export interface ObjectVersion extends ObjectAttributes {
  readonly key: string;
  /** "null" where the bucket had no versioning. */
  readonly versionId: string;
  readonly deleteMarker: boolean;
  /** RFC 3339 UTC in whole seconds, as S3 tells it. */
  readonly modifiedAt: string;
  readonly size: number;
  /** Without quotes. */
  readonly etag: string;
  readonly segments: readonly Segment[];
  readonly checksums: Checksums;
  readonly checksumType: ChecksumType;
  /** Of a multipart object: what is needed to answer for single parts. */
  readonly parts?: readonly { readonly number: number; readonly size: number; readonly checksums: Checksums }[];
  /** The upload that made it, so that a repeated completion finds it. */
  readonly uploadId?: string;
}

export interface Upload extends ObjectAttributes {
  readonly uploadId: string;
  readonly key: string;
  readonly startedAt: string;
  readonly checksumAlgorithm?: ChecksumAlgorithm;
  readonly checksumType?: ChecksumType;
}

export interface BucketSettings {
  readonly name: string;
  readonly region: string;
  readonly createdAt: string;
  readonly versioning: "" | "Enabled" | "Suspended";
  readonly objectLock: boolean;
  /** Configuration documents as they were put, by subresource: "lifecycle", "policy", "tagging". */
  readonly documents: Readonly<Record<string, string>>;
}
