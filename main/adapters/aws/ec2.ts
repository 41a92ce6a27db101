import { createHash } from "node:crypto";
import {
  AttachVolumeCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteSecurityGroupCommand,
  DeleteTagsCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  type Filter,
  GetConsoleOutputCommand,
  ImportKeyPairCommand,
  type Instance,
  type IpPermission,
  ModifyInstanceAttributeCommand,
  ModifyVolumeCommand,
  RebootInstancesCommand,
  type ResourceType,
  RunInstancesCommand,
  type SecurityGroup,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  type Volume,
} from "@aws-sdk/client-ec2";
import { AppError } from "../../../shared/errors.ts";
import { TAG } from "../../../shared/tenant/tags.ts";
import type { AwsAccess } from "./access.ts";
import { asAppError, awsCode } from "./errors.ts";
import { fromTagList, type Tags, toTagList } from "./tags.ts";

/** Find-or-create key: the job that makes it and what it is for. */
export interface MadeBy {
  readonly jobId: string;
  /** "production/volume". */
  readonly resource: string;
}

const GONE: ReadonlySet<string> = new Set(["terminated", "shutting-down"]);

/** Same intent, same token: EC2 then answers a repeated call with what the first one made. 64 characters at most. */
export const clientToken = (made: MadeBy): string =>
  createHash("sha256").update(`${made.jobId}/${made.resource}`).digest("hex").slice(0, 64);

export const madeBy = (made: MadeBy): Filter[] => [
  { Name: `tag:${TAG.job}`, Values: [made.jobId] },
  { Name: `tag:${TAG.resource}`, Values: [made.resource] },
];

export const tagSpecification = (type: ResourceType, made: MadeBy, tags: Tags) => [
  { ResourceType: type, Tags: toTagList({ ...tags, [TAG.job]: made.jobId, [TAG.resource]: made.resource }) },
];

export async function call<T>(aws: AwsAccess, operation: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asAppError(error, operation, aws.region);
  }
}

/**
 * The default network of the region and a subnet of it, always the same one for one `seed`.
 * Throws NotFound where the account has no default VPC.
 */
export function placeFor(
  aws: AwsAccess,
  seed: string,
  zone?: string,
): Promise<{ vpcId: string; subnetId: string; zone: string }> {
  return call(aws, "DescribeSubnets", async () => {
    const found = await aws.ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "default-for-az", Values: ["true"] }] }),
    );
    const subnets = (found.Subnets ?? [])
      .filter((one) => zone === undefined || one.AvailabilityZone === zone)
      .toSorted((a, b) => (a.AvailabilityZone! < b.AvailabilityZone! ? -1 : 1));
    const chosen = subnets[createHash("sha256").update(seed).digest().readUInt32BE(0) % Math.max(subnets.length, 1)];
    if (!chosen) {
      throw new AppError("NotFound", `Region ${aws.region} has no default subnet in this account.`, {
        retryable: false,
        next: "Create a default VPC in the region, or choose another region.",
      });
    }
    return { vpcId: chosen.VpcId!, subnetId: chosen.SubnetId!, zone: chosen.AvailabilityZone! };
  });
}

/** Makes the public key known to the region under `name`. Throws Conflict when the name holds another key. */
export function findOrImportKeyPair(aws: AwsAccess, name: string, publicKey: string): Promise<string> {
  return call(aws, "ImportKeyPair", async () => {
    const existing = await aws.ec2
      .send(new DescribeKeyPairsCommand({ KeyNames: [name], IncludePublicKey: true }))
      .catch(whenNotFound(undefined));
    const pair = existing?.KeyPairs?.[0];
    if (pair) {
      const same = !pair.PublicKey || keyMaterial(pair.PublicKey) === keyMaterial(publicKey);
      if (same) return pair.KeyPairId!;
      throw new AppError("Conflict", `The key pair ${name} in ${aws.region} holds another key.`, {
        retryable: false,
        next: "Remove or rename the key pair in EC2, then retry; nothing was changed.",
      });
    }
    const imported = await aws.ec2
      .send(
        new ImportKeyPairCommand({
          KeyName: name,
          PublicKeyMaterial: new TextEncoder().encode(publicKey),
        }),
      )
      .catch((error) => {
        // A lost reply, or a reading that did not show it yet: the next attempt finds it.
        if (awsCode(error) === "InvalidKeyPair.Duplicate") throw notVisibleYet(aws, `key pair ${name}`);
        throw error;
      });
    return imported.KeyPairId!;
  });
}

