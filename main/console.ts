import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { implement, lazy, os, type Router } from "@orpc/server";
import { ByteHub } from "../shared/byte-hub.ts";
import { type Contract, contract } from "../shared/contract.ts";
import { errorFacts } from "../shared/errors.ts";
import type { LabReady } from "../shared/lab/model.ts";
import type { Account, ConsoleStatus } from "../shared/settings/model.ts";
import { SERVICES, type Service } from "../shared/tenant/model.ts";
import { TAG } from "../shared/tenant/tags.ts";
import { SECOND_MS } from "../shared/time.ts";
import { openHome } from "./home/index.ts";
import type { LaunchedLab } from "./lab/launch.ts";
import { type Log, openLog } from "./log.ts";
import { type ClockJump, watchForStandstill } from "./standstill.ts";
import { mailServer, noMailServer, openSettings, settingsRouter } from "./settings/index.ts";
import type { HostKeyBook } from "./terminal/host-keys.ts";
import type { Place } from "./terminal/ports.ts";
import type { HostAddress } from "./toolkit/ports.ts";
import { type Keychain, openVault } from "./vault/index.ts";

export interface ConsoleOptions {
  /** Folder with all state of this console; made if missing. */
  readonly home: string;
  readonly host: ConsoleStatus["host"];
  readonly version: string;
  /** `none` runs without a lab; a lab of an earlier start is adopted with its content. */
  readonly lab: "demo" | "empty" | "none";
  /** PostgreSQL server of a team; absent uses the embedded one. */
  readonly databaseUrl?: string;
  /** The operating system's key store, where the host has one. */
  readonly keychain?: Keychain;
  /** Opens a passphrase vault without asking. */
  readonly vaultPassphrase?: string;
}

export interface Console {
  /** Implements the contract; calls that need a part which is still starting wait for it. */
  readonly router: Router<Contract, Record<never, never>>;
  /** Streams of bytes beside the contract: terminals, logs, files. */
  readonly bytes: ByteHub;
  /** Every part answers. Rejects with the AppError that `status()` shows. */
  readonly ready: Promise<void>;
  status(): ConsoleStatus;
  /** Where its hosts write too. */
  readonly log: Log;
  /** To be told by a host that hears it from the operating system; jumps of the clock are seen without. */
  woke(): void;
  /** Ends everything that this console started, in order; running jobs go on at the next start. Never rejects. */
  stop(): Promise<void>;
}

type Area = Exclude<keyof Contract, "settings">;
/** Each area answers each of its calls; that an answer fits its call is checked where the area implements it. */
type AreaCalls = { readonly [Name in Area]: Readonly<Record<keyof Contract[Name], unknown>> };
/** The same, named: comparing the implementations' own types with the whole contract takes the compiler minutes. */
type AreaRouters = { readonly [Name in Area]: Router<Contract[Name], Record<never, never>> };

/** A part that hangs (its database or host is gone) does not keep the console from ending. */
const LONGEST_STOP_MS = 15 * SECOND_MS;

const secondsOf = (ms: number): number => Math.round(ms / SECOND_MS);
const keysOf = (accountId: string) => `account/${accountId}/keys`;
const sshKeyOf = (accountId: string) => `account/${accountId}/ssh-key`;

const LAB_ACCOUNT = "lab";
/** Hosts of a lab are on this machine; nobody else reaches them. */
const LAB_SSH_FROM = ["127.0.0.0/8"] as const;

/**
 * Plugs the parts together. Resolves as soon as the home is held, so that a window can be shown while the database
 * starts; rejects with HomeInUse, HomeNotWritable or DiskFull when it cannot be.
 */
