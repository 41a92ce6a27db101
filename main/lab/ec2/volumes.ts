import type { Action, Call } from "./call.ts";
import { find, findSeen, newId, rememberToken, repeated } from "./call.ts";
import { AwsError, invalidValue, missing } from "./errors.ts";
import { paginate, readFilters } from "./listing.ts";
import type { Snapshot, Volume } from "./model.ts";
import type { Parameters } from "./parameters.ts";
import { LIMITS } from "./places.ts";
import { REGIONS } from "./regions.ts";
import { putTags, specifiedTags, tagSetXml, tagsOf } from "./tags.ts";
import { items, type XmlTree } from "./xml.ts";

const SIZES: Readonly<Record<string, readonly [min: number, max: number]>> = {
  gp2: [1, 16_384],
  gp3: [1, 16_384],
  io1: [4, 16_384],
  io2: [4, 65_536],
  st1: [125, 16_384],
  sc1: [125, 16_384],
  standard: [1, 1_024],
};
/** So long AWS takes no other change of a volume; in truth minutes to hours. */
const MODIFYING_MS = 1_000;
const DEVICE = /^(\/dev\/(sd[a-z][1-9]?\d?|xvd[a-z]{1,2}[1-9]?)|xvd[a-z]{1,2})$/;

/** What CreateVolume and a block device mapping of RunInstances have in common. */
export function readVolume(
  call: Call,
  from: Parameters,
  defaults: { readonly sizeGiB?: number; readonly sizeName: string },
): Pick<Volume, "sizeGiB" | "type" | "iops" | "throughput" | "encrypted" | "snapshotId"> {
  const snapshotId = from.text("SnapshotId") || null;
  const snapshot: Snapshot | null = snapshotId === null ? null : find(call, "snapshots", snapshotId);
  if (snapshot && snapshot.state !== "completed")
    throw new AwsError("IncorrectState", `Snapshot '${snapshot.id}' is not in the 'completed' state.`);
  const type = from.text("VolumeType") ?? "gp3";
  const range = Object.hasOwn(SIZES, type) ? SIZES[type] : undefined;
  if (!range) throw invalidValue("volumeType", type);
  const sizeGiB = from.integer(defaults.sizeName) ?? snapshot?.sizeGiB ?? defaults.sizeGiB;
  if (sizeGiB === undefined) throw missing("size/snapshot");
  if (sizeGiB < range[0] || sizeGiB > range[1])
    throw new AwsError(
      "InvalidParameterValue",
      `Volume of ${sizeGiB}GiB is invalid; must be between ${range[0]} and ${range[1]} GiB for type ${type}.`,
    );
  if (snapshot && sizeGiB < snapshot.sizeGiB)
    throw new AwsError(
      "InvalidParameterValue",
      `Volume of size ${sizeGiB}GB is smaller than snapshot '${snapshot.id}', expect size >= ${snapshot.sizeGiB}GB`,
    );
  const iops = from.integer("Iops") ?? { gp3: 3_000, gp2: Math.max(100, sizeGiB * 3) }[type] ?? null;
  const throughput = from.integer("Throughput") ?? (type === "gp3" ? 125 : null);
  const encrypted = from.flag("Encrypted") ?? snapshot?.encrypted ?? false;
  from.ignore("KmsKeyId");
  return { sizeGiB, type, iops, throughput, encrypted, snapshotId };
}

export function checkDevice(device: string): string {
  if (!DEVICE.test(device)) throw invalidValue("unixDevice", device, `'${device}' is not a valid EBS device name.`);
  return device;
}

export function requireVolumeQuota(call: Call, more: number): void {
  if (call.rows.all("volumes", call.region).length + more > LIMITS.volumes)
    throw new AwsError("VolumeLimitExceeded", `The maximum number of volumes (${LIMITS.volumes}) has been reached.`);
}

