import type { Action, Call } from "./call.ts";
import { find, findSeen, newId, rememberToken, repeated } from "./call.ts";
import { publicAddressOf, takePrivateAddress, takePublicAddress } from "./addresses.ts";
import { AwsError, invalidValue, missing } from "./errors.ts";
import { ROOT_DEVICE } from "./images.ts";
import { requireType, typeOf } from "./instance-types.ts";
import { findKeyPair } from "./key-pairs.ts";
import { paginate, readFilters } from "./listing.ts";
import {
  ACCOUNT_ID,
  type Instance,
  type InstanceState,
  SHOWN_AFTER_END_MS,
  STATE_CODES,
  type Volume,
} from "./model.ts";
import { LIMITS } from "./places.ts";
import { type Subnet, vpcOf } from "./regions.ts";
import { namedGroups } from "./security-groups.ts";
import { putTags, specifiedTags, tagSetXml, tagsOf } from "./tags.ts";
import { checkDevice, readVolume, requireVolumeQuota } from "./volumes.ts";
import { items, type XmlTree } from "./xml.ts";

const USER_DATA_BYTES = 16_384;
const MAX_AT_ONCE = 50;

/** AWS has these; in the lab they change nothing. */
const WITHOUT_EFFECT = [
  "Monitoring",
  "MetadataOptions",
  "EbsOptimized",
  "CreditSpecification",
  "IamInstanceProfile",
  "PrivateDnsNameOptions",
  "MaintenanceOptions",
  "CpuOptions",
  "HibernationOptions",
  "EnclaveOptions",
];

const alive = (instance: Instance): boolean =>
  instance.state !== "terminated" && instance.state !== "shutting-down" && instance.state !== "stopped";

function requireQuota(call: Call, types: readonly string[]): void {
  const running = call.rows.all("instances", call.region).filter(alive);
  if (running.length + types.length > LIMITS.instances)
    throw new AwsError(
      "InstanceLimitExceeded",
      `You have requested more instances (${running.length + types.length}) than your current instance limit of ${LIMITS.instances} allows.`,
    );
  const vcpus = [...running.map((one) => one.instanceType), ...types].reduce(
    (sum, type) => sum + (typeOf(type)?.vcpus ?? 0),
    0,
  );
  if (vcpus > LIMITS.vcpus)
    throw new AwsError(
      "VcpuLimitExceeded",
      `You have requested more vCPU capacity (${vcpus}) than your current vCPU limit of ${LIMITS.vcpus} allows for the instance bucket that the specified instance type belongs to.`,
    );
}

interface Disk extends Pick<Volume, "sizeGiB" | "type" | "iops" | "throughput" | "encrypted" | "snapshotId"> {
  readonly device: string;
  readonly deleteOnTermination: boolean;
}

function readDisks(call: Call, rootGiB: number): Disk[] {
  const disks = new Map<string, Disk>();
  const root = { sizeGiB: rootGiB, type: "gp3", iops: 3_000, throughput: 125, encrypted: false, snapshotId: null };
  disks.set(ROOT_DEVICE, { device: ROOT_DEVICE, deleteOnTermination: true, ...root });
  const given = new Set<string>();
  for (const mapping of call.parameters.structures("BlockDeviceMapping")) {
    const device = checkDevice(mapping.required("DeviceName"));
    if (given.has(device))
      throw new AwsError(
        "InvalidBlockDeviceMapping",
        `The device '${device}' is used in more than one block-device mapping`,
      );
    given.add(device);
    if (mapping.text("NoDevice") !== undefined) {
      disks.delete(device);
      continue;
    }
    const ebs = mapping.structure("Ebs");
    const volume = readVolume(call, ebs, {
      sizeName: "VolumeSize",
      ...(device === ROOT_DEVICE ? { sizeGiB: rootGiB } : {}),
    });
    if (device === ROOT_DEVICE && volume.sizeGiB < rootGiB)
      throw new AwsError(
        "InvalidBlockDeviceMapping",
        `Volume of size ${volume.sizeGiB}GB is smaller than snapshot of the image, expect size >= ${rootGiB}GB`,
      );
    disks.set(device, { device, deleteOnTermination: ebs.flag("DeleteOnTermination") ?? true, ...volume });
  }
  return [...disks.values()];
}

