import { createHash } from "node:crypto";
import { attributesOf } from "./attributes.ts";
import { assertChecksum, checksumHeaders, headerName, receiveFile, receiveXml } from "./body.ts";
import type { Bucket, NewVersion, OpenUpload } from "./bucket.ts";
import { headerOf, numberOf, quoted, type Reply, type S3Call, xmlReply } from "./call.ts";
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, combineCrcs, isCrc, startChecksum } from "./checksums.ts";
import { assertWritable } from "./conditions.ts";
import { S3Error } from "./errors.ts";
import { encodeWhenAsked, foldByDelimiter, OWNER } from "./listing.ts";
import type { Checksums, ChecksumType, Part } from "./model.ts";
import { parseRange, readSegments, versionHeaders } from "./read-object.ts";
import { algorithmOf, copySourceOf, encryptionHeaders } from "./write-object.ts";
import { childrenOf, textOf, toXml, type XmlElement } from "./xml.ts";

const MIN_PART_BYTES = 5 * 1024 ** 2;
const MAX_PARTS = 10_000;

export async function createMultipartUpload(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const algorithm = algorithmOf(call, "x-amz-checksum-algorithm");
  const type = algorithm ? checksumTypeOf(call, algorithm) : undefined;
  const attributes = attributesOf(call, bucket.settings);
  const upload = await bucket.startUpload({
    ...attributes,
    key: call.key,
    ...(algorithm ? { checksumAlgorithm: algorithm } : {}),
    ...(type ? { checksumType: type } : {}),
  });
  return xmlReply(
    toXml("InitiateMultipartUploadResult", { Bucket: call.bucket, Key: call.key, UploadId: upload.uploadId }),
    200,
    {
      ...encryptionHeaders(attributes),
      ...(algorithm && type ? { "x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": type } : {}),
    },
  );
}

function checksumTypeOf(call: S3Call, algorithm: ChecksumAlgorithm): ChecksumType {
  const asked = headerOf(call, "x-amz-checksum-type")?.toUpperCase();
  const fallback = algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE";
  const type = asked ?? fallback;
  const possible = type === "FULL_OBJECT" ? isCrc(algorithm) : type === "COMPOSITE" && algorithm !== "CRC64NVME";
  if (!possible)
    throw new S3Error(
      "InvalidRequest",
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    );
  return type as ChecksumType;
}

/** The upload that the request names; throws NoSuchUpload, also when it is another key's. */
function uploadOf(call: S3Call, bucket: Bucket): OpenUpload {
  const uploadId = call.query.get("uploadId") ?? "";
  const open = bucket.uploads.get(uploadId);
  if (open?.upload.key !== call.key) throw new S3Error("NoSuchUpload", undefined, { fields: { UploadId: uploadId } });
  return open;
}

function partNumberOf(call: S3Call): number {
  const text = call.query.get("partNumber") ?? "";
  const number = Number(text);
  if (!/^\d{1,6}$/.test(text) || number < 1 || number > MAX_PARTS)
    throw new S3Error("InvalidArgument", `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`, {
      fields: { ArgumentName: "partNumber", ArgumentValue: text },
    });
  return number;
}

export async function uploadPart(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const number = partNumberOf(call);
  const { upload } = uploadOf(call, bucket);
  const received = await receiveFile(call, bucket.files, upload.checksumAlgorithm);
  const { file, size, etag, checksums } = received;
  await bucket.addPart(upload.uploadId, { number, segment: { file, size }, etag, checksums });
  return { status: 200, headers: { etag: quoted(etag), ...checksumHeaders(checksums), ...encryptionHeaders(upload) } };
}

export async function uploadPartCopy(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const number = partNumberOf(call);
  const { upload } = uploadOf(call, bucket);
  const source = await copySourceOf(call);
  const header = headerOf(call, "x-amz-copy-source-range");
  const range = header === undefined ? { from: 0, to: source.version.size } : parseRange(header, source.version.size);
  if (!range)
    throw new S3Error("InvalidArgument", "The x-amz-copy-source-range value must be of the form bytes=first-last");

  const algorithm = upload.checksumAlgorithm;
  const checksum = algorithm ? startChecksum(algorithm) : undefined;
  const md5 = createHash("md5");
  const held = source.version.segments.map((segment) => segment.file);
  source.bucket.files.hold(held);
  const { file, handle } = await bucket.files.create();
  try {
    for await (const chunk of readSegments(source.bucket.files, source.version.segments, range.from, range.to)) {
      await handle.appendFile(chunk);
      md5.update(chunk);
      checksum?.update(chunk);
    }
    await handle.sync();
  } catch (error) {
    bucket.files.discard(file);
    throw error;
  } finally {
    await handle.close();
    source.bucket.files.release(held);
  }
  const checksums: Checksums = algorithm && checksum ? { [algorithm]: checksum.digest().toString("base64") } : {};
  const part = await bucket.addPart(upload.uploadId, {
    number,
    segment: { file, size: range.to - range.from },
    etag: md5.digest("hex"),
    checksums,
  });
  return xmlReply(
    toXml("CopyPartResult", { LastModified: part.modifiedAt, ETag: quoted(part.etag), ...checksumFields(checksums) }),
  );
}

