import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { checksOf } from "../../shared/restore/compare.ts";
import { checkIdentity } from "../../shared/restore/identity.ts";
import { type RestoreCase, type RestoreCheck, RestoreOrder, type RestoreSource } from "../../shared/restore/model.ts";
import { COPY_STEP, FILL_STEPS, restoreSteps } from "../../shared/restore/steps.ts";
import { type EnvironmentKind } from "../../shared/tenant/model.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { HOUR_MS } from "../../shared/time.ts";
import { type JobKind, type JobRun, pollUntil, type StepContext } from "../jobs/index.ts";
import { detachedStep } from "../toolkit/detached.ts";
import { commandFailed, longVerbs } from "../toolkit/erpctl.ts";
import type { Cloud, HostAddress, OperatedEnvironment } from "../toolkit/ports.ts";
import {
  attached,
  cloudOf,
  instanceRuns,
  KIND_BESIDE,
  LONG_MS,
  onHost,
  POLL_MS,
  setUp,
  sourceManifest,
  takeCopy,
} from "./moves.ts";
import type { RestorePorts } from "./ports.ts";
import type { RestoreStore } from "./store.ts";

/** A copy to another region takes hours for a large volume. */
const COPY_WITHIN_MS = 24 * HOUR_MS;

export const RunInput = z.object({
  caseId: z.string(),
  tenantId: z.string(),
  /** The environment over or beside which it is restored. */
  kind: z.enum(["production", "test", "sandbox"]),
  order: RestoreOrder.omit({ source: true }),
  imageId: z.string(),
  sshUser: z.string(),
  version: z.string(),
  volumeGiB: z.number().int(),
  fromArchive: z.boolean().default(false),
});
export type RunInput = z.infer<typeof RunInput>;

export interface RunParts {
  readonly ports: RestorePorts;
  readonly store: RestoreStore;
  /** Decides as the order did, without counting this case as another open one; throws RefusedByRule. */
  decideAgain(input: RunInput, one: RestoreCase): Promise<void>;
  sourceOf(environment: OperatedEnvironment, id: string): Promise<RestoreSource>;
}

/** Neutralised wherever it will not be production (R28: a copy must not mail customers or take payments). */
export const neutralises = (target: RestoreCase["target"]): boolean => target !== "production";

/** `restore.run`: the copy stands beside the target, checked and compared. Nothing of the target is changed. */
export const runRestore = (parts: RunParts): JobKind<RunInput> => jobOf("restore.run", parts);

/** `restore.refresh`: the same for a test environment, from production as it is now. */
export const runRefresh = (parts: RunParts): JobKind<RunInput> => jobOf("restore.refresh", parts);

function jobOf(kind: "restore.run" | "restore.refresh", parts: RunParts): JobKind<RunInput> {
  return {
    kind,
    input: RunInput,
    plan: (input) => restoreSteps(kind === "restore.refresh" ? "refresh" : "restore", input.fromArchive),
    run: (input, job) => restoreBeside(parts, input, job),
  };
}

