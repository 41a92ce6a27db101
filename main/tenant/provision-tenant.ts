import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { DAY_MS, MINUTE_MS } from "../../shared/time.ts";
import { evaluationKey } from "../../shared/tenant/licence.ts";
import { EnvironmentRequest, ProvisionRequest } from "../../shared/tenant/model.ts";
import {
  environmentStep,
  type EnvironmentStep,
  LAST_STEP,
  PREPARE_STEPS,
  provisionSteps,
} from "../../shared/tenant/provision-steps.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { type JobKind, type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import { commandFailed } from "../toolkit/erpctl.ts";
import { environmentIdOf } from "./identity.ts";
import { resourceName } from "./plan.ts";
import type { Cloud, HostAddress, TenantPorts } from "./ports.ts";
import type { TenantStore } from "./store.ts";
import { environmentTags } from "./tags.ts";

/** The data volume's device; images format it on first set-up when it is blank. */
const DATA_DEVICE = "/dev/sdf";
const POLL_MS = 500;
const BOOT_MS = 10 * MINUTE_MS;

export const ProvisionInput = z.object({
  tenantId: z.string(),
  slug: z.string(),
  orderedAt: z.coerce.date(),
  orderedBy: z.string(),
  request: ProvisionRequest,
  imageId: z.string(),
  sshUser: z.string(),
  sshFrom: z.array(z.string()),
  environments: z.array(EnvironmentRequest.extend({ domain: z.string() })),
});
export type ProvisionInput = z.infer<typeof ProvisionInput>;
type OrderedEnvironment = ProvisionInput["environments"][number];

interface Prepared {
  readonly keyName: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly zone: string;
}

/** `tenant.provision`: from an allowed order to a tenant that serves. Reads like its runbook. */
export function provisionTenant(ports: TenantPorts, store: TenantStore): JobKind<ProvisionInput> {
  return {
    kind: "tenant.provision",
    input: ProvisionInput,
    canRollBack: true,
    plan: (input) => provisionSteps(input.environments.map((one) => one.kind)),

    async run(input, job) {
      if (!(await store.tenant(input.tenantId))) throw rolledBack(input);
      const cloud = cloudOf(ports, input);
      const [checkAccount, importKeyPair, chooseNetwork] = PREPARE_STEPS;

      await job.step(checkAccount, async (step) => {
        const identity = await cloud().whoAmI();
        const image = (await cloud().images()).find((one) => one.imageId === input.imageId);
        if (!image) throw imageGone(input);
        await step.detail(`AWS account ${identity.awsAccountId}, ${image.name}`);
      });

      const keyName = await job.step(importKeyPair, async (step) => {
        const key = await ports.operatorKey(accountOf(ports, input));
        await cloud().findOrImportKeyPair(key.keyName, key.publicKey);
        await step.detail(key.keyName);
        return key.keyName;
      });

      const place = await job.step(chooseNetwork, async (step) => {
        const found = await cloud().place(input.tenantId);
        await step.detail(`${found.vpcId}, ${found.subnetId}, ${found.zone}`);
        return found;
      });

      for (const environment of input.environments) {
        await provisionEnvironment(ports, store, input, environment, { keyName, ...place }, job);
      }

      await job.step(LAST_STEP, async (step) => {
        const at = ports.now();
        const tenant = await store.tenant(input.tenantId);
        const handedOverAt = tenant?.handedOverAt ?? at;
        const environments = await store.environments(input.tenantId);
        const resources = environments.flatMap((one) =>
          [one.facts.instanceId, one.facts.volumeId].filter((id) => id !== undefined),
        );
        await cloud().setTags(resources, { [TAG.handedOver]: handedOverAt.toISOString() });
        await store.handedOver(input.tenantId, handedOverAt);
        ports.changed(input.tenantId);
        ports.readSoon(input.request.accountId, input.request.region);
        await step.detail(environments.map((one) => `https://${one.domain}`).join(", "));
      });
    },
  };
}

