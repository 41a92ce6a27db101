import { XMLValidator } from "fast-xml-parser";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { EC2_ACTIONS } from "../../../../main/lab/ec2/actions.ts";
import { imageId } from "../../../../main/lab/ec2/images.ts";
import { rawCall, type TestLab, testLab } from "./lab-for-tests.ts";

let one: TestLab;

beforeAll(async () => {
  one = await testLab();
});

const NAMES = [
  "InstanceId",
  "InstanceId.1",
  "VolumeId",
  "VolumeId.1",
  "SnapshotId",
  "ImageId",
  "GroupId",
  "GroupName",
  "GroupDescription",
  "KeyName",
  "PublicKeyMaterial",
  "MinCount",
  "MaxCount",
  "MaxResults",
  "NextToken",
  "Size",
  "Iops",
  "AvailabilityZone",
  "Device",
  "ClientToken",
  "DryRun",
  "UserData",
  "SourceRegion",
  "SourceSnapshotId",
  "AllocationId",
  "Attribute",
  "Value",
  "ResourceId.1",
  "Tag.1.Key",
  "Tag.1.Value",
  "Filter.1.Name",
  "Filter.1.Value.1",
  "TagSpecification.1.ResourceType",
  "TagSpecification.1.Tag.1.Key",
  "BlockDeviceMapping.1.DeviceName",
  "BlockDeviceMapping.1.Ebs.VolumeSize",
  "BlockDeviceMapping.1.Ebs.SnapshotId",
  "IpPermissions.1.IpProtocol",
  "IpPermissions.1.FromPort",
  "IpPermissions.1.ToPort",
  "IpPermissions.1.IpRanges.1.CidrIp",
  "IpPermissions.1.Ipv6Ranges.1.CidrIpv6",
  "__proto__",
  "Filter.0.",
  "Filter.999999999.Name",
];
const VALUES = [
  "",
  "1",
  "0",
  "-1",
  "99999999999999999999",
  "true",
  "../../etc/passwd",
  "i-0123456789abcdef0",
  "__proto__",
  "constructor",
  "tag:",
  "tag:__proto__",
  "eu-west-1a",
  "0.0.0.0/0",
  "::/0",
  "tcp",
  "\u0000\u001b]]>",
  "<!DOCTYPE x>&amp;\ud800",
  "(((((((((((*",
  "\\",
  "x".repeat(5_000),
];

test("whatever is sent, the answer is well-formed XML and never an internal error", async () => {
  const action = fc.constantFrom(...Object.keys(EC2_ACTIONS), "Nothing", "__proto__");
  const value = fc.oneof(
    fc.constantFrom(...VALUES, imageId("eu-west-1", "openbravo", "26Q2")),
    fc.string({ unit: "binary" }),
  );
  const parameters = fc.array(fc.tuple(fc.constantFrom(...NAMES), value), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(action, parameters, async (name, pairs) => {
      const body = new URLSearchParams([["Action", name], ...pairs]).toString();
      const { ec2, accessKeyId, secretAccessKey } = one.lab.ready;
      const answer = await rawCall(ec2, "ec2", { accessKeyId, secretAccessKey }, body);
      const wellFormed = XMLValidator.validate(answer.text);
      expect({ body, wellFormed, failed: answer.code === "InternalError" }).toEqual({
        body,
        wellFormed: true,
        failed: false,
      });
    }),
    { numRuns: 400 },
  );
});

test("whatever is sent without a signature is refused in XML", async () => {
  for (const [method, path, body] of [
    ["GET", "/?Action=DescribeRegions", undefined],
    ["PUT", "/", "x"],
    ["POST", "/%zz?%", "%%%=%&&&"],
    ["DELETE", "//[::1]/", undefined],
    ["POST", "/", "\u0000".repeat(1_000)],
  ] as const) {
    const response = await fetch(`${one.lab.ready.ec2}${path}`, { method, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(XMLValidator.validate(await response.text())).toBe(true);
  }
});