async function restoreBeside(parts: RunParts, input: RunInput, job: JobRun): Promise<void> {
  const { ports, store } = parts;
  const { caseId, order } = input;
  const made = (resource: string) => ({ jobId: caseId, resource: `restore/${resource}` });
  const target = () => ports.find(input.tenantId, input.kind);
  const production = () => ports.find(input.tenantId, "production");
  const known = async (): Promise<RestoreCase> => {
    const found = await store.get(caseId);
    if (found?.state === "running") return found;
    throw new AppError("Conflict", `The restore ${caseId} is no longer being made; nothing was changed.`, {
      retryable: false,
      next: "Order the restore again.",
    });
  };
  const step = <T>(name: string, work: (context: StepContext) => Promise<T>) =>
    job.step(name, async (context) => {
      const result = await work(context);
      ports.changed(input.tenantId);
      return result;
    });
  const isRefresh =
    (await step("decide again", async (context) => {
      const one = await known();
      await parts.decideAgain(input, one);
      await context.detail(one.targetName);
      return one.purpose;
    })) === "refresh";

  if (isRefresh) {
    await step(COPY_STEP, async (context) => {
      if ((await known()).source) return void (await context.detail("an earlier copy was chosen"));
      const environment = await production();
      const copy = await takeCopy(ports, store, environment, made("source"), "for a refresh", context);
      await store.learn(caseId, { source: await parts.sourceOf(environment, copy.snapshotId) });
    });
  }

  await step("fresh snapshot", async (context) => {
    if (order.target !== "production") return void (await context.detail("production is not overwritten"));
    await takeCopy(ports, store, await production(), made("fresh"), "before a restore", context);
  });

  const place = await step("prepare beside", async (context) => {
    const environment = await target();
    const cloud = cloudOf(ports, environment);
    const key = await ports.operatorKey(environment.account);
    await cloud.findOrImportKeyPair(key.keyName, key.publicKey);
    const at = environment.instanceId ? await cloud.instance(environment.instanceId) : undefined;
    // A volume can be attached only within its zone: the swap needs it where the target's host is.
    const found = await cloud.place(input.tenantId, at?.zone ?? undefined);
    const { ports: listen } = environment.account;
    const from = ports.sshFrom(environment.account);
    const securityGroupId = await cloud.findOrCreateSecurityGroup(made("security-group"), {
      vpcId: found.vpcId,
      name: `fleetwright-${environment.tenantSlug}-restore-${caseId.slice(0, 8)}`,
      description: `Fleetwright: a restore of ${environment.tenantSlug}, closed to customers`,
      rules: from.flatMap((network) => [
        { port: listen.ssh, from: network, description: "SSH, allowed network" },
        { port: listen.https, from: network, description: "HTTPS, allowed network" },
      ]),
      tags: besideTags(environment, caseId),
    });
    await context.detail(`${found.zone}, ${securityGroupId}`);
    return { ...found, securityGroupId, keyName: key.keyName };
  });

  /** Null: an archive, which fills an empty volume. A kept volume and a copy elsewhere stay as they are. */
  async function snapshotHere(cloud: Cloud, source: RestoreSource, one: RestoreCase, environment: OperatedEnvironment) {
    const tags = besideTags(environment, caseId);
    if (source.kind === "archive") return null;
    if (source.kind === "kept") {
      const order = { volumeId: source.id, description: `Fleetwright: kept volume of ${one.slug}` };
      const labelled = { ...tags, [TAG.label]: `kept volume ${source.id}` };
      return (await cloud.findOrCreateSnapshot(made("kept"), { ...order, tags: labelled })).snapshotId;
    }
    if (source.region === environment.region) return source.id;
    const order = { fromRegion: source.region, snapshotId: source.id };
    const description = `Fleetwright: ${source.id} of ${source.region} for a restore of ${one.slug}`;
    const labelled = { ...tags, [TAG.label]: `copy of ${source.id}` };
    return (await cloud.findOrCopySnapshot(made("copied"), { ...order, description, tags: labelled })).snapshotId;
  }

  const volumeId = await step("restore volume", async (context) => {
    const environment = await target();
    const cloud = cloudOf(ports, environment);
    const one = await known();
    const source = one.source!;
    const snapshotId = await snapshotHere(cloud, source, one, environment);
    if (snapshotId !== null)
      await pollUntil(
        `The snapshot ${snapshotId}`,
        context.signal,
        { everyMs: POLL_MS, withinMs: COPY_WITHIN_MS },
        async () => {
          const snapshot = await cloud.snapshot(snapshotId);
          if (snapshot?.state === "error") throw copyFailed(environment, snapshotId);
          return snapshot?.state === "completed" ? true : undefined;
        },
      );
    const { sizeGiB } = source;
    const volume = await cloud.findOrCreateVolume(made("volume"), {
      zone: place.zone,
      sizeGiB: Math.max(input.volumeGiB, sizeGiB),
      ...(snapshotId === null ? {} : { snapshotId }),
      tags: { ...besideTags(environment, caseId), Name: `fleetwright-${one.slug}-restored-data` },
    });
    await context.detail(`${volume.volumeId} of ${snapshotId ?? source.id}`);
    return volume.volumeId;
  });

  const instanceId = await step("run host beside", async (context) => {
    const environment = await target();
    const id = await cloudOf(ports, environment).findOrRunInstance(made("instance"), {
      imageId: input.imageId,
      instanceType: environment.instanceType ?? "m6i.large",
      keyName: place.keyName,
      securityGroupId: place.securityGroupId,
      subnetId: place.subnetId,
      tags: { ...besideTags(environment, caseId), Name: `fleetwright-${environment.tenantSlug}-restored` },
    });
    await context.detail(`${id}, ${input.imageId}`);
    return id;
  });

  const address = await step("wait for host beside", async (context) => {
    const environment = await target();
    const found = await instanceRuns(
      cloudOf(ports, environment),
      instanceId,
      context,
      `${environment.tenantSlug} restored`,
    );
    await store.learn(caseId, { beside: { instanceId, address: found.address!, volumeId } });
    await context.detail(found.address!);
    return found.address!;
  });

  await step("attach restored volume", async (context) => {
    await attached(cloudOf(ports, await target()), volumeId, instanceId, context);
    await context.detail(`${volumeId} at ${instanceId}`);
  });

  const hostKeys = await step("pin host beside", async (context) => {
    const cloud = cloudOf(ports, await target());
    const keys = await pollUntil(
      `The console output of ${instanceId}`,
      context.signal,
      { everyMs: POLL_MS, withinMs: LONG_MS },
      async () => {
        const printed = await cloud.hostKeys(instanceId);
        return printed.length > 0 ? [...printed] : undefined;
      },
    );
    await cloud.setTags([instanceId], { [TAG.hostKey]: keys.join(" ") });
    await context.detail(keys[0]!);
    return keys;
  });

  const beside = async (): Promise<{ environment: OperatedEnvironment; host: HostAddress }> => {
    const environment = await target();
    const name = `${environment.tenantSlug} restored`;
    return { environment, host: { account: environment.account, address, user: input.sshUser, hostKeys, name } };
  };

  await step("prove identity", async (context) => {
    const { host, environment } = await beside();
    const one = await known();
    const facts = await onHost(ports, host, context).facts();
    const source = one.source!;
    // An empty volume is nobody's; the host checks the archive's own sum before it takes it.
    if (source.kind === "archive") return void (await context.detail("an empty volume, to be filled from the archive"));
    // The volume itself is asked now: what tags and manifest promised must be what is there.
    const verdict = checkIdentity({
      tenantId: input.tenantId,
      tags: { tenantId: source.tenantId, systemIdentifier: source.systemIdentifier },
      data: facts.tenantId
        ? {
            tenantId: facts.tenantId,
            systemIdentifier: facts.database.systemIdentifier ?? source.manifest?.systemIdentifier ?? "",
            licence: null,
          }
        : null,
      sameEnvironment: false,
    });
    if (!verdict.allowed) {
      throw new AppError("RefusedByRule", `${verdict.rule}: ${verdict.reason}`, {
        retryable: false,
        rule: verdict.rule,
        tenant: environment.tenantSlug,
        verdicts: [verdict],
        next: "Discard the restore; nothing of the tenant was changed. Find out whose copy it is.",
      });
    }
    await context.detail(verdict.reason);
  });

  const setUpBeside = async (context: StepContext) => {
    const { environment, host } = await beside();
    const facts = await setUp(
      onHost(ports, host, context),
      {
        tenant: environment.tenantSlug,
        tenantId: environment.tenantId,
        environment: environmentOf(order.target),
        domain: environment.domain,
        zone: environment.zone,
        ...(neutralises(order.target) ? { neutralise: true } : {}),
        lockedOut: true,
      },
      context,
    );
    await context.detail(`${facts.product} ${facts.version}, PostgreSQL ${facts.database.major}`);
  };
  await step("set up beside", setUpBeside);
  if (input.fromArchive) await fillFromArchive(parts, input, job, async () => (await beside()).host, setUpBeside);

  const licence = await step("licence beside", async (context): Promise<RestoreCheck> => {
    const { host } = await beside();
    const erp = onHost(ports, host, context);
    const key = await ports.activationKey(input.tenantId);
    if (key) await erp.installLicence(key);
    const facts = await erp.facts();
    await context.detail(facts.licence.fingerprint ?? "none");
    // A real product's key is not always known to this console; the target's host has its own (R3).
    return {
      name: "licence",
      expected: "valid",
      found: facts.licence.valid ? "valid" : facts.licence.installed ? "invalid" : "missing",
      ok: facts.licence.valid ? true : key ? false : null,
    };
  });

  await step("check restored data", async (context) => {
    const { environment, host } = await beside();
    const one = await known();
    const erp = onHost(ports, host, context);
    const facts = await erp.facts();
    const found = sourceManifest(await erp.manifest());
    const source = one.source!;
    const promised = source.manifest ?? found;
    // What comes out of an archive is another database with the same content.
    const expected = source.kind === "archive" ? { ...promised, systemIdentifier: found.systemIdentifier } : promised;
    const neutralised: RestoreCheck = {
      name: "neutralised",
      expected: neutralises(order.target) ? "yes" : "no",
      found: facts.neutralised ? "yes" : "no",
      ok: (facts.neutralised !== null) === neutralises(order.target),
    };
    const lockedOut: RestoreCheck = {
      name: "closed to customers",
      expected: "yes",
      found: facts.lockout ? "yes" : "no",
      ok: facts.lockout !== null,
    };
    const checks = [
      ...checksOf(expected, found, { isAtRest: source.isAtRest, version: input.version }),
      ...[licence, neutralised, lockedOut],
    ];
    // What the target holds now, for the third column; a silent target leaves it empty.
    const now =
      order.target === "beside"
        ? null
        : await onHost(ports, hostFor(environment), context)
            .manifest()
            .catch(() => null);
    await store.learn(caseId, {
      checks,
      restoredRows: found.relations,
      ...(now ? { targetRows: now.relations } : {}),
    });
    const failed = checks.filter((check) => check.ok === false);
    await context.detail(
      failed.length === 0 ? `${checks.length} checks passed` : `failed: ${failed.map((one) => one.name).join(", ")}`,
    );
  });

  await step("ready to compare", async (context) => {
    // An attempt that ended right after it was said must not find its own word a refusal.
    if ((await store.get(caseId))?.state !== "ready") {
      await known();
      await store.learn(caseId, { state: "ready" });
    }
    const environment = await target();
    ports.readSoon(environment.account.id, environment.region);
    await context.detail(`https://${address}/`);
  });
}

