import type { Reader } from "../state.ts";
import type { Action, Call } from "./call.ts";
import { find, findSeen, newId } from "./call.ts";
import { AwsError, missing } from "./errors.ts";
import { readFilters } from "./listing.ts";
import type { Address, Instance, LabSchema } from "./model.ts";
import { PUBLIC_FIRST_THIRD, type Subnet } from "./regions.ts";
import { putTags, specifiedTags, tagSetXml, tagsOf } from "./tags.ts";
import { items } from "./xml.ts";

const QUOTA = 200;
/** 127.B.192.1 to 127.B.255.254. */
const PUBLIC_POOL = (256 - PUBLIC_FIRST_THIRD) * 256;
/** AWS keeps the first four and the last address of a subnet. */
const FIRST_OF_SUBNET = 4;
const SUBNET_SIZE = 16 * 256;

const suffix = (third: number, offset: number): string => `${third + Math.floor(offset / 256)}.${offset % 256}`;
const usable = (offset: number): boolean => offset % 256 !== 0 && offset % 256 !== 255;

/** A public address that was not in use for long, as in AWS: the pool is walked round and round. */
export function takePublicAddress(call: Call): string {
  const lab = call.rows.get("lab", "lab");
  const taken = new Set([
    ...call.rows.all("addresses").map((one) => one.address),
    ...call.rows.all("instances").map((one) => one.publicAddress),
  ]);
  for (let step = 0; lab && step < PUBLIC_POOL; step += 1) {
    const offset = (lab.nextAddress + step) % PUBLIC_POOL;
    const address = suffix(PUBLIC_FIRST_THIRD, offset);
    if (!usable(offset) || taken.has(address)) continue;
    call.rows.put("lab", { ...lab, nextAddress: offset + 1 });
    return address;
  }
  throw new AwsError("InsufficientAddressCapacity", "Not enough available addresses.", 500);
}

export function takePrivateAddress(call: Call, subnet: Subnet): string {
  const own = call.rows.all("instances", subnet.region).filter((one) => one.subnetId === subnet.id);
  const taken = new Set(own.filter((one) => one.state !== "terminated").map((one) => one.privateAddress));
  for (let offset = FIRST_OF_SUBNET; offset < SUBNET_SIZE; offset += 1) {
    const address = suffix(subnet.firstThird, offset);
    if (usable(offset) && !taken.has(address)) return address;
  }
  throw new AwsError(
    "InsufficientFreeAddressesInSubnet",
    `There are not enough free addresses in subnet '${subnet.id}'.`,
  );
}

/** The address that clients use: the associated one, or the instance's own while it runs. */
export function publicAddressOf(rows: Reader<LabSchema>, instance: Instance): string | null {
  const associated = rows.all("addresses", instance.region).find((one) => one.instanceId === instance.id);
  return associated?.address ?? instance.publicAddress;
}

export const allocateAddress: Action = (call) => {
  call.parameters.text("Domain");
  if (call.rows.all("addresses", call.region).length >= QUOTA)
    throw new AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.");
  const address: Address = {
    id: newId("eipalloc"),
    region: call.region,
    createdAt: call.now,
    address: takePublicAddress(call),
    instanceId: null,
    associationId: null,
  };
  call.rows.put("addresses", address);
  putTags(call, address.id, specifiedTags(call, "elastic-ip"));
  return {
    publicIp: call.world.network.address(address.address),
    domain: "vpc",
    allocationId: address.id,
    networkBorderGroup: call.region,
  };
};

export const associateAddress: Action = (call) => {
  const { parameters } = call;
  const address = namedAddress(call);
  const instance = find(call, "instances", parameters.required("InstanceId"));
  const again = parameters.flag("AllowReassociation") ?? true;
  if (instance.state !== "running" && instance.state !== "stopped")
    throw new AwsError(
      "IncorrectInstanceState",
      `The instance '${instance.id}' is not in a valid state for this operation.`,
    );
  if (address.instanceId === instance.id) return { return: true, associationId: address.associationId };
  if (address.instanceId && !again)
    throw new AwsError("Resource.AlreadyAssociated", `resource ${address.id} is already associated`);
  for (const other of call.rows.all("addresses", call.region))
    if (other.instanceId === instance.id)
      call.rows.put("addresses", { ...other, instanceId: null, associationId: null });
  const associationId = newId("eipassoc");
  call.rows.put("addresses", { ...address, instanceId: instance.id, associationId });
  // EC2 takes the instance's own public address away for good.
  call.rows.put("instances", { ...instance, publicAddress: null });
  call.after(() => {
    call.world.machines.refreshHost(instance.id);
    if (address.instanceId) call.world.machines.refreshHost(address.instanceId);
  });
  return { return: true, associationId };
};

export const disassociateAddress: Action = (call) => {
  const associationId = call.parameters.text("AssociationId");
  const address = associationId
    ? call.rows.all("addresses", call.region).find((one) => one.associationId === associationId)
    : namedAddress(call);
  if (!address)
    throw new AwsError("InvalidAssociationID.NotFound", `The association ID '${associationId}' does not exist`);
  const instance = address.instanceId ? call.rows.get("instances", address.instanceId) : undefined;
  call.rows.put("addresses", { ...address, instanceId: null, associationId: null });
  if (instance?.state === "running") {
    call.rows.put("instances", { ...instance, publicAddress: takePublicAddress(call) });
    call.after(() => call.world.machines.refreshHost(instance.id));
  }
  return { return: true };
};

export const releaseAddress: Action = (call) => {
  const address = namedAddress(call);
  if (address.associationId)
    throw new AwsError("InvalidIPAddress.InUse", `Address ${call.world.network.address(address.address)} is in use.`);
  call.rows.delete("addresses", address.id);
  call.rows.delete("tags", address.id);
  return { return: true };
};

function namedAddress(call: Call): Address {
  const id = call.parameters.text("AllocationId");
  if (id) return find(call, "addresses", id);
  const ip = call.parameters.text("PublicIp");
  if (!ip) throw missing("AllocationId");
  const found = call.rows.all("addresses", call.region).find((one) => call.world.network.address(one.address) === ip);
  if (!found) throw new AwsError("InvalidAddress.NotFound", `Address '${ip}' not found.`);
  return found;
}

export const describeAddresses: Action = (call) => {
  const { network } = call.world;
  const ids = call.parameters.list("AllocationId");
  const ips = call.parameters.list("PublicIp");
  for (const id of ids) findSeen(call, "addresses", id);
  const all = call.seen.all("addresses", call.region);
  for (const ip of ips)
    if (!all.some((one) => network.address(one.address) === ip))
      throw new AwsError("InvalidAddress.NotFound", `Address '${ip}' not found.`);
  const matches = readFilters<Address>(
    call,
    {
      "allocation-id": (one) => one.id,
      "association-id": (one) => one.associationId,
      "instance-id": (one) => one.instanceId,
      "public-ip": (one) => network.address(one.address),
      domain: () => "vpc",
    },
    (one) => tagsOf(call, one.id),
  );
  const asked = all.filter(
    (one) =>
      (ids.length === 0 || ids.includes(one.id)) &&
      (ips.length === 0 || ips.includes(network.address(one.address))) &&
      matches(one),
  );
  return {
    addressesSet: items(
      asked.map((one) => ({
        publicIp: network.address(one.address),
        allocationId: one.id,
        domain: "vpc",
        instanceId: one.instanceId,
        associationId: one.associationId,
        networkBorderGroup: call.region,
        tagSet: tagSetXml(call, one.id),
      })),
    ),
  };
};
