import { implement } from "@orpc/server";
import { errorFacts } from "../../shared/errors.ts";
import { fleetContract } from "../../shared/fleet/contract.ts";
import type { FleetRow, InventorySource } from "../../shared/fleet/model.ts";
import type { Account } from "../../shared/settings/model.ts";
import { isBlind } from "../../shared/metrics/availability.ts";
import {
  type Environment,
  type Health,
  SERVICES,
  type Service,
  type SizeOption,
  type Tenant,
} from "../../shared/tenant/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { readAccount, readAccountJobId } from "./read-account.ts";
import { healthOf } from "./health.ts";
import type { FleetPorts, HealthLook } from "./ports.ts";
import { sourceStore } from "./store.ts";

export type { FleetPorts, HealthLook, RegionReading } from "./ports.ts";

/** Hosts asked for their health at the same time. */
const HEALTH_AT_ONCE = 8;
const BLIND = "this console reaches neither its hosts nor AWS";
const FIRST_HEALTH_AFTER_MS = 2 * SECOND_MS;

/** Keeps the inventory and the health of the fleet fresh, and shows both. */
export function fleetArea(ports: FleetPorts) {
  const sources = sourceStore(ports.pool);
  const startReadAccount = ports.jobs.define(
    readAccount(ports, async (account, region) => {
      await readRegion(account, region);
      return (await sources.list()).find((one) => one.accountId === account.id && one.region === region);
    }),
  );
  const stopping = new AbortController();
  const reading = new Map<string, Promise<void>>();
  const timers = new Set<NodeJS.Timeout>();
  /** A lock-out turns into an alarm by the clock alone: what was shown last is compared with what is true now. */
  let checking: Promise<void> | undefined;
  const shownLockouts = new Map<string, Environment["lockout"]>();

  /** One reading of a region at a time; a second asker joins the one that runs. */
  function readRegion(account: Account, region: string): Promise<void> {
    const key = `${account.id}/${region}`;
    const running = reading.get(key);
    if (running) return running;
    const work = (async () => {
      try {
        const readAt = ports.now();
        const found = await ports.readRegion(account, region);
        await ports.takeOver(account, region, found.environments, readAt);
        await sources.read(account.id, region, readAt, found.releases, found.sizes);
      } catch (error) {
        if (stopping.signal.aborted) return;
        const facts = errorFacts(error);
        if (facts.code === "Unexpected") ports.log("error", `inventory of ${key}: ${facts.message}`);
        await sources.failed(account.id, region, facts).catch(() => undefined);
      } finally {
        reading.delete(key);
        if (!stopping.signal.aborted) ports.changed();
      }
    })();
    reading.set(key, work);
    return work;
  }

  /** The first reading of an account is a job, so that its course and what it found stay on record. */
  async function readNewAccounts(): Promise<void> {
    const known = new Set((await sources.list()).map((one) => one.accountId));
    for (const account of ports.accounts()) {
      if (known.has(account.id)) continue;
      await startReadAccount({
        id: readAccountJobId(account.id),
        tenantId: null,
        tenantSlug: null,
        subject: account.name,
        requestedBy: ports.operator(),
        input: { accountId: account.id, regions: account.regions },
      });
    }
  }

  async function readAll(): Promise<void> {
    await readNewAccounts();
    await Promise.all(
      ports.accounts().flatMap((account) => account.regions.map((region) => readRegion(account, region))),
    );
  }

  async function checkHealth(): Promise<void> {
    const accounts = new Map(ports.accounts().map((account) => [account.id, account]));
    const targets = (await ports.listTenants()).flatMap((tenant) =>
      tenant.environments
        // Test environments are not monitored by contract (R9); asking them would also wake sleeping hosts.
        .filter((one) => one.state === "running" && !one.unprotected && one.reachedAt && accounts.has(one.accountId))
        .map((environment) => ({ tenant, environment, account: accounts.get(environment.accountId)! })),
    );
    let changed = false;
    type Target = (typeof targets)[number];
    const failed: { readonly target: Target; readonly error: unknown; readonly at: Date }[] = [];
    const asked = new Map<string, number>();
    for (const { account } of targets) asked.set(account.id, (asked.get(account.id) ?? 0) + 1);

    const tell = async ({ environment }: Target, look: HealthLook) => {
      const { health } = look;
      if (differs(health, environment.health) || differs(environment.lockout, shownLockouts.get(environment.id)))
        changed = true;
      shownLockouts.set(environment.id, environment.lockout);
      await ports.setHealth(environment.id, health);
      await ports.looked(environment.id, look);
    };
    const ask = ({ tenant, environment, account }: Target) =>
      ports.getHealth({
        account,
        address: new URL(environment.reachedAt!).hostname,
        domain: new URL(environment.url).hostname,
        name: `${tenant.slug} ${environment.kind}`,
        signal: stopping.signal,
      });
    const waiting = [...targets];
    const worker = async () => {
      for (let next = waiting.shift(); next && !stopping.signal.aborted; next = waiting.shift()) {
        const target = next;
        // One lost packet is no outage: whoever answered last time is asked once more.
        const again = target.environment.health.state === "up";
        const answer = await ask(target)
          .catch((error: unknown) => (again && !stopping.signal.aborted ? ask(target) : Promise.reject(error)))
          .catch((error: unknown) => ({ error }));
        if (stopping.signal.aborted) return;
        const at = ports.now();
        if ("error" in answer) failed.push({ target, error: answer.error, at });
        else await tell(target, { health: healthOf(answer, at), latencyMs: answer.latencyMs, blind: false });
      }
    };
    await Promise.all(Array.from({ length: HEALTH_AT_ONCE }, worker));
    if (stopping.signal.aborted) return;

    // Whether hosts are down or this console is blind is told only by all answers of a round together.
    for (const account of new Set(failed.map(({ target }) => target.account))) {
      const ofAccount = failed.filter(({ target }) => target.account === account);
      const unreachable = ofAccount.filter(({ error }) => errorFacts(error).code === "HostUnreachable");
      const counted = { asked: asked.get(account.id) ?? 0, unreachable: unreachable.length };
      const blind = isBlind(counted, false) && isBlind(counted, await endpointAnswers(account));
      for (const { target, error, at } of ofAccount) {
        // Whatever else failed did answer: its certificate is what it is.
        const unseen = blind && errorFacts(error).code === "HostUnreachable";
        const health: Health = unseen ? { state: "unknown", checkedAt: at, detail: BLIND } : healthOf({ error }, at);
        await tell(target, { health, latencyMs: null, blind: unseen });
      }
    }
    if (changed) ports.changed();
  }

  /** Any answer of AWS, a refusal too, shows that this console has a network. */
  async function endpointAnswers(account: Account): Promise<boolean> {
    try {
      await ports.whoAmI(account);
      return true;
    } catch (error) {
      return errorFacts(error).code !== "AwsUnreachable";
    }
  }

  /** Repeats `work` for ever, never twice at once, with the pause that the settings ask for at that moment. */
  function repeat(work: () => Promise<void>, seconds: () => number, firstAfterMs = 0): void {
    const next = (afterMs: number) => {
      if (stopping.signal.aborted) return;
      const timer = setTimeout(async () => {
        timers.delete(timer);
        await work().catch((error) => {
          if (!stopping.signal.aborted) ports.log("error", `fleet: ${errorFacts(error).message}`);
        });
        next(seconds() * SECOND_MS);
      }, afterMs);
      timers.add(timer);
    };
    next(firstAfterMs);
  }

  async function shownSources(): Promise<InventorySource[]> {
    const known = new Map((await sources.list()).map((one) => [`${one.accountId}/${one.region}`, one]));
    return ports.accounts().flatMap((account) =>
      account.regions.map((region) => {
        const source = known.get(`${account.id}/${region}`);
        return {
          accountId: account.id,
          accountName: account.name,
          region,
          readAt: source?.readAt ?? null,
          error: source?.error ? { code: source.error.code, message: source.error.message } : null,
        };
      }),
    );
  }

  const os = implement(fleetContract);
  return {
    router: {
      list: os.list.handler(async () => ({
        rows: (await ports.listTenants()).flatMap(rowsOf),
        sources: await shownSources(),
      })),
      refresh: os.refresh.handler(async () => {
        await readAll();
        return { sources: await shownSources() };
      }),
    },

    /** Images and sizes as last read, over all accounts and regions. */
    async catalogue(): Promise<{ releases: Record<Service, string[]>; sizes: Map<string, SizeOption> }> {
      const stored = await sources.list();
      const releases = Object.fromEntries(SERVICES.map((service) => [service, [] as string[]])) as Record<
        Service,
        string[]
      >;
      const sizes = new Map<string, SizeOption>();
      for (const source of stored) {
        for (const release of source.releases) releases[release.service]?.push(release.version);
        for (const size of source.sizes) sizes.set(size.instanceType, size);
      }
      return { releases, sizes };
    },

    readRegion,
    readAll,

    /** After an act on a host: what it says of itself is news. A check that runs already is enough. */
    checkHealthSoon(): void {
      checking ??= checkHealth()
        .catch((error) => {
          if (!stopping.signal.aborted) ports.log("error", `fleet: ${errorFacts(error).message}`);
        })
        .finally(() => {
          checking = undefined;
        });
    },

    /** Begins to read AWS and to ask for health, over and over. */
    start(): void {
      repeat(readAll, () => ports.intervals().inventorySeconds);
      repeat(checkHealth, () => ports.intervals().healthSeconds, FIRST_HEALTH_AFTER_MS);
    },

    async stop(): Promise<void> {
      stopping.abort();
      for (const timer of timers) clearTimeout(timer);
      await Promise.allSettled([...reading.values(), checking]);
    },
  };
}

/** Whether two readings tell something else, the time of the reading left out. */
function differs<T extends object>(one: T | null, other: T | null | undefined): boolean {
  const words = (value: T | null | undefined) =>
    JSON.stringify(value ?? null, (key, inner: unknown) => (key === "checkedAt" ? undefined : inner));
  return words(one) !== words(other);
}

function rowsOf(tenant: Tenant): FleetRow[] {
  const job = tenant.activeJob;
  const activeJob = job && { id: job.id, kind: job.kind, state: job.state, percent: job.percent };
  return tenant.environments.map((environment) => ({
    ...environment,
    tenantId: tenant.id,
    slug: tenant.slug,
    customer: tenant.customer,
    service: tenant.service,
    edition: tenant.edition,
    owner: tenant.owner,
    zone: tenant.zone,
    isLab: tenant.isLab,
    activeJob,
  }));
}