function chooseSubnet(call: Call): { subnet: Subnet; groups: string[]; publicAddress: boolean } {
  const { parameters } = call;
  const { subnets } = vpcOf(call.region);
  const [nic, ...more] = parameters.structures("NetworkInterface");
  if (more.length > 0) throw new AwsError("Unsupported", "The lab gives an instance one network interface.");
  nic?.ignore("DeviceIndex", "DeleteOnTermination", "Description");
  const zone = parameters.text("Placement.AvailabilityZone");
  parameters.ignore("Placement");
  const id = parameters.text("SubnetId") ?? nic?.text("SubnetId");
  const subnet = id
    ? subnets.find((one) => one.id === id)
    : zone
      ? subnets.find((one) => one.zone === zone)
      : subnets[0];
  if (!subnet && id) throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${id}' does not exist`);
  if (!subnet) throw invalidValue("availabilityZone", zone ?? "");
  const ids = [...parameters.list("SecurityGroupId"), ...(nic?.list("SecurityGroupId") ?? [])];
  const groups = namedGroups(call, ids, parameters.list("SecurityGroup"));
  if (groups.length > LIMITS.securityGroupsPerInterface)
    throw new AwsError(
      "SecurityGroupsPerInterfaceLimitExceeded",
      `You can have at most ${LIMITS.securityGroupsPerInterface} security groups per network interface.`,
    );
  return { subnet, groups, publicAddress: nic?.flag("AssociatePublicIpAddress") ?? true };
}

function readUserData(call: Call): string | null {
  const data = call.parameters.text("UserData");
  if (!data) return null;
  const bytes = Buffer.from(data, "base64");
  if (bytes.toString("base64").replace(/=+$/, "") !== data.replace(/[\r\n]/g, "").replace(/=+$/, ""))
    throw new AwsError("InvalidParameterValue", "Invalid BASE64 encoding of user data.");
  if (bytes.length > USER_DATA_BYTES)
    throw new AwsError("InvalidParameterValue", `User data is limited to ${USER_DATA_BYTES} bytes`);
  return bytes.toString("base64");
}

export const runInstances: Action = (call) => {
  const { parameters, region, now } = call;
  parameters.ignore(...WITHOUT_EFFECT);
  const min = parameters.integer("MinCount");
  const max = parameters.integer("MaxCount");
  if (min === undefined) throw missing("MinCount");
  if (max === undefined) throw missing("MaxCount");
  if (min < 1 || max < min) throw invalidValue("minCount", `${min}-${max}`);
  if (max > MAX_AT_ONCE)
    throw new AwsError("InstanceLimitExceeded", `You may start at most ${MAX_AT_ONCE} instances in one call.`);
  const image = find(call, "images", parameters.required("ImageId"));
  const type = requireType(region, parameters.text("InstanceType") ?? "m5.large");
  const keyName = parameters.text("KeyName") ?? null;
  const key = keyName === null ? undefined : findKeyPair(call.seen.all("keyPairs", region), keyName);
  if (keyName !== null && !key)
    throw new AwsError("InvalidKeyPair.NotFound", `The key pair '${keyName}' does not exist`);
  const { subnet, groups, publicAddress } = chooseSubnet(call);
  const disks = readDisks(call, image.rootGiB);
  const userData = readUserData(call);
  const disableApiTermination = parameters.flag("DisableApiTermination") ?? false;
  parameters.flag("DisableApiStop");
  const shutdownBehavior = parameters.text("InstanceInitiatedShutdownBehavior") ?? "stop";
  if (parameters.text("PrivateIpAddress") !== undefined)
    throw new AwsError("Unsupported", "The lab chooses private addresses by itself.");
  const instanceTags = specifiedTags(call, "instance", "volume", "network-interface");
  const volumeTags = specifiedTags(call, "volume", "instance", "network-interface");
  const clientToken = parameters.text("ClientToken") ?? null;

  const before = repeated(call);
  if (before) {
    const same = before.flatMap((id) => call.rows.get("instances", id) ?? []);
    return reservationXml(call, same);
  }
  requireQuota(
    call,
    Array.from({ length: max }, () => type.name),
  );
  requireVolumeQuota(call, disks.length * max);

  const reservationId = newId("r");
  const made = Array.from({ length: max }, (_, launchIndex): Instance => {
    const id = newId("i");
    const volumes = disks.map(({ device, deleteOnTermination, ...disk }): Volume => {
      const volume: Volume = {
        id: newId("vol"),
        region,
        createdAt: now,
        zone: subnet.zone,
        ...disk,
        state: "creating",
        attachment: { instanceId: id, device, state: "attaching", attachedAt: now, deleteOnTermination },
      };
      call.rows.put("volumes", volume);
      putTags(call, volume.id, volumeTags);
      return volume;
    });
    const instance: Instance = {
      id,
      region,
      createdAt: now,
      reservationId,
      launchIndex,
      imageId: image.id,
      instanceType: type.name,
      state: "pending",
      stateReason: null,
      stateSince: now,
      keyName,
      securityGroupIds: groups,
      subnetId: subnet.id,
      zone: subnet.zone,
      privateAddress: takePrivateAddress(call, subnet),
      publicAddress: publicAddress ? takePublicAddress(call) : null,
      userData,
      rootDevice: ROOT_DEVICE,
      rootVolumeId: volumes.find((volume) => volume.attachment?.device === ROOT_DEVICE)?.id ?? "",
      disableApiTermination,
      shutdownBehavior,
      launchedAt: now,
      clientToken,
      authorizedKeys: key ? [key.publicKey] : [],
    };
    call.rows.put("instances", instance);
    putTags(call, id, instanceTags);
    return instance;
  });
  rememberToken(
    call,
    made.map(({ id }) => id),
  );
  call.after(() => {
    for (const { id } of made) call.world.machines.settleInstance(id);
  });
  return reservationXml(call, made);
};

