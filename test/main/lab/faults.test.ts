import {
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeRegionsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  type EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterEach, beforeAll, expect, test } from "vitest";
import { imageId } from "../../../main/lab/ec2/images.ts";
import { createFaultEngine, type FaultCall, type FaultEngineOptions, faultMatches } from "../../../main/lab/faults.ts";
import { codeOf, type TestLab, testLab } from "./ec2/lab-for-tests.ts";

let one: TestLab;
let ec2: EC2Client;

beforeAll(async () => {
  one = await testLab();
  ec2 = one.ec2();
});

afterEach(() => {
  one.lab.clearFaults();
});

const regions = () => codeOf(ec2.send(new DescribeRegionsCommand({})));
const create = (ClientToken?: string) =>
  ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 1, ClientToken }));
const volumes = async () => (await ec2.send(new DescribeVolumesCommand({}))).Volumes?.length;

test.each([
  ["throttle", "RequestLimitExceeded", "Throttling"],
  ["server-error", "InternalError", "InternalFailure"],
  ["expired-credentials", "RequestExpired", "ExpiredToken"],
] as const)("%s strikes as often as asked, with each service's own code, and is over", async (name, ofEc2, ofSts) => {
  const { id } = one.lab.injectFault({ name, count: 3 });
  expect(await regions()).toBe(ofEc2);
  expect(await codeOf(one.sts().send(new GetCallerIdentityCommand({})))).toBe(ofSts);
  expect(await codeOf(create())).toBe(ofEc2);
  expect(await regions()).toBe("none");
  expect(one.lab.status().faults).toMatchObject([{ id, name, count: 3, struck: 3 }]);
  expect(one.lab.clearFault(id)).toBe(true);
  expect(one.lab.clearFault(id)).toBe(false);
});

test("a fault is narrowed to an action and to a region", async () => {
  one.lab.injectFault({ name: "throttle", action: "DescribeVolumes", region: "eu-west-1" });
  expect(await regions()).toBe("none");
  expect(await codeOf(volumes())).toBe("RequestLimitExceeded");
  expect(await codeOf(one.ec2("us-east-1").send(new DescribeVolumesCommand({})))).toBe("none");
});

test("no capacity meets launches only, and a plain retry then succeeds", async () => {
  one.lab.injectFault({ name: "no-capacity", count: 1 });
  expect(await regions()).toBe("none");
  const order = { ImageId: imageId("eu-west-1", "openbravo", "26Q2"), MinCount: 1, MaxCount: 1 } as const;
  const failed = await ec2.send(new RunInstancesCommand(order)).catch((error: unknown) => error);
  expect(failed).toMatchObject({ name: "InsufficientInstanceCapacity" });
  expect(await codeOf(ec2.send(new RunInstancesCommand(order)))).toBe("none");
});

test("a lost reply has its effect once, and the client token finds what it made", async () => {
  const before = (await volumes()) ?? 0;
  one.lab.injectFault({ name: "lost-reply", count: 1 });
  expect(await volumes()).toBe(before);
  await expect(create("lost")).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(await volumes()).toBe(before + 1);
  await create("lost");
  expect(await volumes()).toBe(before + 1);
});

