import type { Action } from "./call.ts";
import { AwsError } from "./errors.ts";
import { paginate, readFilters } from "./listing.ts";
import { items, texts } from "./xml.ts";

export interface InstanceType {
  readonly name: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly currentGeneration: boolean;
  readonly burstable: boolean;
}

const SIZES: readonly (readonly [name: string, vcpus: number])[] = [
  ["large", 2],
  ["xlarge", 4],
  ["2xlarge", 8],
  ["4xlarge", 16],
  ["8xlarge", 32],
];

const family = (name: string, gibPerVcpu: number, currentGeneration = true): InstanceType[] =>
  SIZES.map(([size, vcpus]) => ({
    name: `${name}.${size}`,
    vcpus,
    memoryMiB: vcpus * gibPerVcpu * 1024,
    currentGeneration,
    burstable: false,
  }));

const burstable = (name: string): InstanceType[] =>
  (
    [
      ["nano", 0.5],
      ["micro", 1],
      ["small", 2],
      ["medium", 4],
      ["large", 8],
      ["xlarge", 16],
      ["2xlarge", 32],
    ] as const
  ).map(([size, gib]) => ({
    name: `${name}.${size}`,
    vcpus: size === "2xlarge" ? 8 : size === "xlarge" ? 4 : 2,
    memoryMiB: gib * 1024,
    currentGeneration: true,
    burstable: true,
  }));

/** Figures of AWS's own list, x86-64 only, as the lab's images are. */
export const INSTANCE_TYPES: readonly InstanceType[] = [
  ...burstable("t3"),
  ...burstable("t3a"),
  ...family("m5", 4),
  ...family("m6i", 4),
  ...family("m7i", 4),
  ...family("c5", 2),
  ...family("c6i", 2),
  ...family("r5", 8),
  ...family("r6i", 8),
  ...family("m4", 4, false).slice(0, 4),
];

const NOT_OFFERED: Readonly<Record<string, RegExp>> = { "ca-central-1": /^(m7i|t3a)\./ };

export const typeOf = (name: string): InstanceType | undefined => INSTANCE_TYPES.find((type) => type.name === name);

export function typesOffered(region: string): InstanceType[] {
  return INSTANCE_TYPES.filter((type) => !NOT_OFFERED[region]?.test(type.name));
}

/** The type, if the region has it; AWS's refusal otherwise. */
export function requireType(region: string, name: string): InstanceType {
  const type = typeOf(name);
  if (!type) throw new AwsError("InvalidParameterValue", `Invalid value '${name}' for InstanceType.`);
  if (!typesOffered(region).includes(type))
    throw new AwsError("Unsupported", `The requested configuration is currently not supported: ${name} in ${region}.`);
  return type;
}

export const describeInstanceTypes: Action = (call) => {
  const offered = typesOffered(call.region);
  const names = call.parameters.list("InstanceType");
  const unknown = names.filter((name) => !offered.some((type) => type.name === name));
  if (unknown.length > 0)
    throw new AwsError(
      "InvalidInstanceType",
      `The following supplied instance types do not exist: [${unknown.join(", ")}]`,
    );
  const matches = readFilters<InstanceType>(call, {
    "instance-type": (type) => type.name,
    "current-generation": (type) => String(type.currentGeneration),
    "burstable-performance-supported": (type) => String(type.burstable),
    "processor-info.supported-architecture": () => "x86_64",
    "vcpu-info.default-vcpus": (type) => String(type.vcpus),
    "memory-info.size-in-mib": (type) => String(type.memoryMiB),
    hypervisor: () => "nitro",
    "bare-metal": () => "false",
    "supported-usage-class": () => ["on-demand"],
    "supported-virtualization-type": () => ["hvm"],
  });
  const asked = offered.filter((type) => (names.length === 0 || names.includes(type.name)) && matches(type));
  const page = paginate(call, asked, (type) => type.name, { min: 5, max: 100 });
  return {
    instanceTypeSet: items(page.rows.map(typeXml)),
    nextToken: page.nextToken,
  };
};

const typeXml = (type: InstanceType) => ({
  instanceType: type.name,
  currentGeneration: type.currentGeneration,
  freeTierEligible: type.name === "t3.micro",
  supportedUsageClasses: texts(["on-demand"]),
  supportedRootDeviceTypes: texts(["ebs"]),
  supportedVirtualizationTypes: texts(["hvm"]),
  bareMetal: false,
  hypervisor: "nitro",
  processorInfo: { supportedArchitectures: texts(["x86_64"]) },
  vCpuInfo: {
    defaultVCpus: type.vcpus,
    defaultCores: Math.max(1, type.vcpus / 2),
    defaultThreadsPerCore: type.vcpus > 1 ? 2 : 1,
  },
  memoryInfo: { sizeInMiB: type.memoryMiB },
  instanceStorageSupported: false,
  ebsInfo: { ebsOptimizedSupport: "default", encryptionSupport: "supported", nvmeSupport: "required" },
  networkInfo: {
    maximumNetworkInterfaces: 3,
    ipv4AddressesPerInterface: 10,
    ipv6Supported: true,
    enaSupport: "required",
  },
  burstablePerformanceSupported: type.burstable,
  dedicatedHostsSupported: !type.burstable,
});

export const describeInstanceTypeOfferings: Action = (call) => {
  call.parameters.text("LocationType");
  const matches = readFilters<InstanceType>(call, {
    "instance-type": (type) => type.name,
    location: () => call.region,
  });
  const page = paginate(call, typesOffered(call.region).filter(matches), (type) => type.name, { min: 5, max: 1000 });
  return {
    instanceTypeOfferingSet: items(
      page.rows.map((type) => ({ instanceType: type.name, locationType: "region", location: call.region })),
    ),
    nextToken: page.nextToken,
  };
};