const stateXml = (state: InstanceState): XmlTree => ({ code: STATE_CODES[state], name: state });

const groupSetXml = (call: Call, ids: readonly string[]): XmlTree =>
  items(ids.map((groupId) => ({ groupId, groupName: call.rows.get("securityGroups", groupId)?.name ?? "" })));

const dnsName = (address: string, inside: boolean, region: string): string =>
  `${inside ? "ip" : "ec2"}-${address.replaceAll(".", "-")}.${region}.compute.${inside ? "internal" : "amazonaws.com"}`;

function instanceXml(call: Call, instance: Instance): XmlTree {
  const { network } = call.world;
  const gone = instance.state === "terminated";
  const publicSuffix = gone ? null : publicAddressOf(call.seen, instance);
  const publicIp = publicSuffix === null ? null : network.address(publicSuffix);
  const privateIp = gone ? null : network.address(instance.privateAddress);
  const volumes = call.seen.all("volumes", instance.region).filter((one) => one.attachment?.instanceId === instance.id);
  const { vpcId } = vpcOf(instance.region).subnets[0] ?? {};
  const groupSet = groupSetXml(call, gone ? [] : instance.securityGroupIds);
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: stateXml(instance.state),
    privateDnsName: privateIp ? dnsName(privateIp, true, instance.region) : "",
    dnsName: publicIp ? dnsName(publicIp, false, instance.region) : "",
    reason: instance.stateReason?.message ?? "",
    keyName: instance.keyName,
    amiLaunchIndex: instance.launchIndex,
    productCodes: items([]),
    instanceType: instance.instanceType,
    launchTime: new Date(instance.launchedAt),
    placement: { availabilityZone: instance.zone, groupName: "", tenancy: "default" },
    monitoring: { state: "disabled" },
    subnetId: gone ? null : instance.subnetId,
    vpcId: gone ? null : vpcId,
    privateIpAddress: privateIp,
    ipAddress: publicIp,
    sourceDestCheck: gone ? null : true,
    groupSet,
    stateReason: instance.stateReason ? { ...instance.stateReason } : null,
    architecture: "x86_64",
    rootDeviceType: "ebs",
    rootDeviceName: instance.rootDevice,
    blockDeviceMapping: items(
      volumes.map((volume) => ({
        deviceName: volume.attachment?.device,
        ebs: {
          volumeId: volume.id,
          status: volume.attachment?.state,
          attachTime: volume.attachment ? new Date(volume.attachment.attachedAt) : null,
          deleteOnTermination: volume.attachment?.deleteOnTermination,
        },
      })),
    ),
    virtualizationType: "hvm",
    clientToken: instance.clientToken ?? "",
    tagSet: tagSetXml(call, instance.id),
    hypervisor: "xen",
    networkInterfaceSet: items([]),
    ebsOptimized: false,
    enaSupport: true,
    platformDetails: "Linux/UNIX",
    metadataOptions: { state: "applied", httpTokens: "required", httpEndpoint: "enabled" },
  };
}