export async function start(options: ConsoleOptions): Promise<Console> {
  const home = await openHome(options.home, options.host);
  const log = openLog(home.paths.logs);
  const settings = await openSettings(home);
  const vault = await openVault({
    home,
    ...(options.keychain ? { keychain: options.keychain } : {}),
    ...(options.vaultPassphrase ? { passphrase: options.vaultPassphrase } : {}),
  });
  /** What ends at `stop`, last started first. */
  const endings: (() => Promise<void> | void)[] = [];
  const status: { -readonly [Key in keyof ConsoleStatus]: ConsoleStatus[Key] } = {
    version: options.version,
    host: options.host,
    home: home.folder,
    pid: process.pid,
    machine: hostname(),
    state: "starting",
    stage: "database",
    error: null,
    database: { kind: options.databaseUrl ? "team" : "embedded", version: null },
    lab: null,
    notices: [...settings.notices],
  };
  const bytes = new ByteHub();
  let stopping = false;
  let explain: ((error: unknown) => Error | undefined) | undefined;

  async function bringUp() {
    // The slow parts start side by side; the order below is the order of need.
    const labStarting = options.lab === "none" ? undefined : startLab(options.lab);
    labStarting?.catch(() => undefined);
    const [
      { openDatabase },
      { openJobs },
      { tenantArea, inventoryTaker, releasesOf },
      { fleetArea },
      { calendarArea },
      clouds,
    ] = await Promise.all([
      import("./database/index.ts"),
      import("./jobs/index.ts"),
      import("./tenant/index.ts"),
      import("./fleet/index.ts"),
      import("./calendar/index.ts"),
      import("./cloud.ts"),
    ]);

    const database = await openDatabase({ home, url: options.databaseUrl, log });
    endings.push(() => database.stop());
    explain = (error) => database.explain(error);
    status.database = { kind: database.kind, version: database.serverVersion };

    status.stage = "jobs";
    const jobs = await openJobs({
      pool: database.pool,
      listen: (channel, onPayload, onMissed) => database.listen(channel, onPayload, onMissed),
      executor: executorId(home.folder),
      machine: hostname(),
      operator: () => settings.get().operator,
      log: (level, text) => log[level === "warning" ? "warn" : level](text),
    });
    endings.push(() => jobs.stop());

    const secret = async (name: string, what: string): Promise<string> => {
      const value = await vault.get(name);
      if (value === undefined) throw clouds.secretMissing(what);
      return value;
    };
    const { openOwnKeys } = await import("./own-keys.ts");
    const ownKeys = openOwnKeys(vault, { sshKeyOf, makeKeyPair: clouds.makeKeyPair, publicKeyOf: clouds.publicKeyOf });
    let hostKeys: HostKeyBook;
    const aws = clouds.openCloud(
      {
        awsKeys: async (accountId) =>
          JSON.parse(await secret(keysOf(accountId), `AWS keys of the account ${accountId}`)),
        sshKey: (accountId) => secret(sshKeyOf(accountId), `SSH key for the hosts of ${accountId}`),
        sshKeysBefore: (accountId) => ownKeys.others(accountId),
      },
      {
        pinned: (environmentId) => hostKeys.pinned(environmentId),
        learn: (environmentId, shown) => hostKeys.learn(environmentId, shown),
        blocked: (environmentId, shown) => hostKeys.blocked(environmentId, shown),
      },
    );
    endings.push(() => aws.stop());
    settings.onChange(() => {
      for (const account of settings.accounts()) aws.forget(account.id);
      jobs.live.publish({ type: "stale", area: "settings" });
    });
    const changed = (tenantId?: string) => {
      jobs.live.publish({ type: "stale", area: "fleet" });
      if (tenantId) jobs.live.publish({ type: "stale", area: "tenant", id: tenantId });
    };
    const catalogue = async () => {
      const read = await fleet.catalogue();
      const releases = Object.fromEntries(SERVICES.map((one) => [one, releasesOf(read.releases[one])])) as Record<
        Service,
        string[]
      >;
      return { releases, sizes: read.sizes };
    };

    const operatorKey = async (account: Account) => {
      const name = sshKeyOf(account.id);
      const stored = await vault.get(name);
      const privateKey = stored ?? clouds.makeKeyPair(`fleetwright-${account.id}`).privateKey;
      if (stored === undefined) await vault.put(name, privateKey);
      const publicKey = clouds.publicKeyOf(privateKey, `fleetwright-${account.id}`);
      const digest = createHash("sha256")
        .update(publicKey.split(" ")[1] ?? "")
        .digest("hex");
      return { publicKey, keyName: `fleetwright-${digest.slice(0, 12)}` };
    };
    const sshFrom = (account: Account) =>
      settings.get().sshFrom.length === 0 && account.isLab ? LAB_SSH_FROM : settings.get().sshFrom;
    const readSoon = (accountId: string, region: string) => {
      const account = settings.accounts().find((one) => one.id === accountId);
      if (account) void fleet.readRegion(account, region);
    };

    const tenant = tenantArea({
      profiles: () => terms.profiles(),
      pool: database.pool,
      jobs,
      now: () => new Date(),
      accounts: () => settings.accounts(),
      cloud: aws.cloud,
      operatorKey,
      runOnHost: aws.runOnHost,
      repinHostKeys: (...order) => hostKeys.repin(...order),
      getHttps: aws.getHttps,
      plainHttpAnswers: aws.plainHttpAnswers,
      operator: () => settings.get().operator,
      sshFrom,
      changed,
      readSoon,
      catalogue,
      nextWindows: () => calendar.nextStarts(),
      openWindow: (tenantId, kind) => calendar.openAt(tenantId, kind),
      secrets: { get: (name) => vault.get(name), remove: (name) => vault.delete(name) },
      keepSecret: (name, value) => vault.put(name, value),
      lookAgain: () => fleet.checkHealthSoon(),
    });
    const calendar = calendarArea({
      pool: database.pool,
      now: () => new Date(),
      tenants: tenant.places,
      profiles: () => terms.profiles(),
      trains: (from, to) => terms.trains(from, to),
      contacts: async (tenantId) => (await terms.facts(tenantId)).contacts,
      mail: {
        isReady: () => settings.get().mail !== null,
        sender: () => {
          const { mail } = settings.get();
          if (!mail) throw noMailServer();
          return mail;
        },
        async send({ to, message }) {
          const server = await mailServer(settings.get().mail, (name) => vault.get(name));
          const { sendSmtp } = await import("./adapters/mail/smtp.ts");
          return {
            server: `${server.host}:${server.port}`,
            ...(await sendSmtp(server, { from: server.from, to }, message)),
          };
        },
      },
      messages: join(home.folder, "notices"),
      machine: executorId(home.folder),
      operator: () => settings.get().operator,
      changed: () => {
        jobs.live.publish({ type: "stale", area: "calendar" });
        changed();
      },
    });
    const { metricsArea } = await import("./metrics/index.ts");
    const metrics = metricsArea({
      pool: database.pool,
      now: () => new Date(),
      shared: database.kind === "team",
      environments: () => tenant.metered(),
      openChannel(environment, words, listener, signal) {
        const { accountId, address, user, hostKeys, tenantSlug, kind } = environment;
        const account = settings.accounts().find((one) => one.id === accountId);
        if (!account) throw clouds.secretMissing(`account of ${tenantSlug}`);
        const host = { account, address: address ?? "", user, hostKeys, name: `${tenantSlug} ${kind}` };
        return aws.openShell(host, { command: words }, listener, signal);
      },
      intervals: () => settings.get(),
      operator: () => settings.get().operator,
      changed: () => jobs.live.publish({ type: "stale", area: "metrics" }),
      log: (level, text) => log[level === "warning" ? "warn" : level](text),
    });
    endings.push(() => metrics.stop());
    const takeOver = inventoryTaker(tenant.store, (text) => log.warn(`inventory: ${text}`));
    const fleet = fleetArea({
      pool: database.pool,
      now: () => new Date(),
      accounts: () => settings.accounts(),
      jobs,
      whoAmI: (account) => aws.cloud(account, account.regions[0] ?? "us-east-1").whoAmI(),
      operator: () => settings.get().operator,
      readRegion: aws.readRegion,
      listTenants: tenant.listTenants,
      takeOver,
      setHealth: (environmentId, health) => tenant.store.setHealth(environmentId, health),
      getHealth: ({ account, address, domain, name, signal }) =>
        aws.getHttps({ account, address, domain, name }, "/health", signal),
      looked: (environmentId, { health, latencyMs, blind }) =>
        metrics.look(environmentId, {
          ...{ state: health.state, source: blind ? "console" : "probe", detail: health.detail, latencyMs },
          at: health.checkedAt ?? new Date(),
          certificateEndsAt: health.certificate?.validTo ?? null,
        }),
      intervals: () => settings.get(),
      changed,
      log: (level, text) => log[level === "warning" ? "warn" : level](text),
    });

    const { termsArea } = await import("./terms/index.ts");
    const terms = termsArea({
      pool: database.pool,
      now: () => new Date(),
      tenants: tenant.listTenants,
      releases: async () => (await catalogue()).releases,
      operator: () => settings.get().operator,
      changed: () => jobs.live.publish({ type: "stale", area: "terms" }),
    });

    const { slaArea } = await import("./sla/index.ts");
    const sla = slaArea({
      now: () => new Date(),
      tenants: tenant.listTenants,
      facts: () => terms.allFacts(),
      profiles: () => terms.profiles(),
      availability: metrics.availabilityOf,
      windows: calendar.noticed,
    });

    const { snapshotArea } = await import("./snapshot/index.ts");
    const snapshot = snapshotArea({
      profiles: () => terms.profiles(),
      pool: database.pool,
      jobs,
      now: () => new Date(),
      accounts: () => settings.accounts(),
      environment: tenant.operated,
      environments: tenant.operatedAll,
      cloud: aws.cloud,
      storage: aws.storage,
      runOnHost: aws.runOnHost,
      getHttps: aws.getHttps,
      operator: () => settings.get().operator,
      changed: (tenantId) => jobs.live.publish({ type: "stale", area: "snapshot", id: tenantId }),
      log: (level, text) => log[level === "warning" ? "warn" : level](text),
    });

    const { restoreArea } = await import("./restore/index.ts");
    const restore = restoreArea({
      profiles: () => terms.profiles(),
      pool: database.pool,
      jobs,
      now: () => new Date(),
      operator: () => settings.get().operator,
      find: tenant.operated,
      cloud: aws.cloud,
      runOnHost: aws.runOnHost,
      operatorKey,
      sshFrom,
      activationKey: tenant.activationKeyOf,
      manifestOf: snapshot.manifestOf,
      archives: snapshot.archives,
      archiveAddress: snapshot.archiveAddress,
      environmentTags: ({ environmentId }) => tenant.tagsOf(environmentId),
      plannedWork: (tenantId) => calendar.plannedWork(tenantId),
      learn: (environmentId, facts) => tenant.store.learn(environmentId, facts),
      changed: (tenantId) => {
        jobs.live.publish({ type: "stale", area: "restore" });
        changed(tenantId);
      },
      readSoon,
    });

    const { terminalArea } = await import("./terminal/index.ts");
    const hostAt = (place: Place): HostAddress => ({
      account: settings.account(place.accountId),
      address: place.address ?? "",
      user: place.user,
      hostKeys: place.hostKey?.split(" ").filter(Boolean) ?? [],
      name: `${place.tenantSlug} ${place.kind}`,
      environmentId: place.environmentId,
    });
    const terminal = terminalArea({
      pool: database.pool,
      bytes,
      now: () => new Date(),
      recordings: join(home.folder, "recordings"),
      machine: executorId(home.folder),
      operator: () => settings.get().operator,
      async place(environmentId) {
        const environment = await tenant.store.environment(environmentId);
        const owner = environment && (await tenant.store.tenant(environment.tenantId));
        const account = settings.accounts().find((one) => one.id === environment?.accountId);
        if (!environment || !owner || !account) return undefined;
        return {
          tenantId: owner.id,
          tenantSlug: owner.slug,
          customer: owner.customer,
          environmentId,
          kind: environment.kind,
          accountId: account.id,
          address: environment.facts.address ?? null,
          port: account.ports.ssh,
          user: environment.facts.sshUser ?? "ubuntu",
          hostKey: environment.hostKey,
        };
      },
      openShell(place, order, listener, signal) {
        return aws.openShell(hostAt(place), order, listener, signal);
      },
      openFiles: (place, own, signal) => aws.openFiles(hostAt(place), own, signal),
      run: (place, words, signal) => aws.runOnHost(hostAt(place), words, { signal }),
      shownHostKeys: (place) => aws.shownHostKeys(hostAt(place)),
      async printedHostKeys(environmentId) {
        const environment = await tenant.store.environment(environmentId);
        if (!environment?.facts.instanceId) return [];
        const cloud = aws.cloud(settings.account(environment.accountId), environment.region);
        return cloud.printedHostKeys(environment.facts.instanceId);
      },
      async pin(environmentId, fingerprints) {
        const hostKey = fingerprints.join(" ");
        await tenant.store.learn(environmentId, {}, { hostKey });
        const environment = await tenant.store.environment(environmentId);
        if (!environment) return;
        const { instanceId, volumeId } = environment.facts;
        const resources = [instanceId, volumeId].filter((id) => id !== undefined);
        const cloud = aws.cloud(settings.account(environment.accountId), environment.region);
        if (resources.length > 0) await cloud.setTags(resources, { [TAG.hostKey]: hostKey });
        changed(environment.tenantId);
      },
      changed: () => jobs.live.publish({ type: "stale", area: "terminal" }),
      log: (level, text) => log[level === "warning" ? "warn" : level](text),
    });
    hostKeys = terminal.hostKeys;
    endings.push(() => terminal.stop());

    const accountOf = (id: string) => {
      const account = settings.accounts().find((one) => one.id === id);
      if (!account) throw clouds.secretMissing(`account ${id}`);
      return account;
    };
    const { accessArea } = await import("./access/index.ts");
    const access = accessArea({
      pool: database.pool,
      jobs,
      now: () => new Date(),
      find: tenant.operated,
      runOnHost: aws.runOnHost,
      async places() {
        return (await tenant.listTenants()).flatMap(({ id, slug, environments }) =>
          environments.map(({ id: environmentId, kind, accountId, state, sshAddress }) => ({
            ...{ tenantId: id, tenantSlug: slug, environmentId, kind, accountId },
            running: state === "running" && sshAddress !== null,
          })),
        );
      },
      account: accountOf,
      operator: () => settings.get().operator,
      ownKeys: {
        ...ownKeys,
        logInWithNext: async (host, signal) => aws.logInWith(await ownKeys.nextPrivate(host.account.id), host, signal),
      },
      sessions: terminal.history,
      changed: () => jobs.live.publish({ type: "stale", area: "access" }),
    });

    const { maintenanceArea } = await import("./maintenance/index.ts");
    const maintenance = maintenanceArea({
      profiles: () => terms.profiles(),
      pool: database.pool,
      jobs,
      now: () => new Date(),
      find: tenant.operated,
      cloud: aws.cloud,
      runOnHost: aws.runOnHost,
      getHttps: aws.getHttps,
      learn: tenant.learn,
      lockouts: tenant.lockouts,
      lookAgain: () => fleet.checkHealthSoon(),
      openWindow: (tenantId, kind) => calendar.openAt(tenantId, kind),
      plannedWindow: (windowId) => calendar.planned(windowId),
      operator: () => settings.get().operator,
      changed: () => jobs.live.publish({ type: "stale", area: "maintenance" }),
    });

    status.stage = "lab";
    let lab = (await labStarting) ?? null;
    if (lab) {
      let restarting: Promise<unknown> | undefined;
      const keep = (held: LaunchedLab) =>
        void held.gone.then(({ asked }) => {
          if (stopping) return;
          log.warn(asked ? "the lab was stopped" : "the lab ended unexpectedly; it is started again");
          if (!asked) restarting = startAgain().catch((error) => log.error(`lab: ${errorFacts(error).message}`));
        });
      const startAgain = async () => {
        lab = await startLab(options.lab === "empty" ? "empty" : "demo");
        await registerLab(lab.ready);
        jobs.live.publish({ type: "stale", area: "settings" });
        keep(lab);
      };
      // A lab that was there before may be somebody else's; one of ours without a console ends by itself.
      endings.unshift(async () => {
        await restarting;
        await (lab?.adopted ? lab.release() : lab?.stop());
      });
      await registerLab(lab.ready);
      keep(lab);
    }
    const { labRouter } = await import("./lab/router.ts");

    status.stage = "jobs";
    await jobs.launch();
    await metrics.start();
    fleet.start();
    await terminal.start();
    endings.push(() => fleet.stop());
    restore.start();
    endings.push(() => restore.stop());
    status.state = "ready";
    status.stage = null;
    log.info("console ready");
    return {
      router: {
        fleet: fleet.router,
        tenant: tenant.router,
        jobs: jobs.router,
        lab: labRouter(() => lab),
        calendar: calendar.router,
        terminal: terminal.router,
        terms: terms.router,
        restore: restore.router,
        snapshot: snapshot.router,
        access: access.router,
        maintenance: maintenance.router,
        metrics: metrics.router,
        sla: sla.router,
      } satisfies AreaCalls as unknown as AreaRouters,
      aws,
      /** What was seen before may be hours old, and what ran on the hosts went on. */
      async lookAgain(jump: ClockJump) {
        jobs.live.publish({ type: "standstill", kind: jump.kind, ms: jump.ms });
        if (jump.kind === "setBack") return;
        await jobs.wokeUp(`This console stood still for ${secondsOf(jump.ms)} s; it looks at everything again.`);
        fleet.checkHealthSoon();
        for (const account of settings.accounts()) for (const region of account.regions) readSoon(account.id, region);
      },
      published: () => jobs.live.publish({ type: "stale", area: "settings" }),
    };
  }

  async function startLab(seed: "demo" | "empty") {
    const { adoptOrSpawnLab } = await import("./lab/launch.ts");
    return adoptOrSpawnLab({ folder: home.paths.lab, seed, onLog: (line) => log.info(`lab: ${line}`) });
  }

  /** The lab is an account like any other; its credentials are handed over anew at each start and never stored. */
  async function registerLab(ready: LabReady): Promise<void> {
    status.lab = { ec2: ready.ec2, s3: ready.s3, sts: ready.sts, regions: ready.regions, ca: ready.ca };
    settings.registerSessionAccount({
      id: LAB_ACCOUNT,
      name: "Lab",
      credentials: { kind: "keys", profile: null, accessKeyId: ready.accessKeyId },
      regions: ready.regions,
      endpoints: { ec2: ready.ec2, s3: ready.s3, sts: ready.sts, caFile: ready.ca },
      ports: ready.ports,
      isLab: true,
    });
    vault.putForSession(
      keysOf(LAB_ACCOUNT),
      JSON.stringify({ accessKeyId: ready.accessKeyId, secretAccessKey: ready.secretAccessKey }),
    );
    // Once rotated, the console's own key is in the vault; the lab's opens hosts that are made anew.
    const rotated = await vault.has(`${sshKeyOf(LAB_ACCOUNT)}/rotated`);
    const name = rotated ? `${sshKeyOf(LAB_ACCOUNT)}/lab` : sshKeyOf(LAB_ACCOUNT);
    vault.putForSession(name, await readFile(ready.operatorKey, "utf8"));
  }

  const parts = bringUp().catch((error: unknown) => {
    const facts = errorFacts(error);
    status.state = "failed";
    status.error = { code: facts.code, message: facts.message, next: facts.details.next ?? null };
    if (!stopping) log.error(`start failed: ${facts.message}`, { stack: (error as Error | null)?.stack });
    throw error;
  });
  parts.catch(() => undefined);

  const standstill = watchForStandstill((jump) => {
    if (jump.kind === "setBack") log.warn(`the clock was set back by ${secondsOf(jump.ms)} s`);
    else log.warn(`stood still for ${secondsOf(jump.ms)} s: the computer slept, or the clock was set forward`);
    parts
      .then(({ lookAgain }) => lookAgain(jump))
      .catch((error: unknown) => log.warn(`after the standstill: ${errorFacts(error).message}`));
  });

  /** Says what an operator can do about a database that is away, instead of what its driver says. */
  const explained = os.middleware(async ({ next }) => {
    try {
      return await next();
    } catch (error) {
      throw explain?.(error) ?? error;
    }
  });
  const router = implement(contract)
    .use(explained)
    .router({
      settings: settingsRouter({
        status: () => ({ ...status }),
        settings,
        vault,
        checkAccount: async (account) => {
          const { aws } = await parts;
          return aws.checkAccount(account);
        },
        async checkMail() {
          const server = await mailServer(settings.get().mail, (name) => vault.get(name));
          const { checkSmtp } = await import("./adapters/mail/smtp.ts");
          return checkSmtp(server);
        },
        changed: async () => (await parts).published(),
      }),
      fleet: lazy(async () => ({ default: (await parts).router.fleet })),
      tenant: lazy(async () => ({ default: (await parts).router.tenant })),
      jobs: lazy(async () => ({ default: (await parts).router.jobs })),
      lab: lazy(async () => ({ default: (await parts).router.lab })),
      terminal: lazy(async () => ({ default: (await parts).router.terminal })),
      restore: lazy(async () => ({ default: (await parts).router.restore })),
      snapshot: lazy(async () => ({ default: (await parts).router.snapshot })),
      terms: lazy(async () => ({ default: (await parts).router.terms })),
      access: lazy(async () => ({ default: (await parts).router.access })),
      maintenance: lazy(async () => ({ default: (await parts).router.maintenance })),
      metrics: lazy(async () => ({ default: (await parts).router.metrics })),
      sla: lazy(async () => ({ default: (await parts).router.sla })),
      calendar: lazy(async () => ({ default: (await parts).router.calendar })),
    });

  return {
    router,
    bytes,
    ready: parts.then(() => undefined),
    status: () => ({ ...status }),
    log,
    woke: () => standstill.woke(),
    async stop() {
      stopping = true;
      standstill.stop();
      await parts.catch(() => undefined);
      for (const end of endings.reverse()) {
        try {
          await Promise.race([end(), wait(LONGEST_STOP_MS, undefined, { ref: false })]);
        } catch (error) {
          log.error(`stop: ${errorFacts(error).message}`);
        }
      }
      await home.release();
      log.close();
    },
  };
}

/** Stable for this machine and home, so that jobs left by a killed console are taken up again by its successor. */
function executorId(homeFolder: string): string {
  const home = createHash("sha256").update(homeFolder).digest("hex").slice(0, 12);
  return `${hostname()}-${home}`;
}
