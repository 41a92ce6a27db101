import {
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceStatusCommand,
  DescribeVolumesCommand,
  type EC2Client,
  GetConsoleOutputCommand,
  ImportKeyPairCommand,
  type Instance,
  ModifyInstanceAttributeCommand,
  RebootInstancesCommand,
  type RunInstancesCommandInput,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { beforeAll, expect, test } from "vitest";
import { codeOf, QUICK, type TestLab, testLab } from "./lab-for-tests.ts";

let one: TestLab;
let ec2: EC2Client;
let imageId: string;

beforeAll(async () => {
  one = await testLab();
  ec2 = one.ec2();
  const images = await ec2.send(
    new DescribeImagesCommand({
      Owners: ["self"],
      Filters: [
        { Name: "tag:fleetwright:product", Values: ["openbravo"] },
        { Name: "tag:fleetwright:version", Values: ["26Q2"] },
      ],
    }),
  );
  imageId = images.Images?.[0]?.ImageId ?? "";
});

async function run(input: Partial<RunInstancesCommandInput> = {}): Promise<Instance> {
  const reply = await ec2.send(
    new RunInstancesCommand({ ImageId: imageId, InstanceType: "t3.medium", MinCount: 1, MaxCount: 1, ...input }),
  );
  return reply.Instances?.[0] ?? {};
}

async function read(id: string): Promise<Instance> {
  const reply = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return reply.Reservations?.[0]?.Instances?.[0] ?? {};
}

test("an instance goes from pending to running with its key, disks, user data and tags", async () => {
  const line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl test";
  const imported = await ec2.send(
    new ImportKeyPairCommand({ KeyName: "key-1", PublicKeyMaterial: new TextEncoder().encode(line) }),
  );
  expect(imported.KeyPairId).toMatch(/^key-0/);
  const launched = await run({
    KeyName: "key-1",
    UserData: Buffer.from('{"erp":{}}').toString("base64"),
    BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 20, DeleteOnTermination: false } }],
    TagSpecifications: [
      { ResourceType: "instance", Tags: [{ Key: "Name", Value: "<b>株式会社</b> & 'é'; \"q\"" }] },
      { ResourceType: "volume", Tags: [{ Key: "fleetwright:tenant", Value: "acme" }] },
    ],
  });
  expect(launched.State).toEqual({ Code: 0, Name: "pending" });
  await one.lab.settled();
  const running = await read(launched.InstanceId ?? "");
  expect(running.State?.Name).toBe("running");
  expect(running.Tags).toEqual([{ Key: "Name", Value: "<b>株式会社</b> & 'é'; \"q\"" }]);
  expect(running.PublicIpAddress).toMatch(/^127\.\d+\.\d+\.\d+$/);
  expect(running.BlockDeviceMappings?.map((disk) => disk.DeviceName).sort()).toEqual(["/dev/sda1", "/dev/sdf"]);
  const spec = one.room.on.get(launched.InstanceId ?? "");
  expect(spec).toMatchObject({
    address: running.PublicIpAddress,
    product: "openbravo",
    version: "26Q2",
    vcpus: 2,
    memoryMiB: 4096,
    authorizedKeys: [line],
    userData: '{"erp":{}}',
  });
  expect(Object.keys(spec?.volumes ?? {})).toEqual(["/dev/sdf"]);

  const console1 = await ec2.send(new GetConsoleOutputCommand({ InstanceId: launched.InstanceId }));
  expect(Buffer.from(console1.Output ?? "", "base64").toString()).toContain("BEGIN SSH HOST KEY FINGERPRINTS");

  await ec2.send(new TerminateInstancesCommand({ InstanceIds: [launched.InstanceId ?? ""] }));
  await one.lab.settled();
  expect((await read(launched.InstanceId ?? "")).State?.Name).toBe("terminated");
  const left = await ec2.send(
    new DescribeVolumesCommand({ Filters: [{ Name: "tag:fleetwright:tenant", Values: ["acme"] }] }),
  );
  expect(left.Volumes?.map((volume) => [volume.Size, volume.State])).toEqual([[20, "available"]]);
});

test("stop frees the public address, start gives another, the private one and the disks stay", async () => {
  const launched = await run({ BlockDeviceMappings: [{ DeviceName: "/dev/sdf", Ebs: { VolumeSize: 5 } }] });
  const id = launched.InstanceId ?? "";
  await one.lab.settled();
  const running = await read(id);
  const stopping = await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
  expect(stopping.StoppingInstances).toEqual([
    { InstanceId: id, CurrentState: { Code: 64, Name: "stopping" }, PreviousState: { Code: 16, Name: "running" } },
  ]);
  await one.lab.settled();
  const stopped = await read(id);
  expect([stopped.State?.Name, stopped.PublicIpAddress]).toEqual(["stopped", undefined]);
  expect(one.room.on.has(id)).toBe(false);
  expect(await codeOf(ec2.send(new StopInstancesCommand({ InstanceIds: [id] })))).toBe("none");

  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceType: { Value: "m6i.large" } }));
  await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
  await one.lab.settled();
  const again = await read(id);
  expect(again).toMatchObject({
    InstanceType: "m6i.large",
    State: { Name: "running" },
    PrivateIpAddress: running.PrivateIpAddress,
    BlockDeviceMappings: running.BlockDeviceMappings,
  });
  expect(again.PublicIpAddress).not.toBe(running.PublicIpAddress);
  expect(one.room.on.get(id)).toMatchObject({ address: again.PublicIpAddress, vcpus: 2, memoryMiB: 8192 });
  const resize = new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceType: { Value: "t3.micro" } });
  expect(await codeOf(ec2.send(resize))).toBe("IncorrectInstanceState");
  await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
  await one.lab.settled();
  expect(one.room.on.has(id)).toBe(true);
});