const reservationXml = (call: Call, instances: readonly Instance[]): XmlTree => ({
  reservationId: instances[0]?.reservationId,
  ownerId: ACCOUNT_ID,
  groupSet: items([]),
  instancesSet: items(instances.map((instance) => instanceXml(call, instance))),
});

/** Instances that EC2 still tells of. */
const shown = (call: Call): Instance[] =>
  call.seen
    .all("instances", call.region)
    .filter((one) => one.state !== "terminated" || call.now - one.stateSince < SHOWN_AFTER_END_MS);

const instanceFilters = (call: Call) => {
  const { network } = call.world;
  const addressOf = (one: Instance): string | null => {
    const suffix = publicAddressOf(call.seen, one);
    return suffix === null ? null : network.address(suffix);
  };
  const attachments = (one: Instance) =>
    call.seen
      .all("volumes", call.region)
      .flatMap((volume) => (volume.attachment?.instanceId === one.id ? [{ id: volume.id, ...volume.attachment }] : []));
  return readFilters<Instance>(
    call,
    {
      "instance-id": (one) => one.id,
      "instance-state-name": (one) => one.state,
      "instance-state-code": (one) => String(STATE_CODES[one.state]),
      "instance-type": (one) => one.instanceType,
      "image-id": (one) => one.imageId,
      "key-name": (one) => one.keyName,
      "availability-zone": (one) => one.zone,
      "subnet-id": (one) => one.subnetId,
      "vpc-id": () => vpcOf(call.region).id,
      "client-token": (one) => one.clientToken ?? "",
      "reservation-id": (one) => one.reservationId,
      "instance.group-id": (one) => one.securityGroupIds,
      "group-id": (one) => one.securityGroupIds,
      "instance.group-name": (one) => one.securityGroupIds.map((id) => call.seen.get("securityGroups", id)?.name ?? ""),
      "private-ip-address": (one) => network.address(one.privateAddress),
      "ip-address": addressOf,
      "launch-time": (one) => new Date(one.launchedAt).toISOString(),
      "block-device-mapping.volume-id": (one) => attachments(one).map((volume) => volume.id),
      "block-device-mapping.device-name": (one) => attachments(one).map((volume) => volume.device),
      "block-device-mapping.status": (one) => attachments(one).map((volume) => volume.state),
      "root-device-name": (one) => one.rootDevice,
      "root-device-type": () => "ebs",
      architecture: () => "x86_64",
      "owner-id": () => ACCOUNT_ID,
    },
    (one) => tagsOf(call, one.id),
  );
};

export const describeInstances: Action = (call) => {
  const ids = call.parameters.list("InstanceId");
  if (ids.length > 0 && call.parameters.text("MaxResults") !== undefined)
    throw new AwsError(
      "InvalidParameterCombination",
      "The parameter instancesSet cannot be used with the parameter maxResults",
    );
  for (const id of ids) findSeen(call, "instances", id);
  const matches = instanceFilters(call);
  const asked = shown(call).filter((one) => (ids.length === 0 || ids.includes(one.id)) && matches(one));
  const page = paginate(call, asked, keyOf, { min: 5, max: 1000 });
  const reservations = new Map<string, Instance[]>();
  for (const one of page.rows)
    reservations.set(one.reservationId, [...(reservations.get(one.reservationId) ?? []), one]);
  return {
    reservationSet: items([...reservations.values()].map((instances) => reservationXml(call, instances))),
    nextToken: page.nextToken,
  };
};

/** Launches of one call stay together on a page. */
const keyOf = (one: Instance): string => `${one.reservationId} ${String(one.launchIndex).padStart(3, "0")} ${one.id}`;