function checksumFields(checksums: Checksums): Record<string, string> {
  return Object.fromEntries(Object.entries(checksums).map(([name, value]) => [`Checksum${name}`, value]));
}

export async function completeMultipartUpload(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const uploadId = call.query.get("uploadId") ?? "";
  const { element } = await receiveXml(call, "CompleteMultipartUpload");
  const done = bucket.versionsOf(call.key).find((version) => version.uploadId === uploadId);
  // A repeated completion, after a reply that was lost, finds what the first one made.
  const version =
    done ??
    (await bucket.completeUpload(
      uploadOf(call, bucket).upload.uploadId,
      (open) => assemble(call, open, askedParts(element)),
      (current) => assertWritable(call, current),
    ));
  return xmlReply(
    toXml("CompleteMultipartUploadResult", {
      Location: `http://${call.request.headers.host ?? "localhost"}/${call.bucket}/${encodeURIComponent(call.key)}`,
      Bucket: call.bucket,
      Key: call.key,
      ETag: quoted(version.etag),
      ...checksumFields(version.checksums),
      ChecksumType: Object.keys(version.checksums).length > 0 ? version.checksumType : undefined,
    }),
    200,
    { ...encryptionHeaders(version), ...versionHeaders(bucket, version.versionId) },
  );
}

interface AskedPart {
  readonly number: number;
  readonly etag: string;
  readonly checksums: Checksums;
}

function askedParts(element: XmlElement): readonly AskedPart[] {
  const parts = childrenOf(element, "Part").map((part): AskedPart => {
    const number = Number(textOf(part, "PartNumber") ?? Number.NaN);
    const etag = textOf(part, "ETag");
    if (!Number.isInteger(number) || etag === undefined) throw new S3Error("MalformedXML");
    const checksums = CHECKSUM_ALGORITHMS.flatMap((algorithm) => {
      const value = textOf(part, `Checksum${algorithm}`);
      return value === undefined ? [] : [[algorithm, value] as const];
    });
    return { number, etag: etag.replace(/^"|"$/g, ""), checksums: Object.fromEntries(checksums) };
  });
  if (parts.length === 0 || parts.length > MAX_PARTS) throw new S3Error("MalformedXML");
  if (parts.some((part, index) => part.number <= (parts[index - 1]?.number ?? 0)))
    throw new S3Error("InvalidPartOrder");
  return parts;
}

/** Makes one object of the parts that the client names, after checking each against what was received. */
function assemble(call: S3Call, { upload, parts }: OpenUpload, asked: readonly AskedPart[]): NewVersion {
  const chosen = asked.map((want, index): Part => {
    const part = parts.get(want.number);
    const fair =
      part?.etag === want.etag &&
      Object.entries(want.checksums).every(
        ([name, value]) => (part.checksums[name as ChecksumAlgorithm] ?? value) === value,
      );
    if (!part || !fair)
      throw new S3Error("InvalidPart", undefined, {
        fields: { UploadId: upload.uploadId, PartNumber: String(want.number), ETag: want.etag },
      });
    if (index < asked.length - 1 && part.segment.size < MIN_PART_BYTES)
      throw new S3Error("EntityTooSmall", undefined, {
        fields: {
          ProposedSize: String(part.segment.size),
          MinSizeAllowed: String(MIN_PART_BYTES),
          PartNumber: String(want.number),
          ETag: want.etag,
        },
      });
    return part;
  });

  const size = chosen.reduce((sum, part) => sum + part.segment.size, 0);
  const declaredSize = headerOf(call, "x-amz-mp-object-size");
  if (declaredSize !== undefined && Number(declaredSize) !== size)
    throw new S3Error(
      "InvalidRequest",
      "The provided x-amz-mp-object-size header value does not match the object's size.",
    );
  const md5s = Buffer.concat(chosen.map((part) => Buffer.from(part.etag, "hex")));
  const { uploadId: _id, startedAt: _at, checksumAlgorithm, checksumType, ...attributes } = upload;
  return {
    ...attributes,
    deleteMarker: false,
    size,
    etag: `${createHash("md5").update(md5s).digest("hex")}-${chosen.length}`,
    segments: chosen.map((part) => part.segment),
    parts: chosen.map((part) => ({ number: part.number, size: part.segment.size, checksums: part.checksums })),
    checksums: checksumAlgorithm ? wholeChecksum(call, checksumAlgorithm, checksumType, chosen) : {},
    checksumType: checksumType ?? "COMPOSITE",
  };
}

