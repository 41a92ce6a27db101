import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  AttachVolumeCommand,
  CopySnapshotCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  type CreateVolumeCommandInput,
  DeleteSnapshotCommand,
  DeleteVolumeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  type EC2Client,
  ModifyVolumeCommand,
  RunInstancesCommand,
  type Volume,
} from "@aws-sdk/client-ec2";
import { beforeAll, expect, test } from "vitest";
import { imageId } from "../../../../main/lab/ec2/images.ts";
import { codeOf, type TestLab, testLab } from "./lab-for-tests.ts";

let one: TestLab;
let ec2: EC2Client;
let instanceId: string;

beforeAll(async () => {
  one = await testLab();
  ec2 = one.ec2();
  const reply = await ec2.send(
    new RunInstancesCommand({
      ImageId: imageId("eu-west-1", "openbravo", "26Q2"),
      InstanceType: "t3.small",
      MinCount: 1,
      MaxCount: 1,
      Placement: { AvailabilityZone: "eu-west-1b" },
    }),
  );
  instanceId = reply.Instances?.[0]?.InstanceId ?? "";
  await one.lab.settled();
});

async function create(input: Partial<CreateVolumeCommandInput> = {}): Promise<string> {
  const made = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1b", Size: 10, ...input }));
  return made.VolumeId ?? "";
}

async function read(id: string): Promise<Volume> {
  const reply = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  return reply.Volumes?.[0] ?? {};
}

const folderOf = (id: string): string =>
  join(one.folder, "storage", id.startsWith("vol-") ? "volumes" : "snapshots", id);

test("a volume is created, attached, seen by its host, detached and deleted", async () => {
  const id = await create({ TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "a", Value: "b" }] }] });
  await one.lab.settled();
  expect(await read(id)).toMatchObject({
    State: "available",
    Size: 10,
    VolumeType: "gp3",
    Tags: [{ Key: "a", Value: "b" }],
  });
  const attached = await ec2.send(
    new AttachVolumeCommand({ VolumeId: id, InstanceId: instanceId, Device: "/dev/sdf" }),
  );
  expect(attached.State).toBe("attaching");
  expect(
    await codeOf(ec2.send(new AttachVolumeCommand({ VolumeId: id, InstanceId: instanceId, Device: "/dev/sdg" }))),
  ).toBe("VolumeInUse");
  await one.lab.settled();
  expect(await read(id)).toMatchObject({
    State: "in-use",
    Attachments: [{ State: "attached", Device: "/dev/sdf", InstanceId: instanceId }],
  });
  expect(one.room.on.get(instanceId)?.volumes["/dev/sdf"]).toMatchObject({
    volumeId: id,
    sizeGiB: 10,
    folder: folderOf(id),
  });
  expect(await codeOf(ec2.send(new DeleteVolumeCommand({ VolumeId: id })))).toBe("VolumeInUse");

  await ec2.send(new DetachVolumeCommand({ VolumeId: id }));
  await one.lab.settled();
  expect((await read(id)).State).toBe("available");
  expect(one.room.on.get(instanceId)?.volumes).toEqual({});
  expect(await codeOf(ec2.send(new DetachVolumeCommand({ VolumeId: id })))).toBe("IncorrectState");
  await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  await one.lab.settled();
  expect(await codeOf(read(id))).toBe("InvalidVolume.NotFound");
  expect(existsSync(folderOf(id))).toBe(false);
});

test.each<[string, Partial<CreateVolumeCommandInput>, string]>([
  ["an unknown zone", { AvailabilityZone: "eu-west-1x" }, "InvalidZone.NotFound"],
  ["no size", { Size: undefined }, "MissingParameter"],
  ["a size too big", { Size: 20_000 }, "InvalidParameterValue"],
  ["an unknown type", { VolumeType: "floppy" as never }, "InvalidParameterValue"],
  ["a missing snapshot", { SnapshotId: "snap-00000000000000000" }, "InvalidSnapshot.NotFound"],
])("a volume with %s is refused", async (_, input, code) => {
  expect(await codeOf(create(input as Partial<CreateVolumeCommandInput>))).toBe(code);
});

