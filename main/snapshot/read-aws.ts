import { errorFacts } from "../../shared/errors.ts";
import { ConsistencyGrade, type Snapshot, type SnapshotState } from "../../shared/snapshot/model.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { CloudSnapshot, OperatedEnvironment } from "../toolkit/ports.ts";
import { readArchives } from "./keep-archive.ts";
import { manifestKey, readManifest } from "./manifest.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

/** What was asked for so recently may not be shown yet. */
const SHOWN_AFTER_MS = 60 * SECOND_MS;

const stateOf = ({ state }: CloudSnapshot): SnapshotState =>
  state === "completed" ? "completed" : state === "error" ? "error" : "pending";

/** The request that took it; jobs of other areas make several things, and theirs go by AWS's id. */
const idOf = ({ snapshotId, tags }: CloudSnapshot): string =>
  (tags[TAG.resource] === `${tags[TAG.environment]}/snapshot` ? tags[TAG.job] : undefined) ?? snapshotId;

export interface Unread {
  readonly region: string;
  readonly message: string;
}

/**
 * Brings the record of a tenant's snapshots and AWS together: AWS decides what exists, the record keeps what AWS does not
 * tell. With the record lost, it is made anew out of tags and manifests. Nightly backups are none of these (R59).
 */
export async function readAws(
  ports: SnapshotPorts,
  store: SnapshotStore,
  environments: readonly OperatedEnvironment[],
): Promise<Unread[]> {
  const unread: Unread[] = [];
  const places = new Map<string, OperatedEnvironment>();
  for (const one of environments)
    for (const region of new Set([one.region, ...one.account.regions]))
      places.set(`${one.account.id}/${region}/${one.tenantId}`, { ...one, region });
  const copies = await Promise.all(
    [...places.values()].map(async (place) => {
      try {
        const found = await readPlace(ports, store, place, environments);
        await readArchives(ports, store, place);
        return { ...place, found };
      } catch (error) {
        unread.push({ region: place.region, message: errorFacts(error).message });
        return undefined;
      }
    }),
  );
  // One after the other, and once every original is known: a copy in another region belongs to its original's record.
  for (const place of copies) if (place) await readCopies(ports, store, place.found, place.region, place.tenantId);
  return unread;
}

/** Brings the originals of one place up to date, and gives the copies that are there. */
async function readPlace(
  ports: SnapshotPorts,
  store: SnapshotStore,
  { account, region, tenantId }: OperatedEnvironment,
  environments: readonly OperatedEnvironment[],
): Promise<readonly CloudSnapshot[]> {
  const cloud = ports.cloud(account, region);
  const own = { [TAG.tenantId]: tenantId };
  const [originals, copies] = await Promise.all([
    cloud.snapshots({ ...own, [TAG.kind]: "snapshot" }),
    cloud.snapshots({ ...own, [TAG.kind]: "snapshot-copy" }),
  ]);
  const known = await store.list(tenantId);
  for (const found of originals) {
    const row = known.find(
      (one) =>
        one.snapshotId === found.snapshotId ||
        (one.id === idOf(found) && (one.snapshotId === null || one.snapshotId === found.snapshotId)),
    );
    if (!row) await addFound(ports, store, found, region, account.id, environments);
    else if (row.state !== stateOf(found) || row.snapshotId === null || row.percent !== found.percent)
      await store.change(row.id, {
        snapshotId: found.snapshotId,
        state: stateOf(found),
        percent: found.percent,
        // A job that ended before it could prove anything.
        ...(row.snapshotId === null ? { takenAt: found.startedAt, grade: "crash" as const } : {}),
      });
  }
  const shown = new Set(originals.map((one) => one.snapshotId));
  for (const row of known) {
    if (row.kind !== "ebs" || row.region !== region || row.accountId !== account.id) continue;
    const isFresh = ports.now().getTime() - row.takenAt.getTime() < SHOWN_AFTER_MS;
    if (row.snapshotId !== null && !shown.has(row.snapshotId) && !isFresh && row.state !== "missing")
      await store.change(row.id, { state: "missing" });
  }
  return copies;
}

async function readCopies(
  ports: SnapshotPorts,
  store: SnapshotStore,
  found: readonly CloudSnapshot[],
  region: string,
  tenantId: string,
): Promise<void> {
  for (const row of await store.list(tenantId)) {
    if (row.kind !== "ebs") continue;
    const mine = found
      .filter((one) => one.tags[TAG.manifest] === row.manifestSha256 || one.tags[TAG.job] === row.id)
      .map((one) => ({ region, snapshotId: one.snapshotId, state: stateOf(one), percent: one.percent }));
    const before = row.copies.filter((one) => one.region === region);
    const isFresh = ports.now().getTime() - row.takenAt.getTime() < SHOWN_AFTER_MS;
    if (mine.length === 0 && (before.length === 0 || isFresh)) continue;
    if (JSON.stringify(mine) === JSON.stringify(before)) continue;
    await store.change(row.id, { copies: [...row.copies.filter((one) => one.region !== region), ...mine] });
  }
}

/** A snapshot of another console, or of a time before the local state was lost. */
async function addFound(
  ports: SnapshotPorts,
  store: SnapshotStore,
  found: CloudSnapshot,
  region: string,
  accountId: string,
  environments: readonly OperatedEnvironment[],
): Promise<void> {
  const { tags } = found;
  const environment = EnvironmentKind.safeParse(tags[TAG.environment]);
  const tenantId = tags[TAG.tenantId];
  const slug = tags[TAG.tenant];
  if (!environment.success || !tenantId || !slug) {
    ports.log("warning", `snapshots: ${found.snapshotId} in ${region} has incomplete tags`);
    return;
  }
  const id = idOf(found);
  const sha256 = tags[TAG.manifest] ?? null;
  const account = environments.find((one) => one.account.id === accountId)!.account;
  const manifest = sha256
    ? await ports
        .storage(account, region)
        .then((storage) => storage.get(manifestKey(tenantId, id)))
        .then((bytes) => (bytes ? readManifest(bytes, sha256) : undefined))
        .catch(() => undefined)
    : undefined;
  const grade = ConsistencyGrade.safeParse(tags[TAG.grade]);
  const takenAt = new Date(tags[TAG.takenAt] ?? Number.NaN);
  const row: Snapshot = {
    id,
    kind: "ebs",
    tenantId,
    tenantSlug: slug,
    environment: environment.data,
    environmentId: tags[TAG.environmentId] ?? "",
    accountId,
    region,
    label: tags[TAG.label] || found.snapshotId,
    state: stateOf(found),
    percent: found.percent,
    grade: grade.success ? grade.data : "crash",
    isAtRest: manifest?.isAtRest ?? false,
    takenAt: Number.isNaN(takenAt.getTime()) ? found.startedAt : takenAt,
    takenBy: tags[TAG.takenBy] ?? "",
    snapshotId: found.snapshotId,
    volumeId: found.volumeId || null,
    volumeGiB: found.sizeGiB,
    version: tags[TAG.version] || null,
    imageId: tags[TAG.imageId] || null,
    systemIdentifier: tags[TAG.systemIdentifier] || null,
    data: manifest?.data ?? null,
    manifestSha256: sha256,
    copies: [],
    file: null,
  };
  await store.add(row);
}