/** The checksum of the object from those of its parts; throws when the client declared another. */
function wholeChecksum(
  call: S3Call,
  algorithm: ChecksumAlgorithm,
  type: ChecksumType | undefined,
  parts: readonly Part[],
): Checksums {
  const raw = parts.map((part) => ({
    crc: Buffer.from(part.checksums[algorithm] ?? "", "base64"),
    size: part.segment.size,
  }));
  let value: string;
  if (type === "FULL_OBJECT" && isCrc(algorithm)) {
    value = combineCrcs(algorithm, raw).toString("base64");
  } else {
    const checksum = startChecksum(algorithm);
    for (const { crc } of raw) checksum.update(crc);
    value = `${checksum.digest().toString("base64")}-${parts.length}`;
  }
  const declared = headerOf(call, headerName(algorithm));
  if (declared !== undefined) {
    assertChecksum(algorithm, declared.replace(/-\d+$/, ""));
    if (declared.replace(/-\d+$/, "") !== value.replace(/-\d+$/, ""))
      throw new S3Error("BadDigest", `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return { [algorithm]: value };
}

export async function abortMultipartUpload(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  await bucket.abortUpload(uploadOf(call, bucket).upload.uploadId);
  return { status: 204 };
}

export async function listParts(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const { upload, parts } = uploadOf(call, bucket);
  const limit = Math.min(numberOf(call, "max-parts", 1000), 1000);
  const marker = numberOf(call, "part-number-marker", 0);
  const rest = [...parts.values()].sort((a, b) => a.number - b.number).filter((part) => part.number > marker);
  const page = rest.slice(0, limit);
  return xmlReply(
    toXml("ListPartsResult", {
      Bucket: call.bucket,
      Key: encodeWhenAsked(call, call.key),
      UploadId: upload.uploadId,
      PartNumberMarker: marker,
      NextPartNumberMarker: page[page.length - 1]?.number ?? 0,
      MaxParts: limit,
      EncodingType: call.query.get("encoding-type"),
      IsTruncated: rest.length > page.length,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: part.modifiedAt,
        ETag: quoted(part.etag),
        Size: part.segment.size,
        ...checksumFields(part.checksums),
      })),
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: upload.storageClass,
      ChecksumAlgorithm: upload.checksumAlgorithm,
      ChecksumType: upload.checksumType,
    }),
  );
}

export async function listMultipartUploads(call: S3Call): Promise<Reply> {
  const bucket = await call.store.bucket(call.bucket);
  const limit = Math.min(numberOf(call, "max-uploads", 1000), 1000);
  const keyMarker = call.query.get("key-marker") ?? "";
  const idMarker = keyMarker ? (call.query.get("upload-id-marker") ?? "") : "";
  const prefix = call.query.get("prefix") ?? "";
  const uploads = [...bucket.uploads.values()]
    .map(({ upload }) => upload)
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) || (a.uploadId < b.uploadId ? -1 : 1))
    .filter(({ key, uploadId }) => {
      const order = Buffer.compare(Buffer.from(key), Buffer.from(keyMarker));
      return order > 0 || (order === 0 && idMarker !== "" && uploadId > idMarker);
    });
  const { items, prefixes, truncated, last } = foldByDelimiter(
    uploads,
    prefix,
    call.query.get("delimiter") ?? "",
    limit,
  );
  return xmlReply(
    toXml("ListMultipartUploadsResult", {
      Bucket: call.bucket,
      KeyMarker: encodeWhenAsked(call, keyMarker),
      UploadIdMarker: idMarker,
      NextKeyMarker: truncated ? encodeWhenAsked(call, last?.key ?? "") : undefined,
      NextUploadIdMarker: truncated ? last?.uploadId : undefined,
      Prefix: encodeWhenAsked(call, prefix),
      Delimiter: call.query.get("delimiter"),
      MaxUploads: limit,
      EncodingType: call.query.get("encoding-type"),
      IsTruncated: truncated,
      Upload: items.map((upload) => ({
        Key: encodeWhenAsked(call, upload.key),
        UploadId: upload.uploadId,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: upload.storageClass,
        Initiated: upload.startedAt,
        ChecksumAlgorithm: upload.checksumAlgorithm,
        ChecksumType: upload.checksumType,
      })),
      CommonPrefixes: prefixes.map((one) => ({ Prefix: encodeWhenAsked(call, one) })),
    }),
  );
}