test("a volume of another zone, a used device and a root disk are refused by name", async () => {
  const far = await create({ AvailabilityZone: "eu-west-1a" });
  const near = await create();
  await one.lab.settled();
  const attach = (VolumeId: string, Device: string) =>
    codeOf(ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: instanceId, Device })));
  expect(await attach(far, "/dev/sdf")).toBe("InvalidVolume.ZoneMismatch");
  expect(await attach(near, "/dev/sda1")).toBe("InvalidParameterValue");
  expect(await attach(near, "../../etc")).toBe("InvalidParameterValue");
  expect(await attach("vol-00000000000000000", "/dev/sdf")).toBe("InvalidVolume.NotFound");
  const root = await ec2.send(
    new DescribeVolumesCommand({
      Filters: [
        { Name: "attachment.instance-id", Values: [instanceId] },
        { Name: "attachment.device", Values: ["/dev/sda1"] },
      ],
    }),
  );
  const detach = new DetachVolumeCommand({ VolumeId: root.Volumes?.[0]?.VolumeId });
  expect(await codeOf(ec2.send(detach))).toBe("OperationNotPermitted");
});

test("one client token makes one volume", async () => {
  const ids = await Promise.all(Array.from({ length: 4 }, () => create({ ClientToken: "token-1" })));
  expect(new Set(ids).size).toBe(1);
  expect(await codeOf(create({ ClientToken: "token-1", Size: 11 }))).toBe("IdempotentParameterMismatch");
});

test("volumes grow, one change at a time, and never shrink", async () => {
  const id = await create();
  await one.lab.settled();
  await ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 40 }));
  expect((await read(id)).Size).toBe(40);
  expect(await codeOf(ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 39 })))).toBe("InvalidParameterValue");
  const again = ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 41 }));
  expect(await codeOf(again)).toBe("IncorrectModificationState");
});

test("a snapshot holds what the volume held, travels to another region and becomes a volume there", async () => {
  const id = await create();
  await one.lab.settled();
  await mkdir(join(folderOf(id), "pgdata"));
  await writeFile(join(folderOf(id), "pgdata", "PG_VERSION"), "18\n");
  const made = await ec2.send(new CreateSnapshotCommand({ VolumeId: id, Description: "before <upgrade>" }));
  expect(made).toMatchObject({ State: "pending", VolumeId: id, VolumeSize: 10 });
  const snapshotId = made.SnapshotId ?? "";
  const copy = (SourceSnapshotId: string) =>
    one.ec2("us-east-1").send(new CopySnapshotCommand({ SourceRegion: "eu-west-1", SourceSnapshotId }));
  expect(await codeOf(copy(snapshotId))).toBe("IncorrectState");
  // The volume may go as soon as the snapshot was answered.
  await ec2.send(new DeleteVolumeCommand({ VolumeId: id }));
  await one.lab.settled();
  const read1 = await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] }));
  expect(read1.Snapshots?.[0]).toMatchObject({ State: "completed", Progress: "100%", Description: "before <upgrade>" });

  const copied = (await copy(snapshotId)).SnapshotId ?? "";
  await one.lab.settled();
  await ec2.send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  const elsewhere = one.ec2("us-east-1");
  const restored = await elsewhere.send(
    new CreateVolumeCommand({ AvailabilityZone: "us-east-1c", SnapshotId: copied }),
  );
  await one.lab.settled();
  expect(await readFile(join(folderOf(restored.VolumeId ?? ""), "pgdata", "PG_VERSION"), "utf8")).toBe("18\n");
  expect(existsSync(folderOf(snapshotId))).toBe(false);
  expect(await codeOf(ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] })))).toBe(
    "InvalidSnapshot.NotFound",
  );
  const small = new CreateVolumeCommand({ AvailabilityZone: "us-east-1c", SnapshotId: copied, Size: 9 });
  expect(await codeOf(elsewhere.send(small))).toBe("InvalidParameterValue");
});
