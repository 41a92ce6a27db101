import { createHash } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachVolumeCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
  type Instance,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import ssh2 from "ssh2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { imageId } from "../../../main/lab/ec2/images.ts";
import { type RunningLab, startLab } from "../../../main/lab/index.ts";
import { QUICK } from "./ec2/lab-for-tests.ts";

const TENANT = { slug: "acme", id: "0b7f8a52-54a2-4c53-9a5e-0d7c4c8f6a11", domain: "acme.cloud.openbravo.com" };
const MINUTES = 180_000;

let folder: string;
let lab: RunningLab;
let ec2: EC2Client;
let groupId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fleetwright-lab-"));
  await chmod(folder, 0o711);
  lab = await startLab({ folder, seed: "empty", timings: QUICK });
  ec2 = new EC2Client({ region: "eu-west-1", endpoint: lab.ready.ec2, credentials: lab.ready });
  const group = await ec2.send(new CreateSecurityGroupCommand({ GroupName: "erp", Description: "erp" }));
  groupId = group.GroupId ?? "";
  const rule = (port: number, CidrIp: string) => ({
    IpProtocol: "tcp",
    FromPort: port,
    ToPort: port,
    IpRanges: [{ CidrIp }],
  });
  await ec2.send(
    new AuthorizeSecurityGroupIngressCommand({
      GroupId: groupId,
      IpPermissions: [rule(443, "0.0.0.0/0"), rule(22, "127.0.0.0/8")],
    }),
  );
}, MINUTES);

afterAll(async () => {
  ec2?.destroy();
  await lab?.stop();
  await rm(folder, { recursive: true, force: true });
}, MINUTES);

async function launch(): Promise<string> {
  const reply = await ec2.send(
    new RunInstancesCommand({
      ImageId: imageId("eu-west-1", "openbravo", "26Q2"),
      InstanceType: "t3.medium",
      KeyName: "fleetwright-operator",
      SecurityGroupIds: [groupId],
      MinCount: 1,
      MaxCount: 1,
    }),
  );
  await lab.settled();
  return reply.Instances?.[0]?.InstanceId ?? "";
}

async function read(id: string): Promise<Instance> {
  const reply = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return reply.Reservations?.[0]?.Instances?.[0] ?? {};
}

async function attach(volumeId: string | undefined, instanceId: string): Promise<void> {
  await ec2.send(new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: "/dev/sdf" }));
  await lab.settled();
}

/** Runs a command as the operator, on the host whose key the console output printed and on no other. */
async function onHost(id: string, command: string): Promise<string> {
  const { PublicIpAddress } = await read(id);
  const printed = await ec2.send(new GetConsoleOutputCommand({ InstanceId: id }));
  const trusted = Buffer.from(printed.Output ?? "", "base64").toString();
  const privateKey = await readFile(lab.ready.operatorKey);
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client
      .once("error", reject)
      .once("ready", () => {
        client.exec(command, (error, channel) => {
          if (error) return reject(error);
          let output = "";
          channel
            .on("data", (chunk: Buffer) => (output += chunk.toString()))
            .once("close", (code: number) => {
              client.end();
              if (code === 0) resolve(output);
              else reject(new Error(`${command} ended with ${code}: ${output}`));
            });
          channel.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
        });
      })
      .connect({
        host: PublicIpAddress ?? "",
        port: lab.ready.ports.ssh,
        username: "ubuntu",
        privateKey,
        hostVerifier: (key: Buffer) =>
          trusted.includes(`SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`),
      });
  });
}

async function health(id: string): Promise<Record<string, unknown>> {
  const { PublicIpAddress } = await read(id);
  const ca = await readFile(lab.ready.ca);
  const text = await new Promise<string>((resolve, reject) => {
    const options = {
      host: PublicIpAddress,
      port: lab.ready.ports.https,
      path: "/health",
      servername: TENANT.domain,
      ca,
      agent: false as const,
    };
    request(options, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString())).once("end", () => resolve(body));
    })
      .once("error", reject)
      .end();
  });
  return JSON.parse(text) as Record<string, unknown>;
}

const setup = `erpctl setup --tenant ${TENANT.slug} --tenant-id ${TENANT.id} --environment production --domain ${TENANT.domain}`;

test(
  "an instance is a host: proven by its console output, set up over SSH, answering over HTTPS",
  async () => {
    const id = await launch();
    const volume = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 10 }));
    await lab.settled();
    await attach(volume.VolumeId, id);
    expect((await onHost(id, "id -un; echo $USER")).trim()).toContain("ubuntu");
    const facts = JSON.parse(await onHost(id, setup)) as { database: { systemIdentifier: string } };
    expect(facts).toMatchObject({
      tenant: TENANT.slug,
      tenantId: TENANT.id,
      dataDevice: "/dev/sdf",
      database: { ready: true },
    });
    expect(await health(id)).toMatchObject({ tenant: TENANT.slug, version: "26Q2", database: "ready" });
    expect(lab.status().hosts).toMatchObject([{ instanceId: id, processes: "awake" }]);

    // Its data goes with the snapshot, to a host of its own.
    const { SnapshotId } = await ec2.send(new CreateSnapshotCommand({ VolumeId: volume.VolumeId }));
    await lab.settled();
    const second = await launch();
    const copy = await ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", SnapshotId }));
    await lab.settled();
    await attach(copy.VolumeId, second);
    const restored = JSON.parse(await onHost(second, setup)) as typeof facts;
    expect(restored.database.systemIdentifier).toBe(facts.database.systemIdentifier);
    await ec2.send(new StopInstancesCommand({ InstanceIds: [second] }));

    // Another address after a stop, the same host key, the same data.
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    await lab.settled();
    expect(lab.status().hosts.map((host) => [host.state, host.processes])).toEqual([
      ["stopped", "off"],
      ["stopped", "off"],
    ]);
    await ec2.send(new StartInstancesCommand({ InstanceIds: [id] }));
    await lab.settled();
    expect(JSON.parse(await onHost(id, "erpctl facts"))).toMatchObject({
      tenant: TENANT.slug,
      database: facts.database,
    });
    await ec2.send(new RebootInstancesCommand({ InstanceIds: [id] }));
    await lab.settled();
    expect(await health(id)).toMatchObject({ tenant: TENANT.slug });
  },
  MINUTES,
);
