import type { Action, Call } from "./call.ts";
import { find, findSeen, newId, notFound } from "./call.ts";
import { AwsError, invalidValue } from "./errors.ts";
import { paginate, readFilters } from "./listing.ts";
import { ACCOUNT_ID, type Snapshot } from "./model.ts";
import { REGION_NAMES } from "./regions.ts";
import { putTags, specifiedTags, tagSetXml, tagsOf } from "./tags.ts";
import { items, type XmlTree } from "./xml.ts";

export const createSnapshot: Action = (call) => {
  const { parameters } = call;
  const volume = find(call, "volumes", parameters.required("VolumeId"));
  const description = parameters.text("Description") ?? "";
  parameters.ignore("OutpostArn", "Location");
  if (volume.state !== "available" && volume.state !== "in-use")
    throw new AwsError("IncorrectState", `Volume '${volume.id}' is in the '${volume.state}' state.`);
  const snapshot: Snapshot = {
    id: newId("snap"),
    region: call.region,
    createdAt: call.now,
    volumeId: volume.id,
    sizeGiB: volume.sizeGiB,
    description,
    encrypted: volume.encrypted,
    state: "pending",
    stateMessage: null,
    progress: 0,
    completedAt: null,
    source: { kind: "volume", id: volume.id },
  };
  call.rows.put("snapshots", snapshot);
  putTags(call, snapshot.id, specifiedTags(call, "snapshot"));
  call.after(() => call.world.machines.settleSnapshot(snapshot.id));
  return snapshotXml(call, snapshot);
};

export const copySnapshot: Action = (call) => {
  const { parameters } = call;
  const from = parameters.required("SourceRegion");
  const sourceId = parameters.required("SourceSnapshotId");
  if (!REGION_NAMES.includes(from)) throw invalidValue("sourceRegion", from);
  const source = call.rows.get("snapshots", sourceId);
  if (!source || source.region !== from) throw notFound("snapshots", sourceId);
  if (source.state !== "completed")
    throw new AwsError("IncorrectState", `Snapshot ${sourceId} is not in the 'completed' state.`);
  const description = parameters.text("Description") ?? `[Copied ${sourceId} from ${from}]`;
  const encrypted = parameters.flag("Encrypted") ?? source.encrypted;
  parameters.ignore("KmsKeyId", "PresignedUrl", "DestinationRegion", "CompletionDurationMinutes");
  const snapshot: Snapshot = {
    ...source,
    id: newId("snap"),
    region: call.region,
    createdAt: call.now,
    // AWS gives copies a volume id that means nothing.
    volumeId: "vol-ffffffff",
    description,
    encrypted,
    state: "pending",
    progress: 0,
    completedAt: null,
    source: { kind: "snapshot", id: sourceId },
  };
  call.rows.put("snapshots", snapshot);
  putTags(call, snapshot.id, specifiedTags(call, "snapshot"));
  call.after(() => void call.world.machines.settleSnapshot(snapshot.id));
  return { snapshotId: snapshot.id, tagSet: tagSetXml(call, snapshot.id) };
};

export const deleteSnapshot: Action = (call) => {
  const snapshot = find(call, "snapshots", call.parameters.required("SnapshotId"));
  call.rows.delete("snapshots", snapshot.id);
  call.rows.delete("tags", snapshot.id);
  call.after(() => void call.world.machines.settleSnapshot(snapshot.id));
  return { return: true };
};

const snapshotXml = (call: Call, snapshot: Snapshot): XmlTree => ({
  snapshotId: snapshot.id,
  volumeId: snapshot.volumeId,
  status: snapshot.state,
  statusMessage: snapshot.stateMessage,
  startTime: new Date(snapshot.createdAt),
  completionTime: snapshot.completedAt === null ? null : new Date(snapshot.completedAt),
  progress: snapshot.state === "pending" && snapshot.progress === 0 ? "" : `${snapshot.progress}%`,
  ownerId: ACCOUNT_ID,
  volumeSize: snapshot.sizeGiB,
  description: snapshot.description,
  encrypted: snapshot.encrypted,
  storageTier: "standard",
  tagSet: tagSetXml(call, snapshot.id),
});

export const describeSnapshots: Action = (call) => {
  const { parameters } = call;
  const ids = parameters.list("SnapshotId");
  const owners = parameters.list("Owner");
  const restorable = parameters.list("RestorableBy");
  for (const id of ids) findSeen(call, "snapshots", id);
  const mine = (names: readonly string[]): boolean =>
    names.length === 0 || names.includes("self") || names.includes(ACCOUNT_ID);
  const matches = readFilters<Snapshot>(
    call,
    {
      "snapshot-id": (snapshot) => snapshot.id,
      "volume-id": (snapshot) => snapshot.volumeId,
      "volume-size": (snapshot) => String(snapshot.sizeGiB),
      status: (snapshot) => snapshot.state,
      progress: (snapshot) => `${snapshot.progress}%`,
      description: (snapshot) => snapshot.description,
      "owner-id": () => ACCOUNT_ID,
      encrypted: (snapshot) => String(snapshot.encrypted),
      "start-time": (snapshot) => new Date(snapshot.createdAt).toISOString(),
      "storage-tier": () => "standard",
    },
    (snapshot) => tagsOf(call, snapshot.id),
  );
  const asked = call.seen
    .all("snapshots", call.region)
    .filter(
      (snapshot) =>
        (ids.length === 0 || ids.includes(snapshot.id)) && mine(owners) && mine(restorable) && matches(snapshot),
    );
  const page = paginate(call, asked, (snapshot) => snapshot.id, { min: 5, max: 1000 });
  return { snapshotSet: items(page.rows.map((snapshot) => snapshotXml(call, snapshot))), nextToken: page.nextToken };
};
