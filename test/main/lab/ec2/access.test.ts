import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DeleteKeyPairCommand,
  DeleteSecurityGroupCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DisassociateAddressCommand,
  type EC2Client,
  ImportKeyPairCommand,
  ModifyInstanceAttributeCommand,
  ReleaseAddressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import ssh2 from "ssh2";
import { beforeAll, expect, test } from "vitest";
import { makeKeyPair } from "../../../../main/lab/hosts/host-keys.ts";
import { imageId } from "../../../../main/lab/ec2/images.ts";
import { codeOf, type TestLab, testLab } from "./lab-for-tests.ts";

let one: TestLab;
let ec2: EC2Client;

beforeAll(async () => {
  one = await testLab();
  ec2 = one.ec2();
});

async function group(GroupName: string): Promise<string> {
  const made = await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: "for tests (ssh, https)" }));
  return made.GroupId ?? "";
}

async function launch(SecurityGroupIds?: string[]): Promise<string> {
  const reply = await ec2.send(
    new RunInstancesCommand({
      ImageId: imageId("eu-west-1", "openbravo", "26Q2"),
      InstanceType: "t3.small",
      MinCount: 1,
      MaxCount: 1,
      ...(SecurityGroupIds ? { SecurityGroupIds } : {}),
    }),
  );
  await one.lab.settled();
  return reply.Instances?.[0]?.InstanceId ?? "";
}

const open = (GroupId: string, port: number, CidrIp: string) =>
  ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp, Description: "why" }] }],
    }),
  );

test("a host lets in exactly whom its groups allow, from the moment they do", async () => {
  const groupId = await group("gate");
  const instanceId = await launch([groupId]);
  const allows = one.room.on.get(instanceId)?.allows;
  expect([allows?.("ssh", "127.0.0.1"), allows?.("https", "127.0.0.1")]).toEqual([false, false]);
  await open(groupId, 22, "127.0.0.0/8");
  await open(groupId, one.lab.ready.ports.https, "0.0.0.0/0");
  expect([
    allows?.("ssh", "127.0.0.1"),
    allows?.("ssh", "10.0.0.1"),
    allows?.("https", "10.0.0.1"),
    allows?.("http", "10.0.0.1"),
  ]).toEqual([true, false, true, false]);
  await ec2.send(
    new RevokeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "127.0.0.0/8" }] }],
    }),
  );
  expect(allows?.("ssh", "127.0.0.1")).toBe(false);
  const other = await group("other");
  await open(other, 22, "0.0.0.0/0");
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: instanceId, Groups: [other] }));
  expect(allows?.("ssh", "127.0.0.1")).toBe(true);
});

test("groups and rules keep EC2's order: duplicates, missing rules, groups in use", async () => {
  const groupId = await group("rules");
  expect(await codeOf(group("rules"))).toBe("InvalidGroup.Duplicate");
  await open(groupId, 443, "0.0.0.0/0");
  expect(await codeOf(open(groupId, 443, "0.0.0.0/0"))).toBe("InvalidPermission.Duplicate");
  expect(await codeOf(open(groupId, 443, "0.0.0.0/33"))).toBe("InvalidParameterValue");
  expect(await codeOf(open(groupId, 70_000, "0.0.0.0/0"))).toBe("InvalidParameterValue");
  const revoke = new RevokeSecurityGroupIngressCommand({
    GroupId: groupId,
    IpProtocol: "tcp",
    FromPort: 1,
    ToPort: 1,
    CidrIp: "0.0.0.0/0",
  });
  expect(await codeOf(ec2.send(revoke))).toBe("InvalidPermission.NotFound");
  const read = await ec2.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: "group-name", Values: ["rules"] }] }),
  );
  expect(read.SecurityGroups?.[0]).toMatchObject({
    GroupId: groupId,
    IpPermissions: [
      { IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "0.0.0.0/0", Description: "why" }] },
    ],
    IpPermissionsEgress: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
  });
  const rules = await ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: "group-id", Values: [groupId] }] }),
  );
  expect(rules.SecurityGroupRules?.map((rule) => rule.IsEgress).toSorted()).toEqual([false, true]);
  await launch([groupId]);
  expect(await codeOf(ec2.send(new DeleteSecurityGroupCommand({ GroupId: groupId })))).toBe("DependencyViolation");
  const spare = await group("spare");
  await ec2.send(new DeleteSecurityGroupCommand({ GroupId: spare }));
  expect(await codeOf(ec2.send(new DeleteSecurityGroupCommand({ GroupId: spare })))).toBe("InvalidGroup.NotFound");
  const byDefault = await ec2.send(new DescribeSecurityGroupsCommand({ GroupNames: ["default"] }));
  expect(
    await codeOf(ec2.send(new DeleteSecurityGroupCommand({ GroupId: byDefault.SecurityGroups?.[0]?.GroupId }))),
  ).toBe("CannotDelete");
});

test("key pairs are imported once, shown with AWS's fingerprints and deleted", async () => {
  const pair = makeKeyPair("ED25519");
  const material = new TextEncoder().encode(`${pair.public} someone`);
  const add = () => ec2.send(new ImportKeyPairCommand({ KeyName: "mine", PublicKeyMaterial: material }));
  expect((await add()).KeyFingerprint).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(await codeOf(add())).toBe("InvalidKeyPair.Duplicate");
  const read = await ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["mine"], IncludePublicKey: true }));
  expect(read.KeyPairs?.[0]?.PublicKey).toBe(`${pair.public} someone`);
  const bad = new ImportKeyPairCommand({ KeyName: "bad", PublicKeyMaterial: new TextEncoder().encode("ssh-dss AAAA") });
  expect(await codeOf(ec2.send(bad))).toBe("InvalidKey.Format");
  const made = await ec2.send(new CreateKeyPairCommand({ KeyName: "made" }));
  expect(ssh2.utils.parseKey(made.KeyMaterial ?? "")).not.toBeInstanceOf(Error);
  await ec2.send(new DeleteKeyPairCommand({ KeyName: "mine" }));
  await ec2.send(new DeleteKeyPairCommand({ KeyName: "mine" }));
  expect(await codeOf(ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["mine"] })))).toBe("InvalidKeyPair.NotFound");
  const operator = await ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["fleetwright-operator"] }));
  expect(operator.KeyPairs).toHaveLength(1);
});

test("an address goes to an instance, moves, and is given back", async () => {
  const first = await launch();
  const second = await launch();
  const addressOf = async (id: string) => {
    const reply = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return reply.Reservations?.[0]?.Instances?.[0]?.PublicIpAddress;
  };
  const { AllocationId, PublicIp } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
  await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: first }));
  await one.lab.settled();
  expect(await addressOf(first)).toBe(PublicIp);
  expect(one.room.on.get(first)?.address).toBe(PublicIp);
  const moved = await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: second }));
  expect(await addressOf(second)).toBe(PublicIp);
  expect(await codeOf(ec2.send(new ReleaseAddressCommand({ AllocationId })))).toBe("InvalidIPAddress.InUse");
  await ec2.send(new DisassociateAddressCommand({ AssociationId: moved.AssociationId }));
  await one.lab.settled();
  expect(await addressOf(second)).not.toBe(PublicIp);
  await ec2.send(new ReleaseAddressCommand({ AllocationId }));
  expect((await ec2.send(new DescribeAddressesCommand({}))).Addresses).toEqual([]);
});
