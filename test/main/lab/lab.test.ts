import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
  ImportKeyPairCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { afterEach, expect, test } from "vitest";
import { imageId } from "../../../main/lab/ec2/images.ts";
import { startLab } from "../../../main/lab/index.ts";
import { adoptOrSpawnLab, findLab } from "../../../main/lab/launch.ts";
import { LabReady } from "../../../shared/lab/model.ts";
import { QUICK, quietRoom } from "./ec2/lab-for-tests.ts";

const ENTRY = fileURLToPath(new URL("../../../main/lab/process.ts", import.meta.url));
const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const ending of endings.splice(0).reverse()) await ending();
});

async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-lab-"));
  endings.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  return folder;
}

function client(ready: LabReady, region = "eu-west-1"): EC2Client {
  const { accessKeyId, secretAccessKey, ec2 } = ready;
  const made = new EC2Client({ region, endpoint: ec2, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 });
  endings.push(() => made.destroy());
  return made;
}

async function spawnLab(folder: string, grace = "60"): Promise<{ ready: LabReady; child: ChildProcess }> {
  const child = spawn(process.execPath, [ENTRY, folder, "empty", grace], { stdio: ["ignore", "pipe", "inherit"] });
  endings.push(() => child.kill("SIGKILL"));
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { ready: LabReady.parse(JSON.parse(line)), child };
}

test("one lab says where it listens, keeps its secrets to its owner and answers in three regions", async () => {
  const folder = await scratch();
  const lab = await startLab({ folder, seed: "empty", createRoom: quietRoom });
  endings.push(() => lab.stop());
  expect(LabReady.parse(lab.ready)).toEqual(lab.ready);
  const secrets = ["lab.json", "keys.json", "operator", "state.jsonl"];
  const modes = await Promise.all(secrets.map(async (name) => (await stat(join(folder, name))).mode & 0o077));
  expect(modes).toEqual([0, 0, 0, 0]);
  expect(await readFile(lab.ready.operatorKey, "utf8")).toContain("BEGIN OPENSSH PRIVATE KEY");
  for (const region of lab.ready.regions) {
    const reply = await client(lab.ready, region).send(new DescribeRegionsCommand({}));
    expect(reply.Regions?.map((one) => one.RegionName)).toEqual(lab.ready.regions);
  }
  expect(lab.status()).toMatchObject({ running: true, seed: "empty", hosts: [], requests: { ec2: 3 } });
});

test("a second lab on the same folder is refused and the first goes on", async () => {
  const folder = await scratch();
  const lab = await startLab({ folder, seed: "empty", createRoom: quietRoom });
  endings.push(() => lab.stop());
  await expect(startLab({ folder, seed: "empty", createRoom: quietRoom })).rejects.toMatchObject({ code: "HomeInUse" });
  await client(lab.ready).send(new DescribeRegionsCommand({}));
});

test("two labs on two folders have addresses of their own", async () => {
  const labs = await Promise.all(
    [await scratch(), await scratch()].map((folder) => startLab({ folder, seed: "empty", createRoom: quietRoom })),
  );
  for (const lab of labs) endings.push(() => lab.stop());
  const prefixes = await Promise.all(
    labs.map(async (lab) => {
      const run = {
        ImageId: imageId("eu-west-1", "openbravo", "26Q2"),
        InstanceType: "t3.small",
        MinCount: 1,
        MaxCount: 1,
      } as const;
      const reply = await client(lab.ready).send(new RunInstancesCommand(run));
      return reply.Instances?.[0]?.PublicIpAddress?.split(".").slice(0, 2).join(".");
    }),
  );
  expect(new Set(prefixes).size).toBe(2);
});

test("a lab that is stopped and started again has its instances, its keys and its addresses, and boots what ran", async () => {
  const folder = await scratch();
  const first = await startLab({ folder, seed: "empty", createRoom: quietRoom, timings: QUICK });
  const run = {
    ImageId: imageId("eu-west-1", "acumatica", "2026R1"),
    InstanceType: "t3.small",
    MinCount: 2,
    MaxCount: 2,
  } as const;
  await client(first.ready).send(new RunInstancesCommand(run));
  await first.settled();
  await first.stop();
  const room = quietRoom();
  const second = await startLab({ folder, seed: "demo", createRoom: () => room, timings: QUICK });
  endings.push(() => second.stop());
  expect(second.ready).toEqual({ ...first.ready, pid: process.pid });
  expect(second.status().hosts.map((host) => host.state)).toEqual(["running", "running"]);
  expect(room.on.size).toBe(2);
});

test("what was between two states at the end is carried on at the next start", async () => {
  const folder = await scratch();
  const hour = 3_600_000;
  const slow = { instanceStart: hour, instanceStop: hour, volumeCreate: hour, volumeAttach: hour, snapshot: hour };
  const first = await startLab({ folder, seed: "empty", createRoom: quietRoom, timings: { ...slow, volumeCreate: 0 } });
  const ec2 = client(first.ready);
  const { VolumeId } = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 1 }));
  await first.settled();
  await ec2.send(new CreateSnapshotCommand({ VolumeId }));
  const run = {
    ImageId: imageId("eu-west-1", "openbravo", "26Q2"),
    InstanceType: "t3.small",
    MinCount: 1,
    MaxCount: 1,
  } as const;
  const launched = await ec2.send(new RunInstancesCommand(run));
  expect(launched.Instances?.[0]?.State?.Name).toBe("pending");
  await first.stop();

  const second = await startLab({ folder, seed: "empty", createRoom: quietRoom, timings: QUICK });
  endings.push(() => second.stop());
  await second.settled();
  expect(second.status().hosts.map((host) => host.state)).toEqual(["running"]);
  const { Snapshots } = await client(second.ready).send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
  expect(Snapshots?.map((snapshot) => snapshot.State)).toEqual(["completed"]);
});

