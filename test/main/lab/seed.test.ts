import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeSnapshots,
  paginateDescribeVolumes,
  type Instance,
  type Snapshot,
  type Tag,
  type Volume,
} from "@aws-sdk/client-ec2";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { typeOf } from "../../../main/lab/ec2/instance-types.ts";
import { type RunningLab, startLab } from "../../../main/lab/index.ts";
import { SEED_TENANTS } from "../../../main/lab/seed-tenants.ts";
import { isKeyOf, readKey } from "../../../shared/tenant/licence.ts";
import { Edition, EnvironmentKind, Service, Slug } from "../../../shared/tenant/model.ts";
import { TAG } from "../../../shared/tenant/tags.ts";
import { quietRoom } from "./ec2/lab-for-tests.ts";

let folder: string;
let lab: RunningLab;
const room = quietRoom();
const instances: (Instance & { region: string })[] = [];
const volumes: Volume[] = [];
const snapshots: Snapshot[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-lab-"));
  await chmod(folder, 0o711);
  lab = await startLab({
    folder,
    seed: "demo",
    createRoom: () => ({
      ...room,
      consoleOutput: async () =>
        `256 SHA256:${"a".repeat(43)} root@x (ED25519)\n256 SHA256:${"b".repeat(43)} root@x (ECDSA)`,
    }),
  });
  for (const region of lab.ready.regions) {
    const client = new EC2Client({ region, endpoint: lab.ready.ec2, credentials: lab.ready });
    for await (const page of paginateDescribeInstances({ client }, {}))
      instances.push(
        ...(page.Reservations ?? []).flatMap((one) => one.Instances ?? []).map((one) => ({ ...one, region })),
      );
    for await (const page of paginateDescribeVolumes(
      { client },
      { Filters: [{ Name: "tag-key", Values: [TAG.tenant] }] },
    ))
      volumes.push(...(page.Volumes ?? []));
    for await (const page of paginateDescribeSnapshots({ client, pageSize: 100 }, { OwnerIds: ["self"] }))
      snapshots.push(...(page.Snapshots ?? []));
    client.destroy();
  }
});

afterAll(async () => {
  await lab?.stop();
  await rm(folder, { recursive: true, force: true });
});

const tagsOf = (one: { Tags?: Tag[] | undefined }): Record<string, string> =>
  Object.fromEntries((one.Tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]));

test("at least twelve tenants of both services and all editions in three regions, in different states", () => {
  const tags = instances.map(tagsOf);
  const values = (key: string) => new Set(tags.map((one) => one[key]));
  expect(values(TAG.tenantId).size).toBeGreaterThanOrEqual(12);
  expect(values(TAG.service)).toEqual(new Set(["openbravo", "acumatica"]));
  expect(values(TAG.edition)).toEqual(new Set(["business", "commerce", "essentials", "prime", "select"]));
  expect(values(TAG.environment)).toEqual(new Set(["production", "test", "sandbox"]));
  expect(values(TAG.version).size).toBeGreaterThanOrEqual(6);
  expect(new Set(instances.map((one) => one.region)).size).toBe(3);
  expect(new Set(instances.map((one) => one.InstanceType)).size).toBeGreaterThanOrEqual(5);
  expect(new Set(instances.map((one) => one.State?.Name))).toEqual(new Set(["running", "stopped"]));
  const stopped = instances.filter((one) => one.State?.Name === "stopped");
  expect(stopped.map((one) => [one.PublicIpAddress, room.on.has(one.InstanceId ?? "")])).toEqual(
    stopped.map(() => [undefined, false]),
  );
});