test("one client token makes one instance, however often and however parallel it is sent", async () => {
  const order = { ClientToken: "job-1/production/instance", InstanceType: "t3.small" } as const;
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await run(order)).InstanceId));
  expect(new Set(ids).size).toBe(1);
  expect(await codeOf(run({ ...order, InstanceType: "t3.large" }))).toBe("IdempotentParameterMismatch");
  const found = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "client-token", Values: [order.ClientToken] }] }),
  );
  expect(found.Reservations).toHaveLength(1);
});

test("a dry run says whether it would succeed and leaves no trace", async () => {
  const count = async () => (await ec2.send(new DescribeInstancesCommand({}))).Reservations?.length;
  const before = await count();
  const dry = await run({ DryRun: true }).catch((error: unknown) => error);
  expect(dry).toMatchObject({ name: "DryRunOperation", $metadata: { httpStatusCode: 412 } });
  expect(await codeOf(run({ DryRun: true, ImageId: "ami-00000000000000000" }))).toBe("InvalidAMIID.NotFound");
  expect(await count()).toBe(before);
});

test.each<[string, Partial<RunInstancesCommandInput>, string]>([
  ["an unknown image", { ImageId: "ami-00000000000000000" }, "InvalidAMIID.NotFound"],
  ["no image id at all", { ImageId: "nonsense" }, "InvalidAMIID.Malformed"],
  ["an unknown type", { InstanceType: "q9.huge" as never }, "InvalidParameterValue"],
  ["a missing key pair", { KeyName: "nobody" }, "InvalidKeyPair.NotFound"],
  ["a missing group", { SecurityGroupIds: ["sg-00000000000000000"] }, "InvalidGroup.NotFound"],
  ["a missing subnet", { SubnetId: "subnet-00000000000000000" }, "InvalidSubnetID.NotFound"],
  ["user data that is not base64", { UserData: "%%%" }, "InvalidParameterValue"],
  ["more user data than 16 KiB", { UserData: Buffer.alloc(16_385).toString("base64") }, "InvalidParameterValue"],
  ["too many vCPUs", { InstanceType: "m6i.8xlarge", MinCount: 17, MaxCount: 17 }, "VcpuLimitExceeded"],
  ["fewer than none", { MinCount: 0 }, "InvalidParameterValue"],
  [
    "a disk smaller than the image",
    { BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { VolumeSize: 1 } }] },
    "InvalidBlockDeviceMapping",
  ],
  [
    "a reserved tag",
    { TagSpecifications: [{ ResourceType: "instance", Tags: [{ Key: "aws:x", Value: "" }] }] },
    "InvalidParameterValue",
  ],
])("a launch with %s is refused and nothing is made", async (_, input, code) => {
  const before = (await ec2.send(new DescribeVolumesCommand({}))).Volumes?.length;
  expect(await codeOf(run(input))).toBe(code);
  expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes?.length).toBe(before);
});

test("a protected instance is not terminated until it is released", async () => {
  const { InstanceId = "" } = await run({ DisableApiTermination: true });
  const terminate = () => codeOf(ec2.send(new TerminateInstancesCommand({ InstanceIds: [InstanceId] })));
  expect(await terminate()).toBe("OperationNotPermitted");
  await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination: { Value: false } }));
  expect(await terminate()).toBe("none");
  await one.lab.settled();
  expect(one.room.on.has(InstanceId)).toBe(false);
  expect(await terminate()).toBe("none");
});

test("status tells of running instances, and of all when asked", async () => {
  const { InstanceId = "" } = await run();
  await one.lab.settled();
  const status = async (IncludeAllInstances: boolean) => {
    const reply = await ec2.send(new DescribeInstanceStatusCommand({ InstanceIds: [InstanceId], IncludeAllInstances }));
    return reply.InstanceStatuses?.map((each) => [each.InstanceState?.Name, each.InstanceStatus?.Status]);
  };
  await expect.poll(() => status(false)).toEqual([["running", "ok"]]);
  await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId] }));
  await one.lab.settled();
  expect(await status(false)).toEqual([]);
  expect(await status(true)).toEqual([["stopped", "not-applicable"]]);
});

test("instances of another region are not there", async () => {
  const { InstanceId = "" } = await run();
  const elsewhere = one.ec2("us-east-1").send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
  expect(await codeOf(elsewhere)).toBe("InvalidInstanceID.NotFound");
  expect(await codeOf(ec2.send(new DescribeInstancesCommand({ InstanceIds: ["i-x"] })))).toBe(
    "InvalidInstanceID.Malformed",
  );
});

test("what is between two states waits for the next: no start while stopping, no stop while pending", async () => {
  const slow = await testLab({ timings: { ...QUICK, instanceStop: 3_600_000 } });
  const client = slow.ec2();
  const reply = await client.send(new RunInstancesCommand({ ImageId: imageId, MinCount: 1, MaxCount: 1 }));
  const InstanceIds = [reply.Instances?.[0]?.InstanceId ?? ""];
  await slow.lab.settled();
  await client.send(new StopInstancesCommand({ InstanceIds }));
  expect(await codeOf(client.send(new StartInstancesCommand({ InstanceIds })))).toBe("IncorrectInstanceState");
  expect(await codeOf(client.send(new RebootInstancesCommand({ InstanceIds })))).toBe("IncorrectInstanceState");
});