export const describeInstanceStatus: Action = (call) => {
  const { parameters, now, world } = call;
  const ids = parameters.list("InstanceId");
  const all = parameters.flag("IncludeAllInstances") ?? false;
  for (const id of ids) findSeen(call, "instances", id);
  const status = (one: Instance): string => {
    if (one.state !== "running") return "not-applicable";
    return now - one.stateSince < world.timings.instanceStart ? "initializing" : "ok";
  };
  const matches = readFilters<Instance>(call, {
    "instance-state-name": (one) => one.state,
    "instance-state-code": (one) => String(STATE_CODES[one.state]),
    "instance-status.status": status,
    "system-status.status": status,
    "availability-zone": (one) => one.zone,
  });
  const asked = shown(call).filter(
    (one) => (ids.length === 0 || ids.includes(one.id)) && (all || one.state === "running") && matches(one),
  );
  const page = paginate(call, asked, keyOf, { min: 5, max: 1000 });
  const summary = (one: Instance): XmlTree => ({
    status: status(one),
    details: items(
      one.state === "running"
        ? [{ name: "reachability", status: status(one) === "ok" ? "passed" : "initializing" }]
        : [],
    ),
  });
  return {
    instanceStatusSet: items(
      page.rows.map((one) => ({
        instanceId: one.id,
        availabilityZone: one.zone,
        instanceState: stateXml(one.state),
        systemStatus: summary(one),
        instanceStatus: summary(one),
      })),
    ),
    nextToken: page.nextToken,
  };
};

/** Reads InstanceId.N and moves each that `next` gives a new state; the others keep theirs. */
function move(call: Call, next: (instance: Instance) => InstanceState | null): XmlTree {
  const ids = call.parameters.list("InstanceId");
  if (ids.length === 0) throw missing("InstanceId");
  const instances = [...new Set(ids)].map((id) => find(call, "instances", id));
  const changes = instances.map((instance) => {
    const state = next(instance) ?? instance.state;
    if (state === instance.state) return { instance, state };
    const reason = {
      code: "Client.UserInitiatedShutdown",
      message: "Client.UserInitiatedShutdown: User initiated shutdown",
    };
    call.rows.put("instances", {
      ...instance,
      state,
      stateSince: call.now,
      stateReason: state === "pending" ? null : reason,
      ...(state === "pending" ? { launchedAt: call.now, publicAddress: startAddress(call, instance) } : {}),
    });
    call.after(() => call.world.machines.settleInstance(instance.id));
    return { instance, state };
  });
  return {
    instancesSet: items(
      changes.map(({ instance, state }) => ({
        instanceId: instance.id,
        currentState: stateXml(state),
        previousState: stateXml(instance.state),
      })),
    ),
  };
}

function startAddress(call: Call, instance: Instance): string | null {
  const associated = call.rows.all("addresses", call.region).some((one) => one.instanceId === instance.id);
  return associated ? null : takePublicAddress(call);
}

const wrongState = (instance: Instance, wanted: string): AwsError =>
  new AwsError(
    "IncorrectInstanceState",
    `The instance '${instance.id}' is not in a state from which it can be ${wanted}.`,
  );

export const startInstances: Action = (call) => {
  call.parameters.ignore("AdditionalInfo");
  const stopped = call.parameters
    .list("InstanceId")
    .map((id) => find(call, "instances", id))
    .filter((one) => one.state === "stopped");
  requireQuota(
    call,
    stopped.map((one) => one.instanceType),
  );
  return move(call, (instance) => {
    if (instance.state === "stopped") return "pending";
    if (instance.state === "running" || instance.state === "pending") return null;
    throw wrongState(instance, "started");
  });
};

export const stopInstances: Action = (call) => {
  call.parameters.ignore("Force", "Hibernate", "SkipOsShutdown");
  return move(call, (instance) => {
    if (instance.state === "running") return "stopping";
    if (instance.state === "stopping" || instance.state === "stopped") return null;
    throw wrongState(instance, "stopped");
  });
};

