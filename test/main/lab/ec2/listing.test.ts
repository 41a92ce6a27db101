import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteTagsCommand,
  DescribeAccountAttributesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeRegionsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  paginateDescribeInstanceTypes,
  paginateDescribeVolumes,
  type Tag,
} from "@aws-sdk/client-ec2";
import { beforeAll, expect, test } from "vitest";
import { wildcard } from "../../../../main/lab/ec2/listing.ts";
import { codeOf, rawCall, type TestLab, testLab } from "./lab-for-tests.ts";

let one: TestLab;
let ec2: EC2Client;
const volumes: string[] = [];

beforeAll(async () => {
  one = await testLab();
  ec2 = one.ec2();
  for (let number = 0; number < 13; number += 1) {
    const Tags: Tag[] = [
      { Key: "number", Value: String(number) },
      { Key: "odd key/: =+-@", Value: number % 2 === 0 ? "a*b?c\\d" : "plain" },
    ];
    const made = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: number < 5 ? "eu-west-1a" : "eu-west-1b",
        Size: 1 + number,
        TagSpecifications: [{ ResourceType: "volume", Tags }],
      }),
    );
    volumes.push(made.VolumeId ?? "");
  }
});

async function numbers(...Filters: { Name: string; Values: string[] }[]): Promise<number[]> {
  const reply = await ec2.send(new DescribeVolumesCommand({ Filters }));
  return (reply.Volumes ?? []).map((volume) => (volume.Size ?? 0) - 1).sort((a, b) => a - b);
}

test("filters on attributes and tags: every filter must match, of its values any", async () => {
  expect(await numbers({ Name: "tag:number", Values: ["3", "7"] })).toEqual([3, 7]);
  expect(await numbers({ Name: "tag:number", Values: ["1*"] })).toEqual([1, 10, 11, 12]);
  expect(await numbers({ Name: "tag:number", Values: ["1?"] })).toEqual([10, 11, 12]);
  expect(
    await numbers({ Name: "tag-key", Values: ["odd*"] }, { Name: "availability-zone", Values: ["eu-west-1a"] }),
  ).toEqual([0, 1, 2, 3, 4]);
  expect(
    await numbers({ Name: "tag:odd key/: =+-@", Values: ["a\\*b\\?c\\\\d"] }, { Name: "size", Values: ["1", "2"] }),
  ).toEqual([0]);
  expect(await numbers({ Name: "tag:number", Values: ["none"] })).toEqual([]);
  expect(await codeOf(numbers({ Name: "colour", Values: ["red"] }))).toBe("InvalidParameterValue");
  expect(await codeOf(numbers({ Name: "size", Values: Array.from({ length: 201 }, String) }))).toBe(
    "FilterLimitExceeded",
  );
});

test.each([
  ["*", "anything", true],
  ["a*c", "abc", true],
  ["a*c", "abd", false],
  ["a.c", "abc", false],
  ["a?c", "a日c", true],
  ["a\\?c", "abc", false],
  ["(x|y)+", "(x|y)+", true],
  ["", "", true],
  ["line*", "line\nbreak", true],
  ["*b*b*c", "abbbabc", true],
  ["a*b", "ab*", false],
  ["*a".repeat(60), `${"a".repeat(255)}b`, false],
])("the pattern %j on %j is %j", (pattern, text, expected) => {
  expect(wildcard(pattern)(text)).toBe(expected);
});

test("pages join to the whole, without repeats", async () => {
  const seen: string[] = [];
  let pages = 0;
  for await (const page of paginateDescribeVolumes({ client: ec2, pageSize: 5 }, {})) {
    pages += 1;
    seen.push(...(page.Volumes ?? []).map((volume) => volume.VolumeId ?? ""));
  }
  expect(pages).toBe(3);
  expect(seen.toSorted()).toEqual(volumes.toSorted());
  expect(await codeOf(ec2.send(new DescribeVolumesCommand({ NextToken: "nonsense" })))).toBe("InvalidNextToken");
  expect(await codeOf(ec2.send(new DescribeInstancesCommand({ MaxResults: 4 })))).toBe("InvalidParameterValue");
  const both = new DescribeInstancesCommand({ MaxResults: 5, InstanceIds: ["i-00000000000000000"] });
  expect(await codeOf(ec2.send(both))).toBe("InvalidParameterCombination");
});

