import {
  CopySnapshotCommand,
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  paginateDescribeSnapshots,
  type Snapshot,
} from "@aws-sdk/client-ec2";
import type { AwsAccess } from "./access.ts";
import { call, madeBy, type MadeBy, tagSpecification, whenNotFound } from "./ec2.ts";
import { fromTagList, type Tags } from "./tags.ts";

export interface ReadSnapshot {
  readonly snapshotId: string;
  readonly state: "pending" | "completed" | "error" | "recoverable" | "recovering";
  /** 0 to 100. */
  readonly percent: number;
  readonly startedAt: Date;
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly tags: Tags;
}

/** CreateSnapshot has no client token: what one key made is found by its tags first. */
export function findOrCreateSnapshot(
  aws: AwsAccess,
  made: MadeBy,
  order: { volumeId: string; description: string; tags: Tags },
): Promise<ReadSnapshot> {
  return call(aws, "CreateSnapshot", async () => {
    const existing = await findMade(aws, made);
    if (existing) return existing;
    const created = await aws.ec2Once.send(
      new CreateSnapshotCommand({
        VolumeId: order.volumeId,
        Description: order.description,
        TagSpecifications: tagSpecification("snapshot", made, order.tags),
      }),
    );
    return asRead(created);
  });
}

/** Copies into the region of `aws`; encrypted with the region's own key. */
export function findOrCopySnapshot(
  aws: AwsAccess,
  made: MadeBy,
  order: { fromRegion: string; snapshotId: string; description: string; tags: Tags },
): Promise<ReadSnapshot> {
  return call(aws, "CopySnapshot", async () => {
    const existing = await findMade(aws, made);
    if (existing) return existing;
    const copied = await aws.ec2Once.send(
      new CopySnapshotCommand({
        SourceRegion: order.fromRegion,
        SourceSnapshotId: order.snapshotId,
        Description: order.description,
        Encrypted: true,
        TagSpecifications: tagSpecification("snapshot", made, order.tags),
      }),
    );
    return {
      snapshotId: copied.SnapshotId!,
      state: "pending",
      percent: 0,
      startedAt: new Date(),
      volumeId: "",
      sizeGiB: 0,
      tags: order.tags,
    };
  });
}

async function findMade(aws: AwsAccess, made: MadeBy): Promise<ReadSnapshot | undefined> {
  const found = await aws.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters: madeBy(made) }));
  const [oldest] = (found.Snapshots ?? [])
    .filter((one) => one.State !== "error")
    .map(asRead)
    .toSorted((one, other) => one.startedAt.getTime() - other.startedAt.getTime());
  return oldest;
}

/** What one key made; the oldest, should there be several. */
export function findSnapshot(aws: AwsAccess, made: MadeBy): Promise<ReadSnapshot | undefined> {
  return call(aws, "DescribeSnapshots", () => findMade(aws, made));
}

/** undefined when EC2 does not know it (any more, or not yet). */
export function readSnapshot(aws: AwsAccess, snapshotId: string): Promise<ReadSnapshot | undefined> {
  return call(aws, "DescribeSnapshots", async () => {
    const found = await aws.ec2
      .send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }))
      .catch(whenNotFound(undefined));
    const [snapshot] = found?.Snapshots ?? [];
    return snapshot && asRead(snapshot);
  });
}

/** All of this account whose tags have these values. */
export function listSnapshots(aws: AwsAccess, tags: Tags): Promise<ReadSnapshot[]> {
  return call(aws, "DescribeSnapshots", async () => {
    const Filters = Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
    const found: ReadSnapshot[] = [];
    for await (const page of paginateDescribeSnapshots(
      { client: aws.ec2, pageSize: 1000 },
      { OwnerIds: ["self"], Filters },
    ))
      found.push(...(page.Snapshots ?? []).map(asRead));
    return found;
  });
}

export function deleteSnapshot(aws: AwsAccess, snapshotId: string): Promise<void> {
  return call(aws, "DeleteSnapshot", async () => {
    await aws.ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId })).catch(whenNotFound(undefined));
  });
}

function asRead(snapshot: Snapshot): ReadSnapshot {
  const state = snapshot.State ?? "pending";
  return {
    snapshotId: snapshot.SnapshotId!,
    state,
    percent: state === "completed" ? 100 : Number.parseInt(snapshot.Progress || "0", 10),
    startedAt: snapshot.StartTime ?? new Date(0),
    volumeId: snapshot.VolumeId ?? "",
    sizeGiB: snapshot.VolumeSize ?? 0,
    tags: fromTagList(snapshot.Tags),
  };
}