test("a host that does not boot leaves its instance stopped, with the reason", async () => {
  const folder = await scratch();
  const createRoom = () => ({ ...quietRoom(), powerOn: () => Promise.reject(new Error("no room")) });
  const lab = await startLab({ folder, seed: "empty", createRoom, timings: QUICK });
  endings.push(() => lab.stop());
  const run = {
    ImageId: imageId("eu-west-1", "openbravo", "26Q2"),
    InstanceType: "t3.small",
    MinCount: 1,
    MaxCount: 1,
  } as const;
  await client(lab.ready).send(new RunInstancesCommand(run));
  await lab.settled();
  const { Reservations } = await client(lab.ready).send(new DescribeInstancesCommand({}));
  expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
    State: { Name: "stopped" },
    StateReason: { Code: "Server.InternalError" },
  });
});

test("kill -9 loses no call that was answered, and what was under way goes on", async () => {
  const folder = await scratch();
  const { ready, child } = await spawnLab(folder);
  const ec2 = client(ready);
  const answered: string[] = [];
  const worker = async (): Promise<void> => {
    for (;;) {
      const made = await ec2
        .send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 1 }))
        .catch(() => null);
      if (!made) return;
      answered.push(made.VolumeId ?? "");
      if (answered.length === 40) child.kill("SIGKILL");
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  // What a kill in the middle of a write leaves.
  await appendFile(join(folder, "state.jsonl"), '[["volumes","vol-torn",{"id":');

  const next = await spawnLab(folder);
  const volumes = await client(next.ready).send(new DescribeVolumesCommand({}));
  const found = new Map(volumes.Volumes?.map((volume) => [volume.VolumeId ?? "", volume.State]));
  expect(answered.filter((id) => !found.has(id))).toEqual([]);
  expect([...found.values()].filter((state) => state !== "creating" && state !== "available")).toEqual([]);
  next.child.kill("SIGTERM");
  const [code] = (await once(next.child, "exit")) as [number];
  expect(code).toBe(0);
  expect(await readdir(folder)).not.toContain("lab.json");
});

test("a launched lab is adopted with its content, and ends when asked", async () => {
  const folder = await scratch();
  const first = await adoptOrSpawnLab({ folder, seed: "empty", entry: ENTRY });
  const key = new TextEncoder().encode(
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
  );
  await client(first.ready).send(new ImportKeyPairCommand({ KeyName: "kept", PublicKeyMaterial: key }));
  first.release();
  const second = await adoptOrSpawnLab({ folder, seed: "demo", entry: ENTRY });
  endings.push(() => second.stop());
  expect([first.adopted, second.adopted]).toEqual([false, true]);
  expect(second.ready).toEqual(first.ready);
  const fault = await second.injectFault({ name: "throttle", action: "DescribeInstances", count: 1 });
  await expect(client(second.ready).send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
    name: "RequestLimitExceeded",
  });
  expect((await second.status()).faults).toMatchObject([{ id: fault.id, struck: 1 }]);
  expect(await second.clearFaults()).toBe(0);
  expect(await second.reset("empty")).toMatchObject({ seed: "empty", pid: second.ready.pid });
  await second.stop();
  expect(await findLab(folder)).toBeNull();
  await expect(second.status()).rejects.toMatchObject({ code: "LabUnavailable" });
});

test("a lab that nobody holds ends itself after its grace", async () => {
  const folder = await scratch();
  const lab = await adoptOrSpawnLab({ folder, seed: "empty", entry: ENTRY, graceSeconds: 0 });
  expect(await findLab(folder)).not.toBeNull();
  lab.release();
  await expect.poll(() => findLab(folder)).toBeNull();
});

test("whoever holds a lab is told how it ended, and gets it back at its addresses", async () => {
  const folder = await scratch();
  const first = await adoptOrSpawnLab({ folder, seed: "empty", entry: ENTRY });
  process.kill(first.ready.pid, "SIGKILL");
  expect(await first.gone).toEqual({ asked: false });

  const second = await adoptOrSpawnLab({ folder, seed: "empty", entry: ENTRY });
  endings.push(() => second.stop());
  expect([second.adopted, second.ready.ec2]).toEqual([false, first.ready.ec2]);
  process.kill(second.ready.pid, "SIGTERM");
  expect(await second.gone).toEqual({ asked: true });
});

test("the control address refuses strangers and nonsense", async () => {
  const folder = await scratch();
  const lab = await startLab({ folder, seed: "empty", createRoom: quietRoom });
  endings.push(() => lab.stop());
  const { control, secretAccessKey } = lab.ready;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(new URL(path, control), { headers: { authorization: `Bearer ${secretAccessKey}` }, ...init });
  expect((await fetch(new URL("/status", control))).status).toBe(401);
  expect((await ask("/nowhere")).status).toBe(404);
  expect((await ask("/faults", { method: "POST", body: '{"name":"earthquake"}' })).status).toBe(400);
  expect((await ask("/faults", { method: "POST", body: "{" })).status).toBe(400);
  expect((await ask("/status")).status).toBe(200);
});