/**
 * Fetches the archive, has the host check its sum, fills the set-up data with it, and sets up once more, so that what came
 * in with it is neutralised too.
 */
async function fillFromArchive(
  { ports, store }: RunParts,
  { caseId, tenantId }: RunInput,
  job: JobRun,
  host: () => Promise<HostAddress>,
  setUpAgain: (step: StepContext) => Promise<void>,
): Promise<void> {
  const [room, bring, fill, again] = FILL_STEPS;
  const archive = await job.step(room, async (step) => {
    const one = await store.get(caseId);
    const { scratch } = await onHost(ports, await host(), step).space();
    const { sha256 } = (await ports.archives(tenantId)).find(({ id }) => id === one?.source?.id)?.file ?? {};
    if (!sha256) throw archiveGone(one);
    return { id: one!.source!.id, sha256, file: `${scratch}/${caseId}.tar.gz` };
  });
  await detachedStep(job, bring, {
    run: ports.runOnHost,
    host,
    words: ["sh", "-c", BRING, "bring", archive.file, archive.sha256],
    // Made anew at each beginning and kept nowhere.
    stdin: async () => `${await ports.archiveAddress(archive.id)}\n`,
    parse: () => archive.file,
    onUnknown: "again",
    everyMs: 1000,
  });
  await detachedStep(job, fill, {
    run: ports.runOnHost,
    host,
    words: longVerbs.importData(archive.file),
    parse: () => null,
    onUnknown: "again",
    everyMs: 1000,
  });
  await job.step(again, async (step) => {
    const at = await host();
    const words = ["rm", "-f", "--", archive.file];
    const result = await ports.runOnHost(at, words, { signal: step.signal });
    if (result.exitCode !== 0) throw commandFailed(at.name, words, result);
    await setUpAgain(step);
    ports.changed(tenantId);
  });
}