const keyMaterial = (line: string) => line.trim().split(/\s+/)[1];

export interface IngressRule {
  readonly port: number;
  readonly from: string;
  readonly description: string;
}

/** Finds the group by its name in the VPC or makes it, then adds the rules that are missing. Never removes one. */
export function findOrCreateSecurityGroup(
  aws: AwsAccess,
  made: MadeBy,
  group: { vpcId: string; name: string; description: string; rules: readonly IngressRule[]; tags: Tags },
): Promise<string> {
  return call(aws, "CreateSecurityGroup", async () => {
    const found = await aws.ec2.send(
      new DescribeSecurityGroupsCommand({
        Filters: [
          { Name: "vpc-id", Values: [group.vpcId] },
          { Name: "group-name", Values: [group.name] },
        ],
      }),
    );
    let existing: SecurityGroup | undefined = found.SecurityGroups?.[0];
    if (existing && fromTagList(existing.Tags)[TAG.job] !== made.jobId) {
      throw new AppError("Conflict", `The security group ${group.name} in ${aws.region} was made by somebody else.`, {
        retryable: false,
        next: "Choose another prefix, or remove the group in EC2; nothing was changed.",
      });
    }
    if (!existing) {
      const created = await aws.ec2
        .send(
          new CreateSecurityGroupCommand({
            VpcId: group.vpcId,
            GroupName: group.name,
            Description: group.description,
            TagSpecifications: tagSpecification("security-group", made, group.tags),
          }),
        )
        .catch((error) => {
          if (awsCode(error) === "InvalidGroup.Duplicate") throw notVisibleYet(aws, `security group ${group.name}`);
          throw error;
        });
      existing = { GroupId: created.GroupId!, IpPermissions: [] };
    }
    for (const rule of group.rules) {
      if (hasRule(existing.IpPermissions ?? [], rule)) continue;
      await aws.ec2
        .send(
          new AuthorizeSecurityGroupIngressCommand({
            GroupId: existing.GroupId!,
            IpPermissions: [
              {
                IpProtocol: "tcp",
                FromPort: rule.port,
                ToPort: rule.port,
                IpRanges: [{ CidrIp: rule.from, Description: rule.description }],
              },
            ],
          }),
        )
        .catch((error) => {
          if (awsCode(error) !== "InvalidPermission.Duplicate") throw error;
        });
    }
    return existing.GroupId!;
  });
}

const hasRule = (permissions: readonly IpPermission[], rule: IngressRule) =>
  permissions.some(
    (one) =>
      one.FromPort === rule.port &&
      one.ToPort === rule.port &&
      one.IpRanges?.some((range) => range.CidrIp === rule.from),
  );

/** Encrypted gp3. Safe to repeat: found by tag, and the client token covers a reply that was lost. */
export function findOrCreateVolume(
  aws: AwsAccess,
  made: MadeBy,
  volume: { zone: string; sizeGiB: number; tags: Tags; snapshotId?: string },
): Promise<{ volumeId: string; state: string }> {
  return call(aws, "CreateVolume", async () => {
    const found = await aws.ec2.send(new DescribeVolumesCommand({ Filters: madeBy(made) }));
    const existing = found.Volumes?.find((one) => one.State !== "deleting" && one.State !== "deleted");
    if (existing) return { volumeId: existing.VolumeId!, state: existing.State! };
    const created = await aws.ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: volume.zone,
        Size: volume.sizeGiB,
        ...(volume.snapshotId ? { SnapshotId: volume.snapshotId } : {}),
        VolumeType: "gp3",
        Encrypted: true,
        ClientToken: clientToken(made),
        TagSpecifications: tagSpecification("volume", made, volume.tags),
      }),
    );
    return { volumeId: created.VolumeId!, state: created.State! };
  });
}

export interface InstanceOrder {
  readonly imageId: string;
  readonly instanceType: string;
  readonly keyName: string;
  readonly securityGroupId: string;
  readonly subnetId: string;
  readonly tags: Tags;
}

