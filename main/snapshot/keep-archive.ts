import path from "node:path";
import { z } from "zod";
import { Snapshot, type SnapshotData, type SnapshotFile } from "../../shared/snapshot/model.ts";
import type { ObjectStore, OperatedEnvironment } from "../toolkit/ports.ts";
import { canonicalJson } from "./manifest.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

/** What is known of an archive, as it lies beside it in the bucket. */
const ArchivePaper = Snapshot.extend({ kind: z.literal("archive"), takenAt: z.coerce.date() });

const folderOf = (origin: SnapshotFile["origin"], tenantId: string) => `${origin}s/${tenantId}/`;

/** Where the file of an archive lies; below `exports/` AWS ends it by itself. */
export const archiveKey = (
  origin: SnapshotFile["origin"],
  input: { readonly tenantId: string; readonly slug: string; readonly environment: string },
  id: string,
): string => `${folderOf(origin, input.tenantId)}${id}/${input.slug}-${input.environment}.tar.gz`;

/** The paper beside it: it ends with it. */
export const paperKey = (key: string): string => path.posix.join(path.posix.dirname(key), "archive.json");

/** Writes down an archive that is whole in the bucket: beside itself first, then in the console's record. */
export async function keepArchive(
  ports: SnapshotPorts,
  store: SnapshotStore,
  storage: ObjectStore,
  environment: OperatedEnvironment,
  archive: { readonly id: string; readonly label: string; readonly takenBy: string; readonly data: SnapshotData } & {
    readonly file: Omit<SnapshotFile, "bucket">;
  },
): Promise<void> {
  const { id, label, takenBy, data, file } = archive;
  const row: Snapshot = {
    ...{ id, kind: "archive", label, takenBy, data },
    ...{ tenantId: environment.tenantId, tenantSlug: environment.tenantSlug, environment: environment.kind },
    environmentId: environment.environmentId,
    accountId: environment.account.id,
    region: environment.region,
    ...{ state: "completed", percent: 100, grade: null, isAtRest: true, takenAt: data.readAt },
    ...{ snapshotId: null, volumeId: null, volumeGiB: environment.volumeGiB },
    version: data.version,
    imageId: file.origin === "export" ? environment.imageId : null,
    systemIdentifier: data.systemIdentifier,
    ...{ manifestSha256: null, copies: [] },
    file: { ...file, bucket: storage.bucket },
  };
  await storage.put(paperKey(file.key), Buffer.from(canonicalJson(row), "utf8"), "application/json");
  await store.add(row);
  ports.changed(environment.tenantId);
}

/**
 * Brings the record of a tenant's archives and one bucket together: the bucket decides what exists. With the record lost
 * it is made anew from the papers; one that names another tenant or file than where it lies is left out.
 */
export async function readArchives(
  ports: SnapshotPorts,
  store: SnapshotStore,
  { account, region, tenantId }: OperatedEnvironment,
): Promise<void> {
  const storage = await ports.storage(account, region);
  const listed = await Promise.all(
    (["export", "import"] as const).map((origin) => storage.list(folderOf(origin, tenantId))),
  );
  const sizes = new Map(listed.flat().map(({ key, bytes }) => [key, bytes]));
  const known = (await store.list(tenantId)).filter(
    (one) => one.kind === "archive" && one.region === region && one.accountId === account.id,
  );
  for (const one of known) {
    const state = sizes.get(one.file!.key) === one.file!.bytes ? "completed" : "missing";
    if (one.state !== state) await store.change(one.id, { state });
  }
  for (const paper of [...sizes.keys()].filter((key) => key === paperKey(key))) {
    if (known.some((one) => paperKey(one.file!.key) === paper)) continue;
    const bytes = await storage.get(paper);
    const read = ArchivePaper.safeParse(bytes && parsed(bytes));
    const row = read.success ? read.data : undefined;
    const fits =
      row?.file &&
      row.tenantId === tenantId &&
      paperKey(row.file.key) === paper &&
      sizes.get(row.file.key) === row.file.bytes;
    if (fits) await store.add({ ...row, accountId: account.id, region });
    else ports.log("warning", `snapshots: ${paper} in ${region} is no paper of an archive beside it`);
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    return undefined;
  }
}