async function provisionEnvironment(
  ports: TenantPorts,
  store: TenantStore,
  input: ProvisionInput,
  environment: OrderedEnvironment,
  prepared: Prepared,
  job: JobRun,
): Promise<void> {
  const { kind, domain } = environment;
  const account = () => accountOf(ports, input);
  const cloud = cloudOf(ports, input);
  const name = `${input.slug} ${kind}`;
  const environmentId = environmentIdOf(input.tenantId, kind);
  const tags = environmentTags(input, environment);
  const made = (what: string) => ({ jobId: job.jobId, resource: `${kind}/${what}` });
  const step = <T>(what: EnvironmentStep, work: (step: StepContext) => Promise<T>) =>
    job.step(environmentStep(kind, what), async (context) => {
      const result = await work(context);
      ports.changed(input.tenantId);
      return result;
    });

  const securityGroupId = await step("create security group", async (context) => {
    const { ports: listen } = account();
    const id = await cloud().findOrCreateSecurityGroup(made("security-group"), {
      vpcId: prepared.vpcId,
      name: resourceName(input.slug, kind),
      description: `Fleetwright: HTTPS for all, SSH for allowed networks (${input.slug} ${kind})`,
      rules: [
        { port: listen.https, from: "0.0.0.0/0", description: "HTTPS" },
        ...input.sshFrom.map((from) => ({ port: listen.ssh, from, description: "SSH, allowed network" })),
      ],
      tags: { ...tags, Name: resourceName(input.slug, kind) },
    });
    await store.learn(environmentId, { securityGroupId: id });
    await context.detail(id);
    return id;
  });

  const volumeId = await step("create data volume", async (context) => {
    const volume = await cloud().findOrCreateVolume(made("volume"), {
      zone: prepared.zone,
      sizeGiB: environment.volumeGiB,
      tags: { ...tags, Name: `${resourceName(input.slug, kind)}-data` },
    });
    await store.learn(environmentId, { volumeId: volume.volumeId, volumeGiB: environment.volumeGiB });
    await context.detail(`${volume.volumeId}, ${environment.volumeGiB} GiB`);
    return volume.volumeId;
  });

  const instanceId = await step("run instance", async (context) => {
    const id = await cloud().findOrRunInstance(made("instance"), {
      imageId: input.imageId,
      instanceType: environment.instanceType,
      keyName: prepared.keyName,
      securityGroupId,
      subnetId: prepared.subnetId,
      tags: { ...tags, Name: resourceName(input.slug, kind) },
    });
    await store.learn(environmentId, {
      instanceId: id,
      instanceType: environment.instanceType,
      imageId: input.imageId,
      sshUser: input.sshUser,
    });
    await context.detail(`${id}, ${environment.instanceType}`);
    return id;
  });

  const address = await step("wait until it runs", async (context) => {
    const found = await pollUntil(
      `Starting ${instanceId}`,
      context.signal,
      { everyMs: POLL_MS, withinMs: BOOT_MS },
      async () => {
        const instance = await cloud().instance(instanceId);
        if (instance && ["terminated", "shutting-down", "stopped"].includes(instance.state)) {
          throw instanceLost(name, instanceId, instance.state);
        }
        return instance?.state === "running" && instance.address ? instance : undefined;
      },
    );
    await store.learn(environmentId, {
      instanceState: found.state,
      address: found.address,
      ...(found.launchedAt ? { launchedAt: found.launchedAt.toISOString() } : {}),
    });
    await context.detail(found.address!);
    return found.address!;
  });

  await step("attach data volume", async (context) => {
    await pollUntil(`Creating ${volumeId}`, context.signal, { everyMs: POLL_MS, withinMs: BOOT_MS }, async () => {
      const volume = await cloud().volume(volumeId);
      return volume?.state === "available" || volume?.state === "in-use" ? true : undefined;
    });
    await cloud().ensureAttached(volumeId, instanceId, DATA_DEVICE);
    await pollUntil(`Attaching ${volumeId}`, context.signal, { everyMs: POLL_MS, withinMs: BOOT_MS }, async () => {
      const volume = await cloud().volume(volumeId);
      return volume?.attachedTo === instanceId && volume.attachment === "attached" ? true : undefined;
    });
    await context.detail(`${volumeId} at ${DATA_DEVICE}`);
  });

  const hostKeys = await step("pin host key", async (context) => {
    const keys = await pollUntil(
      `The console output of ${instanceId}`,
      context.signal,
      { everyMs: 2 * POLL_MS, withinMs: BOOT_MS },
      async () => {
        const printed = await cloud().printedHostKeys(instanceId);
        return printed.length > 0 ? printed : undefined;
      },
    );
    await ports.repinHostKeys(environmentId, keys, job.jobId);
    await context.detail(keys[0]!.fingerprint);
    return keys.map(({ fingerprint }) => fingerprint);
  });

  const host = (): HostAddress => ({ account: account(), address, user: input.sshUser, hostKeys, name, environmentId });
  const onHost = async (context: StepContext, words: readonly string[], stdin?: string) => {
    const result = await ports.runOnHost(host(), words, {
      signal: context.signal,
      ...(stdin === undefined ? {} : { stdin }),
    });
    if (result.exitCode !== 0) throw commandFailed(name, words, result);
    return result.stdout.trim();
  };

  await step("check SSH log-in", async (context) => {
    const who = await onHost(context, ["id", "-un"]);
    const uid = await onHost(context, ["id", "-u"]);
    if (uid === "0") {
      throw new AppError("RefusedByRule", `The log-in on ${name} is root; the contract asks for a non-root account.`, {
        retryable: false,
        rule: "R5",
        tenant: input.slug,
        next: "Correct the image's user, then retry.",
      });
    }
    await context.detail(`${input.sshUser}@${address} (${who}, uid ${uid})`);
  });

  await step("set up application", async (context) => {
    const printed = await onHost(context, [
      "erpctl",
      "setup",
      "--tenant",
      input.slug,
      "--tenant-id",
      input.tenantId,
      "--environment",
      kind,
      "--domain",
      domain,
      "--zone",
      input.request.zone,
    ]);
    const facts = HostFacts.parse(JSON.parse(printed));
    if (facts.version !== input.request.version) {
      throw new AppError(
        "ApplicationUnhealthy",
        `${name} runs version ${facts.version}, ordered was ${input.request.version}.`,
        {
          retryable: false,
          tenant: input.slug,
          next: "Check the image's version tag, then roll back and order again.",
        },
      );
    }
    await context.detail(`${facts.product} ${facts.version}, PostgreSQL ${facts.database.major}`);
  });

  await step("install activation key", async (context) => {
    const key =
      input.request.activationKey ??
      evaluationKey({
        tenantId: input.tenantId,
        service: input.request.service,
        edition: input.request.edition,
        users: input.request.users,
        posTerminals: input.request.posTerminals,
      });
    await onHost(context, ["erpctl", "licence", "install"], `${key}\n`);
    const facts = HostFacts.parse(JSON.parse(await onHost(context, ["erpctl", "facts"])));
    if (!facts.licence.installed || !facts.licence.valid) {
      throw new AppError("ApplicationUnhealthy", `${name} does not accept the activation key.`, {
        retryable: false,
        tenant: input.slug,
        rule: "R3",
        next: "Check the key with the vendor, roll back and order again with the right one.",
      });
    }
    await context.detail(facts.licence.fingerprint ?? "installed");
  });

  await step("check HTTPS", async (context) => {
    const target = { account: account(), address, domain, name };
    const answer = await pollUntil(
      `HTTPS on ${name}`,
      context.signal,
      { everyMs: POLL_MS, withinMs: BOOT_MS },
      async () => {
        const health = await ports.getHttps(target, "/health", context.signal);
        return health.status === 200 ? health : undefined;
      },
    );
    const days = Math.floor((Date.parse(answer.certificate.validTo) - ports.now().getTime()) / DAY_MS);
    await context.detail(`${domain}, certificate of ${answer.certificate.issuer}, ${days} days left`);
  });

  await step("check that plain HTTP is refused", async (context) => {
    if (await ports.plainHttpAnswers(account(), address)) {
      throw new AppError("PlainHttpAnswered", `${name} answers plain HTTP; the contract allows HTTPS only.`, {
        retryable: false,
        tenant: input.slug,
        rule: "R4",
        next: "Close port 80 in the image and the security group, then retry.",
      });
    }
    await context.detail(`${address}:${account().ports.http} refused`);
  });

  await step("smoke test", async (context) => {
    const printed = await onHost(context, ["erpctl", "smoke"]);
    const smoke = Smoke.parse(JSON.parse(printed));
    await context.detail(smoke.checks.map((check) => check.name).join(", "));
  });

  await step("write inventory", async (context) => {
    await cloud().setTags([instanceId, volumeId], tags);
    await store.setHealth(environmentId, { state: "up", checkedAt: ports.now(), detail: null });
    await context.detail(`${Object.keys(tags).length} tags on ${instanceId} and ${volumeId}`);
  });
}