export function findOrRunInstance(aws: AwsAccess, made: MadeBy, order: InstanceOrder): Promise<string> {
  return call(aws, "RunInstances", async () => {
    const found = await aws.ec2.send(new DescribeInstancesCommand({ Filters: madeBy(made) }));
    const existing = instancesOf(found.Reservations).find((one) => !GONE.has(one.State?.Name ?? ""));
    if (existing) return existing.InstanceId!;
    const run = await aws.ec2.send(
      new RunInstancesCommand({
        ImageId: order.imageId,
        InstanceType: order.instanceType as never,
        KeyName: order.keyName,
        SecurityGroupIds: [order.securityGroupId],
        SubnetId: order.subnetId,
        MinCount: 1,
        MaxCount: 1,
        ClientToken: clientToken(made),
        MetadataOptions: { HttpTokens: "required" },
        TagSpecifications: [
          ...tagSpecification("instance", made, order.tags),
          ...tagSpecification("volume", { ...made, resource: `${made.resource}/root` }, rootDeviceTags(order.tags)),
        ],
      }),
    );
    return run.Instances![0]!.InstanceId!;
  });
}

/** The root device is the tenant's too; without an environment's id nobody takes it for the data volume. */
function rootDeviceTags(tags: Tags): Tags {
  const { [TAG.environmentId]: _environmentId, ...others } = tags;
  return { ...others, ...(tags["Name"] ? { Name: `${tags["Name"]}-root` } : {}) };
}

const instancesOf = (reservations: { Instances?: Instance[] | undefined }[] | undefined): Instance[] =>
  (reservations ?? []).flatMap((one) => one.Instances ?? []);

/** undefined when EC2 does not know it (any more, or not yet). */
export function readInstance(aws: AwsAccess, instanceId: string): Promise<Instance | undefined> {
  return call(aws, "DescribeInstances", async () => {
    const found = await aws.ec2
      .send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }))
      .catch(whenNotFound(undefined));
    return instancesOf(found?.Reservations)[0];
  });
}

export function readVolume(aws: AwsAccess, volumeId: string): Promise<Volume | undefined> {
  return call(aws, "DescribeVolumes", async () => {
    const found = await aws.ec2
      .send(new DescribeVolumesCommand({ VolumeIds: [volumeId] }))
      .catch(whenNotFound(undefined));
    return found?.Volumes?.[0];
  });
}

/** Attaches unless attached already. Throws Conflict when the volume hangs on another instance. */
export function ensureAttached(aws: AwsAccess, volumeId: string, instanceId: string, device: string): Promise<void> {
  const attachedTo = async () => (await readVolume(aws, volumeId))?.Attachments?.[0]?.InstanceId;
  const otherwise = (other: string) =>
    new AppError("Conflict", `Volume ${volumeId} is attached to ${other}, not to ${instanceId}.`, {
      retryable: false,
      next: "Find out who attached it before going on; nothing was changed.",
    });

  return call(aws, "AttachVolume", async () => {
    const before = await attachedTo();
    if (before === instanceId) return;
    if (before) throw otherwise(before);
    try {
      await aws.ec2.send(new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }));
    } catch (error) {
      if (awsCode(error) !== "VolumeInUse") throw error;
      // An attempt whose reply was lost has attached it, or somebody else has: only a new reading tells.
      const after = await attachedTo();
      if (after === undefined) throw notVisibleYet(aws, `attachment of ${volumeId}`);
      if (after !== instanceId) throw otherwise(after);
    }
  });
}

/** Text of the serial console, "" while there is none yet. */
export function consoleOutput(aws: AwsAccess, instanceId: string): Promise<string> {
  return call(aws, "GetConsoleOutput", async () => {
    const answer = await aws.ec2.send(new GetConsoleOutputCommand({ InstanceId: instanceId, Latest: true }));
    return answer.Output ? Buffer.from(answer.Output, "base64").toString("utf8") : "";
  });
}

export function setTags(aws: AwsAccess, resources: readonly string[], tags: Tags): Promise<void> {
  return call(aws, "CreateTags", async () => {
    await aws.ec2.send(new CreateTagsCommand({ Resources: [...resources], Tags: toTagList(tags) }));
  });
}