test("instances and data volumes carry the whole inventory, host keys included", () => {
  const complete = (one: Record<string, string>) => {
    expect(Service.safeParse(one[TAG.service]).success).toBe(true);
    expect(Edition.safeParse(one[TAG.edition]).success).toBe(true);
    expect(EnvironmentKind.safeParse(one[TAG.environment]).success).toBe(true);
    expect(Slug.safeParse(one[TAG.tenant]).success).toBe(true);
    for (const key of [
      TAG.tenantId,
      TAG.environmentId,
      TAG.version,
      TAG.prefix,
      TAG.domain,
      TAG.owner,
      TAG.zone,
      TAG.job,
    ])
      expect(one).toHaveProperty([key], expect.stringMatching(/./));
    expect(one[TAG.hostKey]).toBe(`SHA256:${"a".repeat(43)} SHA256:${"b".repeat(43)}`);
    expect(one[TAG.invoiceDate]).toMatch(/^\d{4}-\d\d-\d\d$/);
  };
  for (const one of [...instances, ...volumes]) complete(tagsOf(one));
  expect(volumes).toHaveLength(instances.length);
});

test("one customer's name would break every layer that does not escape", () => {
  const names = instances.map((one) => tagsOf(one)[TAG.customer] ?? "");
  expect(
    names.some((name) => name.includes("<b>") && name.includes("株式会社") && name.includes(";") && name.includes('"')),
  ).toBe(true);
});

test("a test environment has at most half of its production, as the contract says", () => {
  for (const tenant of SEED_TENANTS.filter((one) => one.service === "openbravo")) {
    const [production, second] = tenant.environments;
    if (!production || !second) continue;
    const [whole, half] = [typeOf(production.instanceType), typeOf(second.instanceType)];
    const fits = (half?.memoryMiB ?? 0) <= (whole?.memoryMiB ?? 0) / 2 && (half?.vcpus ?? 0) <= (whole?.vcpus ?? 0) / 2;
    expect([tenant.slug, fits, second.volumeGiB <= production.volumeGiB / 2]).toEqual([tenant.slug, true, true]);
  }
});

test("each host finds in its user data what it needs to set itself up", () => {
  const specs = [...room.on.values()];
  expect(specs.length).toBeGreaterThan(12);
  for (const spec of specs) {
    const { erp } = JSON.parse(spec.userData ?? "") as { erp: Record<string, string> };
    const key = readKey(erp.activationKey ?? "");
    expect(key && isKeyOf(key, erp.tenantId ?? "")).toBe(true);
    expect(erp.domain).toMatch(/\.(cloud\.openbravo|acumatica)\.com$/);
    expect(spec.authorizedKeys).toHaveLength(1);
    expect(spec.product).not.toBeNull();
  }
});

test("productions have thirty nights of backups with one visible hole, test environments none", () => {
  const nights = new Map<string, string[]>();
  for (const snapshot of snapshots) {
    const tags = tagsOf(snapshot);
    expect([snapshot.State, tags[TAG.kind], tags[TAG.environment]]).toEqual(["completed", "backup", "production"]);
    nights.set(tags[TAG.tenant] ?? "", [...(nights.get(tags[TAG.tenant] ?? "") ?? []), tags[TAG.takenAt] ?? ""]);
  }
  const old = SEED_TENANTS.filter((tenant) => tenant.ageDays > 31 && !tenant.missedNights && !tenant.quietNights);
  expect(old.filter((tenant) => (nights.get(tenant.slug)?.length ?? 0) < 29)).toEqual([]);
  const holed = SEED_TENANTS.find((tenant) => tenant.missedNights);
  expect(nights.get(holed?.slug ?? "")?.length).toBeLessThanOrEqual(28);
});

test("each region has a bucket", async () => {
  const client = new S3Client({
    region: "us-east-1",
    endpoint: lab.ready.s3,
    credentials: lab.ready,
    forcePathStyle: true,
  });
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  expect(Buckets?.map((bucket) => bucket.Name).toSorted()).toEqual(
    lab.ready.regions.map((region) => `fleetwright-backups-111122223333-${region}`).toSorted(),
  );
  expect(lab.status()).toMatchObject({ seed: "demo", buckets: 3 });
  client.destroy();
});

test("a reset to empty wipes the fleet, and keeps keys and addresses of the endpoints", async () => {
  const before = lab.ready;
  const status = await lab.reset("empty");
  expect(status).toMatchObject({
    seed: "empty",
    hosts: [],
    buckets: 0,
    ec2: before.ec2,
    accessKeyId: before.accessKeyId,
  });
  expect(room.on.size).toBe(0);
  expect((await lab.reset("demo")).hosts.length).toBe(instances.length);
});