/** Goes on where it stopped; a file with another sum is taken away and fetched anew. */
const BRING = `set -eu
file=$1
is_whole() { [ "$(sha256sum <"$file" | cut -c1-64)" = "$1" ]; }
read -r address
if [ -e "$file" ] && is_whole "$2"; then exit 0; fi
fetch() { printf 'url = "%s"\\n' "$address" | curl -fsS --retry 5 --retry-all-errors -o "$file" -K - "$@"; }
fetch -C - || { rm -f "$file"; fetch; }
is_whole "$2" || { rm -f "$file"; echo "the archive did not arrive as it was kept" >&2; exit 1; }
`;

function archiveGone(one: RestoreCase | undefined): AppError {
  return new AppError("NotFound", `The archive ${one?.source?.label ?? ""} is no longer there.`, {
    retryable: false,
    ...(one ? { tenant: one.slug } : {}),
    next: "Discard the restore and choose another copy; nothing of the tenant was changed.",
  });
}

function copyFailed(environment: OperatedEnvironment, snapshotId: string): AppError {
  return new AppError("AwsFailed", `The snapshot ${snapshotId} of ${environment.tenantSlug} failed in AWS.`, {
    retryable: false,
    tenant: environment.tenantSlug,
    next: "Discard the restore and choose another copy; nothing of the tenant was changed.",
  });
}

const hostFor = (environment: OperatedEnvironment): HostAddress => ({
  account: environment.account,
  address: environment.address ?? "",
  user: environment.sshUser,
  hostKeys: environment.hostKeys,
  name: `${environment.tenantSlug} ${environment.kind}`,
});

/** What the data is set up as: a copy that goes nowhere is a sandbox. */
const environmentOf = (target: RestoreCase["target"]): EnvironmentKind => (target === "beside" ? "sandbox" : target);

/** No environment's id: nobody takes it for the tenant's environment. */
function besideTags(environment: OperatedEnvironment, caseId: string) {
  return {
    [TAG.tenant]: environment.tenantSlug,
    [TAG.tenantId]: environment.tenantId,
    [TAG.customer]: environment.customer,
    [TAG.kind]: KIND_BESIDE,
    [TAG.label]: `restore ${caseId}`,
  };
}