test("a region that is down resets every connection, and the others answer", async () => {
  one.lab.injectFault({ name: "region-down", region: "eu-west-1" });
  await expect(ec2.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(await codeOf(one.ec2("ca-central-1").send(new DescribeRegionsCommand({})))).toBe("none");
});

test("eventually consistent reads do not see the newest writes, not by id and not in lists", async () => {
  const before = (await volumes()) ?? 0;
  one.lab.injectFault({ name: "eventual-consistency", delayMs: 600_000 });
  const made = await create();
  expect(made.VolumeId).toMatch(/^vol-/);
  expect(await volumes()).not.toBe(before + 1);
  const byId = new DescribeVolumesCommand({ VolumeIds: [made.VolumeId ?? ""] });
  expect(await codeOf(ec2.send(byId))).toBe("InvalidVolume.NotFound");
  one.lab.clearFaults();
  expect(await codeOf(ec2.send(byId))).toBe("none");
  expect((await ec2.send(new DescribeTagsCommand({}))).Tags?.length).toBeGreaterThan(0);
});

test("troubles of hosts reach the hosts that run, and leave them when cleared", async () => {
  const order = { ImageId: imageId("us-east-1", "openbravo", "26Q2"), MinCount: 2, MaxCount: 2 } as const;
  await one.ec2("us-east-1").send(new RunInstancesCommand(order));
  await one.lab.settled();
  const reply = await one.ec2("us-east-1").send(new DescribeInstancesCommand({}));
  const ids = reply.Reservations?.flatMap((each) => each.Instances ?? []).map((each) => each.InstanceId ?? "") ?? [];
  expect(ids).toHaveLength(2);
  one.room.troubles.length = 0;
  const all = one.lab.injectFault({ name: "disk-full", region: "us-east-1" });
  expect(all.struck).toBe(2);
  expect(one.room.troubles.toSorted()).toEqual(ids.map((id) => `${id} disk-full true`).toSorted());
  one.lab.injectFault({ name: "ssh-cut", instance: ids[0] });
  one.room.troubles.length = 0;
  one.lab.clearFaults();
  expect(one.room.troubles.toSorted()).toEqual(
    [...ids.map((id) => `${id} disk-full false`), `${ids[0]} ssh-cut false`].toSorted(),
  );
});

const quiet: FaultEngineOptions = { runningHosts: () => [], trouble: () => undefined };
const call = (action: string, more: Partial<FaultCall> = {}): FaultCall => ({
  service: "ec2",
  action,
  region: "eu-west-1",
  ...more,
});

test("a fault ends by itself after its seconds", () => {
  let now = 1_000_000;
  const engine = createFaultEngine({ ...quiet, now: () => now });
  engine.inject({ name: "throttle", seconds: 10 });
  expect(engine.before(call("X")).kind).toBe("error");
  now += 10_000;
  expect(engine.before(call("X")).kind).toBe("pass");
  expect(engine.list()).toMatchObject([{ struck: 1 }]);
  now += 61_000;
  expect(engine.list()).toEqual([]);
});

test("a rate strikes that share of the calls", () => {
  let draw = 0;
  const engine = createFaultEngine({ ...quiet, random: () => (draw = (draw + 0.1) % 1) });
  engine.inject({ name: "server-error", rate: 0.3 });
  const struck = Array.from({ length: 100 }, () => engine.before(call("X")).kind).filter((kind) => kind === "error");
  expect(struck.length).toBeGreaterThanOrEqual(20);
  expect(struck.length).toBeLessThanOrEqual(40);
});

test("slowness adds up and does not hide what follows", () => {
  const engine = createFaultEngine(quiet);
  engine.inject({ name: "slow", delayMs: 30 });
  engine.inject({ name: "slow", delayMs: 12 });
  expect(engine.before(call("X"))).toEqual({ kind: "pass", delayMs: 42, dropReply: false, staleMs: 0 });
  engine.inject({ name: "throttle", count: 1 });
  expect(engine.before(call("X"))).toEqual({ kind: "error", error: "throttle", delayMs: 42 });
});

test.each<[string, Parameters<typeof faultMatches>[0], FaultCall, boolean]>([
  ["a lost reply is for calls that change something", { name: "lost-reply" }, call("DescribeX"), false],
  ["unless a read is named", { name: "lost-reply", action: "DescribeX" }, call("DescribeX"), true],
  ["an instance narrows", { name: "throttle", instance: "i-1" }, call("X", { instances: ["i-2"] }), false],
  ["to calls that name it", { name: "throttle", instance: "i-1" }, call("X", { instances: ["i-2", "i-1"] }), true],
  ["capacity is not for storage", { name: "no-capacity" }, call("RunInstances", { service: "s3" }), false],
  ["host troubles are no API faults", { name: "disk-full" }, call("X"), false],
])("%s", (_, fault, given, expected) => {
  expect(faultMatches(fault, given)).toBe(expected);
});
