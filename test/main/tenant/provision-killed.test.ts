import {
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  EC2Client,
  type Tag,
} from "@aws-sdk/client-ec2";
import { afterEach, expect, test } from "vitest";
import { getHttps } from "../../../main/adapters/https/probe.ts";
import { findLab } from "../../../main/lab/launch.ts";
import { provisionSteps } from "../../../shared/tenant/provision-steps.ts";
import type { ProvisionRequest } from "../../../shared/tenant/model.ts";
import { launchConsole } from "../../support/console.ts";
import { underKills } from "../../support/kill-matrix.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

const REQUEST_ID = "3f6f2a8e-5f0d-4a55-9a55-0d8f3c9b7e11";
const request: ProvisionRequest = {
  customer: "Kill & Sons",
  service: "openbravo",
  edition: "commerce",
  prefix: "kill-sons",
  version: "26Q3",
  accountId: "lab",
  region: "eu-west-1",
  environments: [
    { kind: "production", instanceType: "m6i.xlarge", volumeGiB: 100 },
    { kind: "test", instanceType: "m6i.large", volumeGiB: 50 },
  ],
  users: 10,
  posTerminals: 20,
  invoiceDate: "2026-03-01",
  owner: "Partner SA",
  zone: "Europe/Madrid",
  sshFrom: [],
  overrides: {},
};
const STEPS = provisionSteps(["production", "test"]);

async function everythingIn(home: string) {
  const lab = (await findLab(`${home}/lab`))!;
  const ec2 = new EC2Client({
    region: request.region,
    endpoint: lab.ec2,
    credentials: { accessKeyId: lab.accessKeyId, secretAccessKey: lab.secretAccessKey },
  });
  const [instances, volumes, groups, pairs] = await Promise.all([
    ec2.send(new DescribeInstancesCommand({})),
    ec2.send(new DescribeVolumesCommand({})),
    ec2.send(new DescribeSecurityGroupsCommand({})),
    ec2.send(new DescribeKeyPairsCommand({})),
  ]);
  ec2.destroy();
  const name = (tags: Tag[] | undefined) => tags?.find((tag) => tag.Key === "Name")?.Value ?? "";
  return {
    lab,
    made: {
      instances: (instances.Reservations ?? [])
        .flatMap((one) => one.Instances ?? [])
        .map((one) => `${name(one.Tags)} ${one.State?.Name}`)
        .toSorted(),
      volumes: (volumes.Volumes ?? []).map((one) => `${name(one.Tags)} ${one.State}`).toSorted(),
      groups: (groups.SecurityGroups ?? [])
        .map((one) => one.GroupName ?? "")
        .filter((one) => one !== "default")
        .toSorted((a, b) => a.localeCompare(b)),
      pairs: (pairs.KeyPairs ?? []).map((one) => one.KeyName).filter((one) => one !== "fleetwright-operator").length,
    },
  };
}

test("killed in every step of provisioning, the job goes on and everything exists once", {
  timeout: 900_000,
}, async () => {
  const { folder: home, remove } = await scratchFolder("killed");
  endings.push(remove, () => endProcessesOf(home));

  const { struck, job } = await underKills(home, (client) =>
    client.tenant.provision({ requestId: REQUEST_ID, ...request }),
  );
  const keeper = await launchConsole(home, "empty");
  const { client, close } = await keeper.connect();
  const { steps } = await client.jobs.get({ jobId: REQUEST_ID });
  const tenant = await client.tenant.get({ tenant: "kill-sons" });
  const { lab, made } = await everythingIn(home);

  expect(job.state).toBe("done");
  expect(steps.map((step) => [step.name, step.state])).toEqual(STEPS.map((name) => [name, "done"]));
  expect(made).toEqual({
    instances: ["fleetwright-kill-sons-production running", "fleetwright-kill-sons-test running"],
    volumes: [
      "fleetwright-kill-sons-production-data in-use",
      "fleetwright-kill-sons-production-root in-use",
      "fleetwright-kill-sons-test-data in-use",
      "fleetwright-kill-sons-test-root in-use",
    ],
    groups: ["fleetwright-kill-sons-production", "fleetwright-kill-sons-test"],
    pairs: 1,
  });
  expect(tenant.handOver?.handedOverAt).toBeInstanceOf(Date);
  for (const environment of tenant.environments) {
    const answer = await getHttps(
      {
        address: environment.sshAddress!.host,
        port: lab.ports.https,
        domain: new URL(environment.url).hostname,
        caFile: lab.ca,
        name: environment.kind,
      },
      "/health",
    );
    expect(answer.status).toBe(200);
  }
  // Fast steps may end between two looks; most must have been hit for the test to say anything.
  console.log(`killed at ${struck.length} of ${STEPS.length} steps: ${struck.join(", ")}`);
  expect(struck.length).toBeGreaterThan(STEPS.length / 2);
  close();
  await keeper.stop();
});