/** What `erpctl facts` and `erpctl setup` print. Source: docs/image-contract.md. */
const HostFacts = z.looseObject({
  product: z.string(),
  version: z.string(),
  licence: z.looseObject({ installed: z.boolean(), valid: z.boolean(), fingerprint: z.string().nullish() }),
  database: z.looseObject({ ready: z.boolean(), major: z.union([z.string(), z.number()]).nullish() }),
});

const Smoke = z.looseObject({ checks: z.array(z.looseObject({ name: z.string(), ok: z.literal(true) })) });

function accountOf(ports: TenantPorts, input: ProvisionInput) {
  const account = ports.accounts().find((one) => one.id === input.request.accountId);
  if (account) return account;
  throw new AppError(
    "AwsCredentialsExpired",
    `The account ${input.request.accountId} is not configured in this console.`,
    {
      retryable: true,
      tenant: input.slug,
      next: "Add the account in Settings; the job goes on by itself.",
    },
  );
}

/** Read anew in every step, so that a renewed or re-added account is used at once. */
function cloudOf(ports: TenantPorts, input: ProvisionInput): () => Cloud {
  return () => ports.cloud(accountOf(ports, input), input.request.region);
}

function rolledBack(input: ProvisionInput): AppError {
  return new AppError("Conflict", `The order of ${input.slug} was rolled back; there is nothing to go on with.`, {
    retryable: false,
    tenant: input.slug,
    next: "Order the tenant again.",
  });
}

function imageGone(input: ProvisionInput): AppError {
  return new AppError(
    "NotFound",
    `The image ${input.imageId} of ${profileOf(input.request.service).name} ${input.request.version} is no longer in ${input.request.region}.`,
    {
      retryable: false,
      tenant: input.slug,
      next: "Roll back and order again with a version that has an image there.",
    },
  );
}

function instanceLost(name: string, instanceId: string, state: string): AppError {
  return new AppError("AwsFailed", `The instance ${instanceId} of ${name} is ${state} instead of starting.`, {
    retryable: false,
    next: "Look at its state reason in EC2; roll back and order again.",
  });
}