export const createVolume: Action = (call) => {
  const { parameters } = call;
  const before = repeated(call)?.[0];
  parameters.ignore("MultiAttachEnabled", "OutpostArn");
  const zone = parameters.text("AvailabilityZone") ?? zoneOfId(call, parameters.text("AvailabilityZoneId"));
  if (!zone) throw missing("AvailabilityZone");
  if (!REGIONS.find(({ name }) => name === call.region)?.zones.includes(zone))
    throw new AwsError("InvalidZone.NotFound", `The zone '${zone}' does not exist.`);
  const wanted = readVolume(call, parameters, { sizeName: "Size" });
  const tags = specifiedTags(call, "volume");
  const same = before === undefined ? undefined : call.rows.get("volumes", before);
  if (same) return volumeXml(call, same);
  requireVolumeQuota(call, 1);
  const volume: Volume = {
    id: newId("vol"),
    region: call.region,
    createdAt: call.now,
    zone,
    ...wanted,
    state: "creating",
    attachment: null,
  };
  call.rows.put("volumes", volume);
  putTags(call, volume.id, tags);
  rememberToken(call, [volume.id]);
  call.after(() => call.world.machines.settleVolume(volume.id));
  return volumeXml(call, volume);
};

function zoneOfId(call: Call, id: string | undefined): string | undefined {
  const region = REGIONS.find(({ name }) => name === call.region);
  return id === undefined ? undefined : region?.zones[region.zoneIds.indexOf(id)];
}

const attachmentXml = (volume: Volume, state: string = volume.attachment?.state ?? "detached"): XmlTree => ({
  volumeId: volume.id,
  instanceId: volume.attachment?.instanceId,
  device: volume.attachment?.device,
  status: state,
  attachTime: volume.attachment ? new Date(volume.attachment.attachedAt) : null,
  deleteOnTermination: volume.attachment?.deleteOnTermination,
});

export const volumeXml = (call: Call, volume: Volume): XmlTree => ({
  volumeId: volume.id,
  size: volume.sizeGiB,
  snapshotId: volume.snapshotId ?? "",
  availabilityZone: volume.zone,
  status: volume.state,
  createTime: new Date(volume.createdAt),
  volumeType: volume.type,
  iops: volume.iops,
  throughput: volume.throughput,
  encrypted: volume.encrypted,
  multiAttachEnabled: false,
  attachmentSet: items(volume.attachment ? [attachmentXml(volume)] : []),
  tagSet: tagSetXml(call, volume.id),
});

export const describeVolumes: Action = (call) => {
  const ids = call.parameters.list("VolumeId");
  for (const id of ids) findSeen(call, "volumes", id);
  const matches = readFilters<Volume>(
    call,
    {
      "volume-id": (volume) => volume.id,
      status: (volume) => volume.state,
      size: (volume) => String(volume.sizeGiB),
      "snapshot-id": (volume) => volume.snapshotId ?? "",
      "availability-zone": (volume) => volume.zone,
      "volume-type": (volume) => volume.type,
      encrypted: (volume) => String(volume.encrypted),
      "create-time": (volume) => new Date(volume.createdAt).toISOString(),
      "attachment.instance-id": (volume) => volume.attachment?.instanceId,
      "attachment.device": (volume) => volume.attachment?.device,
      "attachment.status": (volume) => volume.attachment?.state,
      "attachment.delete-on-termination": (volume) =>
        volume.attachment ? String(volume.attachment.deleteOnTermination) : null,
    },
    (volume) => tagsOf(call, volume.id),
  );
  const asked = call.seen
    .all("volumes", call.region)
    .filter((volume) => (ids.length === 0 || ids.includes(volume.id)) && matches(volume));
  const page = paginate(call, asked, (volume) => volume.id, { min: 5, max: 1000 });
  return { volumeSet: items(page.rows.map((volume) => volumeXml(call, volume))), nextToken: page.nextToken };
};

export const attachVolume: Action = (call) => {
  const { parameters } = call;
  const volume = find(call, "volumes", parameters.required("VolumeId"));
  const instance = find(call, "instances", parameters.required("InstanceId"));
  const device = checkDevice(parameters.required("Device"));
  if (volume.attachment) throw new AwsError("VolumeInUse", `${volume.id} is already attached to an instance`);
  if (volume.state !== "available") throw new AwsError("IncorrectState", `${volume.id} is not 'available'.`);
  if (instance.state !== "running" && instance.state !== "stopped")
    throw new AwsError("IncorrectState", `Instance '${instance.id}' is not 'running'.`);
  if (instance.zone !== volume.zone)
    throw new AwsError(
      "InvalidVolume.ZoneMismatch",
      `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`,
    );
  const others = call.rows.all("volumes", call.region).filter((one) => one.attachment?.instanceId === instance.id);
  if (others.some((one) => one.attachment?.device === device))
    throw invalidValue("unixDevice", device, `Attachment point ${device} is already in use`);
  const attached: Volume = {
    ...volume,
    state: "in-use",
    attachment: {
      instanceId: instance.id,
      device,
      state: "attaching",
      attachedAt: call.now,
      deleteOnTermination: false,
    },
  };
  call.rows.put("volumes", attached);
  call.after(() => call.world.machines.settleVolume(volume.id));
  return attachmentXml(attached);
};