/** Everything that exists of what one job made, for a roll-back and its proof. */
export function listMadeBy(
  aws: AwsAccess,
  jobId: string,
): Promise<{
  instances: string[];
  volumes: { id: string; state: string }[];
  securityGroups: string[];
}> {
  return call(aws, "DescribeInstances", async () => {
    const Filters = [{ Name: `tag:${TAG.job}`, Values: [jobId] }];
    const [instances, volumes, groups] = await Promise.all([
      aws.ec2.send(new DescribeInstancesCommand({ Filters })),
      aws.ec2.send(new DescribeVolumesCommand({ Filters })),
      aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters })),
    ]);
    return {
      instances: instancesOf(instances.Reservations)
        .filter((one) => one.State?.Name !== "terminated")
        .map((one) => one.InstanceId!),
      volumes: (volumes.Volumes ?? []).map((one) => ({ id: one.VolumeId!, state: one.State! })),
      securityGroups: (groups.SecurityGroups ?? []).map((one) => one.GroupId!),
    };
  });
}

export function terminate(aws: AwsAccess, instanceId: string): Promise<void> {
  return call(aws, "TerminateInstances", async () => {
    await aws.ec2.send(new TerminateInstancesCommand({ InstanceIds: [instanceId] })).catch(whenNotFound(undefined));
  });
}

export function detach(aws: AwsAccess, volumeId: string): Promise<void> {
  return call(aws, "DetachVolume", async () => {
    await aws.ec2.send(new DetachVolumeCommand({ VolumeId: volumeId, Force: true })).catch((error) => {
      if (awsCode(error) !== "IncorrectState") return whenNotFound(undefined)(error);
    });
  });
}

export function deleteVolume(aws: AwsAccess, volumeId: string): Promise<void> {
  return call(aws, "DeleteVolume", async () => {
    await aws.ec2.send(new DeleteVolumeCommand({ VolumeId: volumeId })).catch(whenNotFound(undefined));
  });
}

export function deleteSecurityGroup(aws: AwsAccess, groupId: string): Promise<void> {
  return call(aws, "DeleteSecurityGroup", async () => {
    await aws.ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId })).catch(whenNotFound(undefined));
  });
}

export function startInstance(aws: AwsAccess, instanceId: string): Promise<void> {
  return call(aws, "StartInstances", async () => {
    await aws.ec2.send(new StartInstancesCommand({ InstanceIds: [instanceId] }));
  });
}

export function stopInstance(aws: AwsAccess, instanceId: string): Promise<void> {
  return call(aws, "StopInstances", async () => {
    await aws.ec2.send(new StopInstancesCommand({ InstanceIds: [instanceId] }));
  });
}

/** Sent once: after a lost reply only the machine's boot tells whether it restarts already. */
export function rebootInstance(aws: AwsAccess, instanceId: string): Promise<void> {
  return call(aws, "RebootInstances", async () => {
    await aws.ec2Once.send(new RebootInstancesCommand({ InstanceIds: [instanceId] }));
  });
}

/** Only a stopped instance takes another type. */
export function setInstanceType(aws: AwsAccess, instanceId: string, instanceType: string): Promise<void> {
  return call(aws, "ModifyInstanceAttribute", async () => {
    await aws.ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: instanceId, InstanceType: { Value: instanceType } }),
    );
  });
}

/** A volume that has the size already is left alone: EC2 allows one change in six hours. */
export function growVolume(aws: AwsAccess, volumeId: string, sizeGiB: number): Promise<void> {
  return call(aws, "ModifyVolume", async () => {
    if ((await readVolume(aws, volumeId))?.Size === sizeGiB) return;
    await aws.ec2.send(new ModifyVolumeCommand({ VolumeId: volumeId, Size: sizeGiB })).catch((error) => {
      // A change is under way, which may be this one after a lost reply: its size tells, once it shows.
      if (awsCode(error) === "IncorrectModificationState") throw notVisibleYet(aws, `change of ${volumeId}`);
      throw error;
    });
  });
}

export function removeTags(aws: AwsAccess, resources: readonly string[], keys: readonly string[]): Promise<void> {
  return call(aws, "DeleteTags", async () => {
    await aws.ec2.send(new DeleteTagsCommand({ Resources: [...resources], Tags: keys.map((Key) => ({ Key })) }));
  });
}

export function whenNotFound<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (/\.NotFound$|\.Unknown$/.test(awsCode(error))) return value;
    throw error;
  };
}

/** EC2's reads lag behind its writes by seconds; the caller tries again. */
function notVisibleYet(aws: AwsAccess, what: string): AppError {
  return new AppError("AwsFailed", `EC2 in ${aws.region} has made the ${what} but does not show it yet.`, {
    retryable: true,
  });
}
