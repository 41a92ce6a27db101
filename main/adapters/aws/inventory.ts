import {
  type Instance,
  paginateDescribeInstances,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
  type Volume,
} from "@aws-sdk/client-ec2";
import type { FoundEnvironment } from "../../../shared/fleet/inventory.ts";
import { TAG } from "../../../shared/tenant/tags.ts";
import type { AwsAccess } from "./access.ts";
import { asAppError } from "./errors.ts";
import { fromTagList } from "./tags.ts";

/**
 * Everything in one region that carries a tenant tag, in three paged calls. Instances come first; a data volume
 * without its instance still shows its environment, so that nothing that holds customer data is overlooked.
 */
export async function readInventory(aws: AwsAccess): Promise<FoundEnvironment[]> {
  try {
    const Filters = [{ Name: "tag-key", Values: [TAG.tenant] }];
    const [instances, volumes, backups] = await Promise.all([
      all(paginateDescribeInstances({ client: aws.ec2, pageSize: 1000 }, { Filters }), (page) =>
        (page.Reservations ?? []).flatMap((one) => one.Instances ?? []),
      ),
      all(paginateDescribeVolumes({ client: aws.ec2, pageSize: 500 }, { Filters }), (page) => page.Volumes ?? []),
      all(
        paginateDescribeSnapshots(
          { client: aws.ec2, pageSize: 1000 },
          { OwnerIds: ["self"], Filters: [...Filters, { Name: "status", Values: ["completed"] }] },
        ),
        (page) => page.Snapshots ?? [],
      ),
    ]);
    return joinInventory(aws.region, instances, volumes, newestBackups(backups));
  } catch (error) {
    throw asAppError(error, "DescribeInstances", aws.region);
  }
}

async function all<Page, Item>(pages: AsyncIterable<Page>, items: (page: Page) => Item[]): Promise<Item[]> {
  const found: Item[] = [];
  for await (const page of pages) found.push(...items(page));
  return found;
}

function newestBackups(
  snapshots: readonly {
    Tags?: { Key?: string | undefined; Value?: string | undefined }[] | undefined;
    StartTime?: Date | undefined;
  }[],
): Map<string, string> {
  const newest = new Map<string, string>();
  for (const snapshot of snapshots) {
    const tags = fromTagList(snapshot.Tags as never);
    const environmentId = tags[TAG.environmentId];
    if (!environmentId || tags[TAG.kind] !== "backup") continue;
    const takenAt = tags[TAG.takenAt] ?? snapshot.StartTime?.toISOString();
    if (takenAt && takenAt > (newest.get(environmentId) ?? "")) newest.set(environmentId, takenAt);
  }
  return newest;
}

/** What stands beside an environment for a while, or was taken out of use, is nobody's environment. */
const NOT_IN_USE: ReadonlySet<string> = new Set(["restore", "kept"]);

export function joinInventory(
  region: string,
  instances: readonly Instance[],
  volumes: readonly Volume[],
  backups: ReadonlyMap<string, string>,
): FoundEnvironment[] {
  const environments = new Map<string, FoundEnvironment>();
  for (const instance of instances) {
    if (instance.State?.Name === "terminated") continue;
    const tags = fromTagList(instance.Tags);
    const id = tags[TAG.environmentId];
    if (!id || NOT_IN_USE.has(tags[TAG.kind] ?? "")) continue;
    environments.set(id, {
      tags,
      region,
      instance: {
        instanceId: instance.InstanceId!,
        state: instance.State?.Name ?? "unknown",
        instanceType: instance.InstanceType ?? "",
        imageId: instance.ImageId ?? "",
        address: instance.PublicIpAddress ?? instance.PrivateIpAddress ?? null,
        securityGroupId: instance.SecurityGroups?.[0]?.GroupId ?? null,
        launchedAt: instance.LaunchTime?.toISOString() ?? null,
      },
      volume: null,
      lastBackupAt: backups.get(id) ?? null,
    });
  }
  // While a volume is changed two may wear an environment's tags: the one that its machine has is its data.
  const hangsOnItsMachine = (volume: Volume, known: FoundEnvironment | undefined) =>
    volume.Attachments?.some((one) => one.InstanceId === known?.instance?.instanceId) ?? false;
  for (const volume of volumes) {
    const tags = fromTagList(volume.Tags);
    const id = tags[TAG.environmentId];
    if (!id || volume.State === "deleting" || volume.State === "deleted") continue;
    if (NOT_IN_USE.has(tags[TAG.kind] ?? "")) continue;
    const known = environments.get(id);
    const found = { volumeId: volume.VolumeId!, sizeGiB: volume.Size ?? 0 };
    const wins = !known?.volume || hangsOnItsMachine(volume, known);
    environments.set(
      id,
      known
        ? { ...known, volume: wins ? found : known.volume }
        : { tags, region, instance: null, volume: found, lastBackupAt: backups.get(id) ?? null },
    );
  }
  return [...environments.values()];
}