export const detachVolume: Action = (call) => {
  const { parameters } = call;
  const volume = find(call, "volumes", parameters.required("VolumeId"));
  const instanceId = parameters.text("InstanceId");
  const device = parameters.text("Device");
  parameters.flag("Force");
  const { attachment } = volume;
  if (!attachment || attachment.state === "detaching")
    throw new AwsError(
      "IncorrectState",
      `Volume '${volume.id}' is in the '${attachment ? "detaching" : "available"}' state.`,
    );
  if ((instanceId && attachment.instanceId !== instanceId) || (device && attachment.device !== device))
    throw new AwsError(
      "InvalidAttachment.NotFound",
      `The volume '${volume.id}' is not attached to instance '${instanceId ?? attachment.instanceId}' as device '${device ?? attachment.device}'`,
    );
  const instance = call.rows.get("instances", attachment.instanceId);
  if (instance?.rootVolumeId === volume.id && instance.state !== "stopped")
    throw new AwsError(
      "OperationNotPermitted",
      `Unable to detach root volume '${volume.id}' from instance '${instance.id}'`,
    );
  const detaching: Volume = { ...volume, attachment: { ...attachment, state: "detaching" } };
  call.rows.put("volumes", detaching);
  call.after(() => call.world.machines.settleVolume(volume.id));
  return attachmentXml(detaching);
};

export const deleteVolume: Action = (call) => {
  const volume = find(call, "volumes", call.parameters.required("VolumeId"));
  if (volume.attachment)
    throw new AwsError("VolumeInUse", `Volume ${volume.id} is currently attached to ${volume.attachment.instanceId}`);
  if (volume.state === "deleting")
    throw new AwsError("InvalidVolume.NotFound", `The volume '${volume.id}' does not exist.`);
  if (volume.state === "creating")
    throw new AwsError("IncorrectState", `Volume '${volume.id}' is in the 'creating' state.`);
  call.rows.put("volumes", { ...volume, state: "deleting" });
  call.after(() => call.world.machines.settleVolume(volume.id));
  return { return: true };
};

/** Growing takes effect at once; EC2's optimising phase is not played. */
export const modifyVolume: Action = (call) => {
  const { parameters } = call;
  const volume = find(call, "volumes", parameters.required("VolumeId"));
  const sizeGiB = parameters.integer("Size") ?? volume.sizeGiB;
  const type = parameters.text("VolumeType") ?? volume.type;
  const range = Object.hasOwn(SIZES, type) ? SIZES[type] : undefined;
  if (!range) throw invalidValue("volumeType", type);
  if (sizeGiB < volume.sizeGiB || sizeGiB > range[1])
    throw new AwsError(
      "InvalidParameterValue",
      `New size cannot be smaller than existing size (${volume.sizeGiB} GiB) nor above ${range[1]} GiB.`,
    );
  if (volume.state !== "available" && volume.state !== "in-use")
    throw new AwsError("IncorrectModificationState", `Volume '${volume.id}' is in the '${volume.state}' state.`);
  if (call.now - (volume.modifiedAt ?? -MODIFYING_MS) < MODIFYING_MS)
    throw new AwsError(
      "IncorrectModificationState",
      `Volume '${volume.id}' cannot be modified in modification state MODIFYING`,
    );
  const iops = parameters.integer("Iops") ?? volume.iops;
  const throughput = parameters.integer("Throughput") ?? volume.throughput;
  parameters.ignore("MultiAttachEnabled");
  call.rows.put("volumes", { ...volume, sizeGiB, type, iops, throughput, modifiedAt: call.now });
  const instanceId = volume.attachment?.instanceId;
  if (instanceId) call.after(() => call.world.machines.refreshHost(instanceId));
  return {
    volumeModification: {
      volumeId: volume.id,
      modificationState: "completed",
      targetSize: sizeGiB,
      targetVolumeType: type,
      targetIops: iops,
      targetThroughput: throughput,
      originalSize: volume.sizeGiB,
      originalVolumeType: volume.type,
      originalIops: volume.iops,
      originalThroughput: volume.throughput,
      progress: 100,
      startTime: new Date(call.now),
      endTime: new Date(call.now),
    },
  };
};