export const terminateInstances: Action = (call) => {
  call.parameters.ignore("Force", "SkipOsShutdown");
  return move(call, (instance) => {
    if (instance.state === "terminated" || instance.state === "shutting-down") return null;
    if (instance.disableApiTermination)
      throw new AwsError(
        "OperationNotPermitted",
        `The instance '${instance.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      );
    return "shutting-down";
  });
};

export const rebootInstances: Action = (call) => {
  const ids = call.parameters.list("InstanceId");
  if (ids.length === 0) throw missing("InstanceId");
  for (const id of ids) {
    const instance = find(call, "instances", id);
    if (instance.state !== "running") throw wrongState(instance, "rebooted");
    call.after(() => call.world.machines.rebootInstance(id));
  }
  return { return: true };
};

export const modifyInstanceAttribute: Action = (call) => {
  const { parameters } = call;
  const instance = find(call, "instances", parameters.required("InstanceId"));
  const attribute = parameters.text("Attribute");
  const value = parameters.text("Value");
  const given = (name: string): string | undefined =>
    parameters.text(`${name}.Value`) ?? (attribute?.toLowerCase() === name.toLowerCase() ? value : undefined);
  const flag = (name: string): boolean | undefined => {
    const text = given(name)?.toLowerCase();
    if (text !== undefined && text !== "true" && text !== "false") throw invalidValue(name, text);
    return text === undefined ? undefined : text === "true";
  };
  const type = given("InstanceType");
  const termination = flag("DisableApiTermination");
  const shutdown = given("InstanceInitiatedShutdownBehavior");
  const groups = parameters.list("GroupId");
  const userData = parameters.text("UserData.Value");
  const disks = parameters.structures("BlockDeviceMapping");
  parameters.ignore("SourceDestCheck", "EbsOptimized", "EnaSupport", "DisableApiStop");
  if (instance.state === "terminated" || instance.state === "shutting-down")
    throw new AwsError(
      "IncorrectInstanceState",
      `The instance '${instance.id}' is not in a valid state for this operation.`,
    );
  if ((type !== undefined || userData !== undefined) && instance.state !== "stopped")
    throw new AwsError("IncorrectInstanceState", `The instance '${instance.id}' is not in the 'stopped' state.`);
  if (type !== undefined) requireType(call.region, type);
  if (shutdown !== undefined && shutdown !== "stop" && shutdown !== "terminate")
    throw invalidValue("instanceInitiatedShutdownBehavior", shutdown);
  for (const disk of disks)
    keepOrDelete(call, instance, disk.required("DeviceName"), disk.flag("Ebs.DeleteOnTermination"));
  call.rows.put("instances", {
    ...instance,
    ...(type === undefined ? {} : { instanceType: type }),
    ...(termination === undefined ? {} : { disableApiTermination: termination }),
    ...(shutdown === undefined ? {} : { shutdownBehavior: shutdown }),
    ...(userData === undefined ? {} : { userData }),
    ...(groups.length === 0 ? {} : { securityGroupIds: namedGroups(call, groups, []) }),
  });
  return { return: true };
};

function keepOrDelete(call: Call, instance: Instance, device: string, deleteOnTermination: boolean | undefined): void {
  const volume = call.rows
    .all("volumes", call.region)
    .find((one) => one.attachment?.instanceId === instance.id && one.attachment.device === device);
  if (!volume?.attachment)
    throw new AwsError("InvalidInstanceAttributeValue", `No device is currently mapped at ${device}`);
  if (deleteOnTermination !== undefined)
    call.rows.put("volumes", { ...volume, attachment: { ...volume.attachment, deleteOnTermination } });
}

export const describeInstanceAttribute: Action = (call) => {
  const instance = findSeen(call, "instances", call.parameters.required("InstanceId"));
  const attribute = call.parameters.required("Attribute");
  const attributes: Readonly<Record<string, XmlTree>> = {
    instanceType: { value: instance.instanceType },
    disableApiTermination: { value: instance.disableApiTermination },
    instanceInitiatedShutdownBehavior: { value: instance.shutdownBehavior },
    userData: instance.userData === null ? {} : { value: instance.userData },
    rootDeviceName: { value: instance.rootDevice },
    sourceDestCheck: { value: true },
    ebsOptimized: { value: false },
    groupSet: groupSetXml(call, instance.securityGroupIds),
  };
  if (!Object.hasOwn(attributes, attribute)) throw invalidValue("attribute", attribute);
  return { instanceId: instance.id, [attribute]: attributes[attribute] };
};

export const getConsoleOutput: Action = async (call) => {
  const instance = findSeen(call, "instances", call.parameters.required("InstanceId"));
  call.parameters.ignore("Latest");
  // Nothing to read before the boot has ended, nor from a host that is off.
  const output = instance.state === "running" ? await call.world.room.consoleOutput(instance.id) : "";
  return {
    instanceId: instance.id,
    timestamp: new Date(call.now),
    output: Buffer.from(output).toString("base64"),
  };
};