test("tags are added, replaced, listed and removed, with a limit of fifty", async () => {
  const [id = ""] = volumes;
  await ec2.send(
    new CreateTagsCommand({
      Resources: [id],
      Tags: [
        { Key: "<k>&", Value: "株式会社 \"'<b>" },
        { Key: "number", Value: "zero" },
      ],
    }),
  );
  const read = async () =>
    (await ec2.send(new DescribeTagsCommand({ Filters: [{ Name: "resource-id", Values: [id] }] }))).Tags?.map((tag) => [
      tag.ResourceType,
      tag.Key,
      tag.Value,
    ]);
  expect(await read()).toContainEqual(["volume", "<k>&", "株式会社 \"'<b>"]);
  expect(await read()).toContainEqual(["volume", "number", "zero"]);
  await ec2.send(
    new DeleteTagsCommand({ Resources: [id], Tags: [{ Key: "number", Value: "other" }, { Key: "<k>&" }] }),
  );
  expect((await read())?.map(([, key]) => key)).toEqual(["number", "odd key/: =+-@"]);
  const many = Array.from({ length: 51 }, (_, index) => ({ Key: `k${index}`, Value: "" }));
  expect(await codeOf(ec2.send(new CreateTagsCommand({ Resources: [id], Tags: many })))).toBe("TagLimitExceeded");
  expect(
    await codeOf(
      ec2.send(new CreateTagsCommand({ Resources: ["vol-00000000000000000"], Tags: [{ Key: "a", Value: "" }] })),
    ),
  ).toBe("InvalidVolume.NotFound");
  const proto = { Key: "__proto__", Value: "polluted" };
  await ec2.send(new CreateTagsCommand({ Resources: [volumes[1] ?? ""], Tags: [proto] }));
  expect(await numbers({ Name: "tag:__proto__", Values: ["polluted"] })).toEqual([1]);
});

test("regions, zones, networks and limits are those of a fresh account", async () => {
  const regions = await ec2.send(new DescribeRegionsCommand({ RegionNames: ["us-east-1"] }));
  expect(regions.Regions).toEqual([
    { RegionName: "us-east-1", Endpoint: "ec2.us-east-1.amazonaws.com", OptInStatus: "opt-in-not-required" },
  ]);
  expect(await codeOf(ec2.send(new DescribeRegionsCommand({ RegionNames: ["xx-east-1"] })))).toBe(
    "InvalidParameterValue",
  );
  const zones = await one.ec2("ca-central-1").send(new DescribeAvailabilityZonesCommand({}));
  expect(zones.AvailabilityZones?.map((zone) => zone.ZoneName)).toEqual([
    "ca-central-1a",
    "ca-central-1b",
    "ca-central-1d",
  ]);
  const vpcs = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: "is-default", Values: ["true"] }] }));
  const subnets = await ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: "vpc-id", Values: [vpcs.Vpcs?.[0]?.VpcId ?? ""] }] }),
  );
  expect(subnets.Subnets).toHaveLength(3);
  const limits = await ec2.send(new DescribeAccountAttributesCommand({ AttributeNames: ["max-instances" as never] }));
  expect(limits.AccountAttributes?.[0]?.AttributeValues?.[0]?.AttributeValue).toBe("100");
});

test("images carry product and version, and some version is missing in some region", async () => {
  const versions = async (region: string, product: string) => {
    const reply = await one.ec2(region).send(
      new DescribeImagesCommand({
        Owners: ["self"],
        Filters: [{ Name: "tag:fleetwright:product", Values: [product] }],
      }),
    );
    const found = reply.Images ?? [];
    return found.map((image) => image.Tags?.find((tag) => tag.Key === "fleetwright:version")?.Value ?? "").toSorted();
  };
  expect(await versions("eu-west-1", "openbravo")).toEqual(["25Q1", "25Q2", "25Q3", "25Q4", "26Q1", "26Q2", "26Q3"]);
  expect(await versions("ca-central-1", "openbravo")).not.toContain("26Q3");
  expect(await versions("eu-west-1", "acumatica")).not.toContain("2026R2");
  const canonical = await ec2.send(new DescribeImagesCommand({ Owners: ["amazon"] }));
  expect(canonical.Images).toHaveLength(1);
});

test("instance types come in pages with vCPU and memory, and differ by region", async () => {
  const types: string[] = [];
  for await (const page of paginateDescribeInstanceTypes({ client: ec2, pageSize: 20 }, {}))
    types.push(...(page.InstanceTypes ?? []).map((type) => type.InstanceType ?? ""));
  expect(new Set(types).size).toBe(types.length);
  const wanted = await ec2.send(new DescribeInstanceTypesCommand({ InstanceTypes: ["m6i.xlarge"] }));
  expect(wanted.InstanceTypes?.[0]).toMatchObject({ VCpuInfo: { DefaultVCpus: 4 }, MemoryInfo: { SizeInMiB: 16_384 } });
  const absent = new DescribeInstanceTypesCommand({ InstanceTypes: ["m7i.large"] });
  expect(await codeOf(one.ec2("ca-central-1").send(absent))).toBe("InvalidInstanceType");
});

test("an unknown parameter and an unknown action are refused by name", async () => {
  const { ec2: url, accessKeyId, secretAccessKey } = one.lab.ready;
  const call = (body: string) => rawCall(url, "ec2", { accessKeyId, secretAccessKey }, body);
  const strange = await call("Action=DescribeRegions&Version=2016-11-15&Colour=red");
  expect(strange).toMatchObject({ status: 400, code: "UnknownParameter" });
  expect(strange.text).toContain("Colour");
  expect(await call("Action=DescribeMoon&Version=2016-11-15")).toMatchObject({ status: 400, code: "InvalidAction" });
  expect(await call("Action=toString")).toMatchObject({ code: "InvalidAction" });
  expect(await call("Version=2016-11-15")).toMatchObject({ code: "MissingParameter" });
  expect(await call(`Action=DescribeRegions&X=${"x".repeat(2_000_000)}`)).toMatchObject({ status: 413 });
});
