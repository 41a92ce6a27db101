import { createHash } from "node:crypto";

/** The lab's part of AWS's map: three regions, each with a default VPC and one subnet per zone. */
export interface Region {
  readonly name: string;
  readonly zones: readonly string[];
  readonly zoneIds: readonly string[];
}

const region = (name: string, short: string, letters: string): Region => ({
  name,
  zones: [...letters].map((letter) => name + letter),
  zoneIds: [...letters].map((_, index) => `${short}-az${index + 1}`),
});

export const REGIONS: readonly Region[] = [
  region("eu-west-1", "euw1", "abc"),
  region("us-east-1", "use1", "abc"),
  region("ca-central-1", "cac1", "abd"),
];

export const REGION_NAMES: readonly string[] = REGIONS.map(({ name }) => name);

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly region: string;
  readonly zone: string;
  readonly zoneId: string;
  /** Third number of its first address; it spans sixteen of them. */
  readonly firstThird: number;
}

export interface Vpc {
  readonly id: string;
  readonly region: string;
  readonly firstThird: number;
  readonly subnets: readonly Subnet[];
}

/** An id of AWS's form that is the same in every lab. */
export const fixedId = (prefix: string, ...of: readonly string[]): string =>
  `${prefix}-0${createHash("sha256").update(of.join("/")).digest("hex").slice(0, 16)}`;

/** A quarter of the lab's 127.B.0.0/16 each; the last quarter is for public addresses. */
export const VPCS: readonly Vpc[] = REGIONS.map(({ name, zones, zoneIds }, index) => {
  const id = fixedId("vpc", name);
  const subnets = zones.map((zone, place) => ({
    id: fixedId("subnet", zone),
    vpcId: id,
    region: name,
    zone,
    zoneId: zoneIds[place] ?? "",
    firstThird: index * 64 + place * 16,
  }));
  return { id, region: name, firstThird: index * 64, subnets };
});

export const PUBLIC_FIRST_THIRD = 192;

export function vpcOf(regionName: string): Vpc {
  const vpc = VPCS.find((one) => one.region === regionName);
  if (!vpc) throw new Error(`no region ${regionName} in the lab`);
  return vpc;
}
