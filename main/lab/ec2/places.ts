import type { Action } from "./call.ts";
import { AwsError } from "./errors.ts";
import { readFilters } from "./listing.ts";
import { ACCOUNT_ID } from "./model.ts";
import { REGION_NAMES, REGIONS, type Subnet, VPCS, type Vpc, vpcOf } from "./regions.ts";
import { tagSetXml, tagsOf } from "./tags.ts";
import { items } from "./xml.ts";

/** What the account may have. Enforced where the resources are made. */
export const LIMITS = {
  instances: 100,
  vcpus: 512,
  volumes: 5_000,
  securityGroupsPerInterface: 5,
  addresses: 200,
} as const;

export const describeRegions: Action = (call) => {
  call.parameters.flag("AllRegions");
  const names = call.parameters.list("RegionName");
  const unknown = names.find((name) => !REGION_NAMES.includes(name));
  if (unknown !== undefined) throw new AwsError("InvalidParameterValue", `Invalid region '${unknown}' provided.`);
  const matches = readFilters<string>(call, {
    "region-name": (name) => name,
    endpoint: (name) => `ec2.${name}.amazonaws.com`,
    "opt-in-status": () => "opt-in-not-required",
  });
  return {
    regionInfo: items(
      REGION_NAMES.filter((name) => (names.length === 0 || names.includes(name)) && matches(name)).map((name) => ({
        regionName: name,
        regionEndpoint: `ec2.${name}.amazonaws.com`,
        optInStatus: "opt-in-not-required",
      })),
    ),
  };
};

export const describeAvailabilityZones: Action = (call) => {
  call.parameters.flag("AllAvailabilityZones");
  const names = call.parameters.list("ZoneName");
  const ids = call.parameters.list("ZoneId");
  const region = REGIONS.find(({ name }) => name === call.region);
  const zones = (region?.zones ?? []).map((name, index) => ({ name, id: region?.zoneIds[index] ?? "" }));
  const unknown = names.find((name) => !zones.some((zone) => zone.name === name));
  if (unknown !== undefined) throw new AwsError("InvalidParameterValue", `Invalid availability zone: [${unknown}]`);
  const matches = readFilters<(typeof zones)[number]>(call, {
    "zone-name": (zone) => zone.name,
    "zone-id": (zone) => zone.id,
    "region-name": () => call.region,
    state: () => "available",
    "zone-type": () => "availability-zone",
    "opt-in-status": () => "opt-in-not-required",
  });
  return {
    availabilityZoneInfo: items(
      zones
        .filter(
          (zone) => (names.length === 0 || names.includes(zone.name)) && (ids.length === 0 || ids.includes(zone.id)),
        )
        .filter(matches)
        .map((zone) => ({
          zoneName: zone.name,
          zoneId: zone.id,
          zoneState: "available",
          zoneType: "availability-zone",
          regionName: call.region,
          groupName: call.region,
          networkBorderGroup: call.region,
          optInStatus: "opt-in-not-required",
        })),
    ),
  };
};

export const describeAccountAttributes: Action = (call) => {
  const values: Readonly<Record<string, readonly string[]>> = {
    "supported-platforms": ["VPC"],
    "default-vpc": [vpcOf(call.region).id],
    "max-instances": [String(LIMITS.instances)],
    "vpc-max-security-groups-per-interface": [String(LIMITS.securityGroupsPerInterface)],
    "max-elastic-ips": [String(LIMITS.addresses)],
    "vpc-max-elastic-ips": [String(LIMITS.addresses)],
  };
  const names = call.parameters.list("AttributeName");
  const unknown = names.find((name) => !Object.hasOwn(values, name));
  if (unknown !== undefined) throw new AwsError("InvalidParameterValue", `Unknown attribute: ${unknown}`);
  return {
    accountAttributeSet: items(
      Object.entries(values)
        .filter(([name]) => names.length === 0 || names.includes(name))
        .map(([attributeName, list]) => ({
          attributeName,
          attributeValueSet: items(list.map((attributeValue) => ({ attributeValue }))),
        })),
    ),
  };
};

export const describeVpcs: Action = (call) => {
  const { network } = call.world;
  const own = VPCS.filter((vpc) => vpc.region === call.region);
  const ids = call.parameters.list("VpcId");
  const unknown = ids.find((id) => !own.some((vpc) => vpc.id === id));
  if (unknown !== undefined) throw new AwsError("InvalidVpcID.NotFound", `The vpc ID '${unknown}' does not exist`);
  const cidr = (vpc: Vpc): string => network.cidr(vpc.firstThird, 18);
  const matches = readFilters<Vpc>(
    call,
    {
      "vpc-id": (vpc) => vpc.id,
      cidr,
      "cidr-block-association.cidr-block": cidr,
      isDefault: () => "true",
      "is-default": () => "true",
      state: () => "available",
      "owner-id": () => ACCOUNT_ID,
    },
    (vpc) => tagsOf(call, vpc.id),
  );
  call.parameters.ignore("MaxResults", "NextToken");
  return {
    vpcSet: items(
      own
        .filter((vpc) => (ids.length === 0 || ids.includes(vpc.id)) && matches(vpc))
        .map((vpc) => ({
          vpcId: vpc.id,
          ownerId: ACCOUNT_ID,
          state: "available",
          cidrBlock: cidr(vpc),
          dhcpOptionsId: "default",
          instanceTenancy: "default",
          isDefault: true,
          tagSet: tagSetXml(call, vpc.id),
        })),
    ),
  };
};

export const describeSubnets: Action = (call) => {
  const { network } = call.world;
  const own = vpcOf(call.region).subnets;
  const ids = call.parameters.list("SubnetId");
  const unknown = ids.find((id) => !own.some((subnet) => subnet.id === id));
  if (unknown !== undefined)
    throw new AwsError("InvalidSubnetID.NotFound", `The subnet ID '${unknown}' does not exist`);
  const cidr = (subnet: Subnet): string => network.cidr(subnet.firstThird, 20);
  const matches = readFilters<Subnet>(
    call,
    {
      "subnet-id": (subnet) => subnet.id,
      "vpc-id": (subnet) => subnet.vpcId,
      "availability-zone": (subnet) => subnet.zone,
      availabilityZone: (subnet) => subnet.zone,
      "availability-zone-id": (subnet) => subnet.zoneId,
      "cidr-block": cidr,
      "default-for-az": () => "true",
      state: () => "available",
      "map-public-ip-on-launch": () => "true",
      "owner-id": () => ACCOUNT_ID,
    },
    (subnet) => tagsOf(call, subnet.id),
  );
  call.parameters.ignore("MaxResults", "NextToken");
  return {
    subnetSet: items(
      own
        .filter((subnet) => (ids.length === 0 || ids.includes(subnet.id)) && matches(subnet))
        .map((subnet) => ({
          subnetId: subnet.id,
          subnetArn: `arn:aws:ec2:${call.region}:${ACCOUNT_ID}:subnet/${subnet.id}`,
          state: "available",
          ownerId: ACCOUNT_ID,
          vpcId: subnet.vpcId,
          cidrBlock: cidr(subnet),
          availableIpAddressCount: 4091,
          availabilityZone: subnet.zone,
          availabilityZoneId: subnet.zoneId,
          defaultForAz: true,
          mapPublicIpOnLaunch: true,
          assignIpv6AddressOnCreation: false,
          tagSet: tagSetXml(call, subnet.id),
        })),
    ),
  };
};
