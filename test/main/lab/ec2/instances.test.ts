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
import { codeOf, type TestLab, testLab } from "./lab-for-tests.ts";

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
  expect(images.Images).toHaveLength(1);
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
