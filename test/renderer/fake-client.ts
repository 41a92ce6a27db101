import { createRouterClient, implement, ORPCError } from "@orpc/server";
import { planProvisioning, refusal } from "../../main/tenant/plan.ts";
import type { Client, Connection, ConnectionPhase } from "../../renderer/app/client.ts";
import { contract } from "../../shared/contract.ts";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { FINAL_JOB_STATES, type JobState, type LiveEvent } from "../../shared/jobs/model.ts";
import type { Fault, LabStatus } from "../../shared/lab/model.ts";
import { type Account, type ConsoleStatus, Settings, type VaultStatus } from "../../shared/settings/model.ts";
import { limitsOf } from "../../shared/metrics/thresholds.ts";
import type { ImageOption, ProvisionRequest, SizeOption, Tenant } from "../../shared/tenant/model.ts";
import { provisionSteps } from "../../shared/tenant/provision-steps.ts";
import { createFakeCalendar } from "./fake-calendar.ts";
import { createFakeMetrics } from "./fake-metrics.ts";
import { createFakeTerminal } from "./fake-terminal.ts";
import { createFakeRestores } from "./fake-restore.ts";
import { createFakeSnapshots } from "./fake-snapshots.ts";
import { createFakeSla } from "./fake-sla.ts";
import { createFakeTerms } from "./fake-terms.ts";
import { demoTenants, rowsOf } from "./demo-fleet.ts";
import { demoJobs, jobOf, type JobRecord } from "./demo-jobs.ts";

export interface FakeOptions {
  /** Two environments each; default 12. */
  readonly tenants?: number;
  /** Milliseconds per step of a started job; absent: jobs stay queued. */
  readonly stepMs?: number;
  readonly status?: Partial<ConsoleStatus>;
  readonly settings?: Partial<Settings>;
  readonly withoutLab?: boolean;
  readonly withoutAccounts?: boolean;
  readonly vault?: VaultStatus;
  /** Milliseconds before every answer. */
  readonly latencyMs?: number;
  /** Calls that fail, by contract path: "fleet.list". */
  readonly failures?: Readonly<Record<string, AppError>>;
}

const REGIONS = ["eu-west-1", "us-east-1", "ca-central-1"];
const SIZES: SizeOption[] = [
  { instanceType: "t3.medium", vcpus: 2, memoryMiB: 4_096 },
  { instanceType: "m6i.large", vcpus: 2, memoryMiB: 8_192 },
  { instanceType: "m6i.xlarge", vcpus: 4, memoryMiB: 16_384 },
  { instanceType: "m6i.2xlarge", vcpus: 8, memoryMiB: 32_768 },
  { instanceType: "r6i.2xlarge", vcpus: 8, memoryMiB: 65_536 },
];
const RELEASES = {
  openbravo: ["25Q2", "25Q3", "25Q4", "26Q1", "26Q2"],
  acumatica: ["2025 R1", "2025 R2", "2026 R1"],
} as const;

const IMAGES: ImageOption[] = REGIONS.flatMap((region) =>
  (["openbravo", "acumatica"] as const).flatMap((service) =>
    RELEASES[service].map(
      (version, index): ImageOption => ({
        imageId: `ami-${service.slice(0, 2)}${region.replaceAll("-", "")}${index}`,
        region,
        service,
        version,
        name: `${service} ${version}`,
        createdAt: new Date("2026-01-10T00:00:00Z"),
        support: {
          state: index === RELEASES[service].length - 1 ? "current" : index === 0 ? "unsupported" : "supported",
          leavesInReleases: index || null,
        },
      }),
    ),
  ),
);

/** A console in memory that answers the whole contract with demonstration data. */
export function createFakeConsole(options: FakeOptions = {}) {
  const now = new Date();
  const tenants: Tenant[] = demoTenants(options.tenants ?? 12, now);
  const jobs = new Map<string, JobRecord>((options.tenants === 0 ? [] : demoJobs(now)).map((one) => [one.job.id, one]));
  let settings: Settings = Settings.parse({ operator: "Camille", ...options.settings });
  let vault: VaultStatus = options.vault ?? { backend: "passphrase", state: "open", note: null };
  let accounts: Account[] = options.withoutAccounts
    ? []
    : [
        {
          id: "lab",
          name: "Lab",
          credentials: { kind: "keys", profile: null, accessKeyId: "AKIALABOPERATOR00001" },
          regions: REGIONS,
          endpoints: { ec2: "https://127.0.0.1:4566", s3: "https://127.0.0.1:4567", sts: "https://127.0.0.1:4568" },
          ports: { ssh: 2222, https: 8443, http: 8080 },
          isLab: true,
        },
      ];
  let faults: Fault[] = [];
  const watchers = new Set<(event: LiveEvent) => void>();
  const push = (event: LiveEvent) => {
    for (const tell of watchers) tell(event);
  };

  const snapshots = createFakeSnapshots(tenants, now);
  const metrics = createFakeMetrics(tenants, now);
  const sla = createFakeSla(tenants, now);
  const terms = createFakeTerms(tenants, RELEASES, now, () => push({ type: "stale", area: "terms" }));
  const restores = createFakeRestores(tenants, now);
  const terminal = createFakeTerminal(tenants, now, () => push({ type: "stale", area: "terminal" }));
  const calendar = createFakeCalendar(tenants, now, () => push({ type: "stale", area: "calendar" }));

  for (const { job } of jobs.values()) {
    const tenant = tenants.find(({ id }) => id === job.tenantId);
    if (tenant && !FINAL_JOB_STATES.has(job.state)) tenant.activeJob = job;
  }

  const labStatus = (): LabStatus => ({
    running: true,
    seed: "demo",
    ec2: "https://127.0.0.1:4566",
    s3: "https://127.0.0.1:4567",
    sts: "https://127.0.0.1:4568",
    regions: REGIONS,
    accessKeyId: "AKIALABOPERATOR00001",
    ca: "/home/camille/.local/share/fleetwright/lab/ca.pem",
    pid: 4711,
    startedAt: new Date(now.getTime() - 3 * 3_600_000),
    hosts: tenants.slice(0, 40).flatMap((tenant, index) =>
      tenant.environments.map((environment) => ({
        instanceId: environment.instanceId ?? "",
        region: environment.region,
        name: `fleetwright-${tenant.slug}-${environment.kind}`,
        address: `127.10.0.${index + 2}`,
        state: environment.state,
        processes: environment.state === "stopped" ? "off" : index % 3 === 0 ? "awake" : "asleep",
        memoryBytes: index % 3 === 0 ? (38 + index) * 1024 * 1024 : null,
        ordersWritten: 1_200 + index * 977,
      })),
    ),
    buckets: 3,
    faults,
    requests: { ec2: 18_402, s3: 2_311, sts: 57 },
  });

  const status = (): ConsoleStatus => ({
    version: "0.1.0",
    host: "loopback",
    home: "/home/camille/.local/share/fleetwright",
    pid: 4700,
    machine: "ops-desk-3",
    state: "ready",
    stage: null,
    error: null,
    database: { kind: "embedded", version: "18.4" },
    lab: null,
    notices: [
      {
        code: "SettingsKeptAside",
        message: "The settings file was not readable; it is kept as settings.json.broken and the defaults are used.",
      },
    ],
    ...options.status,
  });

  const jobRecord = (jobId: string) => {
    const record = jobs.get(jobId);
    if (!record) throw new AppError("NotFound", `There is no job ${jobId}.`, { retryable: false });
    return record;
  };
  const change = (jobId: string, part: Partial<JobRecord["job"]>) => {
    const record = jobRecord(jobId);
    record.job = { ...record.job, ...part };
    const tenant = tenants.find(({ id }) => id === record.job.tenantId);
    if (tenant) tenant.activeJob = FINAL_JOB_STATES.has(record.job.state) ? null : record.job;
    push({ type: "job", job: record.job });
    return record.job;
  };

  async function play(jobId: string, stepMs: number) {
    const pause = () => new Promise((resolve) => setTimeout(resolve, stepMs));
    change(jobId, { state: "running", startedAt: new Date() });
    const { steps, log } = jobRecord(jobId);
    for (const [index, planned] of steps.entries()) {
      if (FINAL_JOB_STATES.has(jobRecord(jobId).job.state)) return;
      const started = { ...planned, state: "running" as const, attempts: 1, startedAt: new Date() };
      push({ type: "step", step: (steps[index] = started) });
      change(jobId, { currentStep: planned.name });
      await pause();
      const line = {
        jobId,
        seq: log.length + 1,
        at: new Date(),
        level: "info" as const,
        step: planned.name,
        text: `${planned.name}: done`,
      };
      log.push(line);
      push({ type: "log", line });
      push({ type: "step", step: (steps[index] = { ...started, state: "done", endedAt: new Date() }) });
      change(jobId, { percent: Math.round((100 * (index + 1)) / steps.length) });
    }
    change(jobId, {
      state: "done",
      endedAt: new Date(),
      can: { cancel: false, retry: false, rollBack: false, adopt: false },
    });
    push({ type: "stale", area: "fleet" });
  }

  function planOf(request: ProvisionRequest) {
    return planProvisioning(request, {
      account: accounts[0] as Account,
      images: IMAGES.filter(({ region }) => region === request.region).map((image) => ({
        ...image,
        sshUser: "ubuntu",
      })),
      sizes: SIZES,
      quota: undefined,
      releases: RELEASES[request.service],
      tenants,
      sshFrom: ["203.0.113.0/24"],
      now: new Date(),
    });
  }

  const os = implement(contract).use(async ({ next, path }) => {
    if (options.latencyMs) await new Promise((resolve) => setTimeout(resolve, options.latencyMs));
    try {
      const failure = options.failures?.[path.join(".")];
      if (failure) throw failure;
      return await next();
    } catch (error) {
      // As the hosts do: our own failures cross the contract with their code.
      if (!(error instanceof AppError)) throw error;
      const { code, message, details } = errorFacts(error);
      throw new ORPCError(code, { message, data: details });
    }
  });

  // A plain object: calls that the window does not make yet may be missing.
  const router = {
    fleet: {
      list: os.fleet.list.handler(() => ({ rows: rowsOf(tenants), sources: sources() })),
      refresh: os.fleet.refresh.handler(() => ({ sources: sources() })),
    },
    tenant: {
      get: os.tenant.get.handler(({ input }) => {
        const tenant = tenants.find(({ slug, id }) => slug === input.tenant || id === input.tenant);
        if (!tenant) throw new AppError("NotFound", `There is no tenant ${input.tenant}.`, { retryable: false });
        return tenant;
      }),
      provisionOptions: os.tenant.provisionOptions.handler(() => ({
        accounts: accounts.map(({ id, name, regions, isLab }) => ({ id, name, regions, isLab })),
        images: IMAGES,
        sizes: SIZES,
        owners: [...new Set(tenants.map(({ owner }) => owner))],
      })),
      plan: os.tenant.plan.handler(({ input }) => planOf(input).plan),
      provision: os.tenant.provision.handler(({ input }) => {
        const { plan } = planOf(input);
        if (!plan.allowed) throw refusal(input, plan);
        const jobId = input.requestId;
        if (!jobs.has(jobId)) {
          const names = provisionSteps(input.environments.map(({ kind }) => kind));
          const steps = names.map((name, position) => ({
            jobId,
            position,
            name,
            state: "pending" as const,
            detail: null,
            attempts: 0,
            error: null,
            startedAt: null,
            endedAt: null,
          }));
          jobs.set(jobId, {
            job: jobOf({ id: jobId, subject: input.customer, tenantId: plan.slug, tenantSlug: plan.slug }),
            steps,
            log: [],
          });
          if (options.stepMs !== undefined) void play(jobId, options.stepMs);
        }
        return { jobId, tenantId: plan.slug, slug: plan.slug };
      }),
      rollBack: os.tenant.rollBack.handler(({ input }) => {
        if (input.confirm !== input.tenant)
          throw new AppError("ConfirmationNeeded", `Type ${input.tenant} to roll it back.`, { retryable: false });
        const job = jobOf({
          id: input.requestId,
          kind: "tenant.rollBack",
          subject: input.tenant,
          tenantSlug: input.tenant,
        });
        jobs.set(job.id, { job, steps: [], log: [] });
        return { jobId: job.id };
      }),
    },
    jobs: {
      list: os.jobs.list.handler(({ input }) =>
        [...jobs.values()]
          .map(({ job }) => job)
          .filter(
            (job) =>
              (!input.states?.length || input.states.includes(job.state)) &&
              (!input.tenant || input.tenant === job.tenantSlug || input.tenant === job.tenantId),
          )
          .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
          .slice(0, input.limit),
      ),
      get: os.jobs.get.handler(({ input }) => {
        const { job, steps, decisions = [] } = jobRecord(input.jobId);
        return { job, steps: [...steps], decisions };
      }),
      logs: os.jobs.logs.handler(({ input }) =>
        jobRecord(input.jobId)
          .log.filter(({ seq }) => seq > input.after)
          .slice(0, 1000),
      ),
      cancel: os.jobs.cancel.handler(({ input }) =>
        change(input.jobId, {
          state: "cancelled" as JobState,
          endedAt: new Date(),
          can: { cancel: false, retry: true, rollBack: true, adopt: false },
        }),
      ),
      retry: os.jobs.retry.handler(({ input }) =>
        change(input.jobId, {
          state: "running",
          error: null,
          endedAt: null,
          can: { cancel: true, retry: false, rollBack: false, adopt: false },
        }),
      ),
      adopt: os.jobs.adopt.handler(({ input }) => change(input.jobId, { executor: "ops-desk-3" })),
      decide: os.jobs.decide.handler(({ input }) => {
        const record = jobRecord(input.jobId);
        const asked = record.job.decision;
        if (asked?.id !== input.decisionId) throw new AppError("Conflict", "Nobody waits.", { retryable: false });
        const answer = { option: input.option, reason: input.reason, by: settings.operator, at: new Date() };
        record.decisions = [{ ...asked, answer }];
        return change(input.jobId, { state: "running", waitingFor: null, decision: null });
      }),
      watch: os.jobs.watch.handler(async function* ({ signal }) {
        const queue: LiveEvent[] = [{ type: "alive", at: new Date() }];
        let wake = () => {};
        const tell = (event: LiveEvent) => {
          queue.push(event);
          wake();
        };
        watchers.add(tell);
        signal?.addEventListener("abort", () => wake());
        try {
          while (!signal?.aborted) {
            const event = queue.shift();
            if (event) yield event;
            else await new Promise<void>((resolve) => (wake = resolve));
          }
        } finally {
          watchers.delete(tell);
        }
      }),
    },
    lab: {
      status: os.lab.status.handler(() => (options.withoutLab ? null : labStatus())),
      injectFault: os.lab.injectFault.handler(({ input }) => {
        const fault: Fault = { ...input, id: crypto.randomUUID(), struck: 0, since: new Date() };
        faults = [...faults, fault];
        return fault;
      }),
      clearFault: os.lab.clearFault.handler(({ input }) => {
        faults = faults.filter(({ id }) => id !== input.id);
        return { cleared: true };
      }),
      clearFaults: os.lab.clearFaults.handler(() => {
        const cleared = faults.length;
        faults = [];
        return { cleared };
      }),
      reset: os.lab.reset.handler(() => labStatus()),
    },
    settings: {
      status: os.settings.status.handler(status),
      get: os.settings.get.handler(() => settings),
      update: os.settings.update.handler(({ input }) => (settings = { ...settings, ...(input as Partial<Settings>) })),
      listAccounts: os.settings.listAccounts.handler(() => accounts),
      addAccount: os.settings.addAccount.handler(({ input }) => {
        if (input.credentials.kind === "keys" && vault.state !== "open")
          throw new AppError("VaultLocked", `The keys of ${input.name} cannot be kept: the vault is locked.`, {
            retryable: false,
            next: "Open the vault, then add the account.",
          });
        const account: Account = {
          id: crypto.randomUUID(),
          name: input.name,
          credentials:
            input.credentials.kind === "keys"
              ? { kind: "keys", profile: null, accessKeyId: input.credentials.accessKeyId }
              : { kind: "profile", profile: input.credentials.profile, accessKeyId: null },
          regions: input.regions,
          endpoints: input.endpoints,
          ports: input.ports,
          isLab: false,
        };
        accounts = [...accounts, account];
        return account;
      }),
      checkAccount: os.settings.checkAccount.handler(({ input }) => {
        const account = accounts.find(({ id, name }) => id === input.account || name === input.account);
        return {
          ok: true,
          awsAccountId: "000000000000",
          arn: "arn:aws:iam::000000000000:user/operator",
          regions: (account?.regions ?? []).map((region) => ({ region, ok: true, error: null })),
        };
      }),
      removeAccount: os.settings.removeAccount.handler(({ input }) => {
        accounts = accounts.filter(({ id, name }) => id !== input.account && name !== input.account);
        return { removed: input.account };
      }),
      mail: os.settings.mail.handler(() => ({ server: settings.mail, hasPassword: settings.mail?.user != null })),
      setMail: os.settings.setMail.handler(({ input }) => {
        settings = { ...settings, mail: input.server };
        return { server: input.server, hasPassword: input.server?.user != null };
      }),
      checkMail: os.settings.checkMail.handler(() => ({ greeting: "250 ready" })),
      vaultStatus: os.settings.vaultStatus.handler(() => vault),
      unlockVault: os.settings.unlockVault.handler(({ input }) => {
        if (input.passphrase.length < 12)
          throw new AppError("VaultPassphraseWrong", "The passphrase does not open the vault.", { retryable: false });
        return (vault = { ...vault, state: "open" });
      }),
      lockVault: os.settings.lockVault.handler(() => (vault = { ...vault, state: "locked" })),
    },
    metrics: {
      now: os.metrics.now.handler(({ input }) => metrics.now(input.tenant)),
      query: os.metrics.query.handler(({ input }) => metrics.query(input)),
      watch: os.metrics.watch.handler(async function* () {
        yield { readings: [], changed: [] };
      }),
      events: os.metrics.events.handler(() => ({ events: [], intervals: [] })),
      limits: os.metrics.limits.handler(() => limitsOf(new Map())),
      setLimit: os.metrics.setLimit.handler(() => limitsOf(new Map())),
    },
    sla: {
      month: os.sla.month.handler(({ input }) => sla.month(input.month)),
      report: os.sla.report.handler(({ input }) => sla.report(input.tenant, input.month)),
      export: os.sla.export.handler(() => ({ fileName: "sla.csv", mediaType: "text/csv", text: "" })),
    },
    terms: {
      get: os.terms.get.handler(({ input }) => terms.get(input.tenant)),
      record: os.terms.record.handler(({ input }) => terms.record(input)),
      board: os.terms.board.handler(() => terms.board()),
      solve: os.terms.solve.handler(({ input }) => terms.solve(input)),
      addProfile: os.terms.addProfile.handler(({ input }) => terms.addProfile(input.profile)),
      profileDocument: os.terms.profileDocument.handler(({ input }) => terms.profileDocument(input.profileId)),
      profiles: os.terms.profiles.handler(() => terms.profiles()),
    },
    restore: {
      list: os.restore.list.handler(({ input }) => restores.list(input.tenant)),
      get: os.restore.get.handler(({ input }) => restores.get(input.caseId)),
      sources: os.restore.sources.handler(({ input }) => restores.sources(input.tenant)),
      plan: os.restore.plan.handler(() => noRestores()),
      run: os.restore.run.handler(() => noRestores()),
      swap: os.restore.swap.handler(() => noRestores()),
      discard: os.restore.discard.handler(() => noRestores()),
      refreshPlan: os.restore.refreshPlan.handler(() => noRestores()),
      refresh: os.restore.refresh.handler(() => noRestores()),
      activate: os.restore.activate.handler(() => noRestores()),
    },
    maintenance: { list: os.maintenance.list.handler(() => []) },
    snapshot: {
      list: os.snapshot.list.handler(({ input }) => snapshots.list(input.tenant)),
      get: os.snapshot.get.handler(({ input }) => snapshots.get(input.id)),
      plan: os.snapshot.plan.handler(({ input }) => snapshots.plan(input)),
      take: os.snapshot.take.handler(({ input }) => snapshots.take(input)),
      export: os.snapshot.export.handler(({ input }) => ({ jobId: input.requestId, id: input.requestId })),
      download: os.snapshot.download.handler(({ input }) => ({ jobId: input.requestId, file: input.to })),
      import: os.snapshot.import.handler(({ input }) => ({ jobId: input.requestId, id: input.requestId })),
      delete: os.snapshot.delete.handler(({ input }) => ({ jobId: input.requestId })),
      compare: os.snapshot.compare.handler(({ input }) => snapshots.compare(input.left, input.right)),
    },
    terminal: {
      open: os.terminal.open.handler(({ input }) => terminal.open(input)),
      resize: os.terminal.resize.handler(() => ({ resized: true })),
      close: os.terminal.close.handler(({ input }) => terminal.close(input.sessionId)),
      list: os.terminal.list.handler(() => terminal.list()),
      history: os.terminal.history.handler(() => terminal.history()),
      recording: os.terminal.recording.handler(() => ({ text: terminal.recording, next: null })),
      hostKeys: os.terminal.hostKeys.handler(({ input }) => terminal.hostKeys(input.environmentId)),
      hostKeyAlarms: os.terminal.hostKeyAlarms.handler(() => terminal.hostKeyAlarms()),
      lookAtHostKeys: os.terminal.lookAtHostKeys.handler(() => terminal.look),
      files: {
        open: os.terminal.files.open.handler(({ input }) => terminal.files.open(input)),
        sessions: os.terminal.files.sessions.handler(() => terminal.files.sessions()),
        close: os.terminal.files.close.handler(({ input }) => terminal.files.close(input)),
        list: os.terminal.files.list.handler(({ input }) => terminal.files.list(input)),
        makeFolder: os.terminal.files.makeFolder.handler(({ input: { folder, name } }) => ({
          path: `${folder}/${name}`,
          made: true,
        })),
        rename: os.terminal.files.rename.handler(({ input }) => ({ path: input.path })),
        remove: os.terminal.files.remove.handler(({ input }) => ({ removed: input.path })),
        upload: os.terminal.files.upload.handler(() => ({ transferId: "up-1", streamId: 1, offset: 0 })),
        download: os.terminal.files.download.handler(() => ({
          ...{ transferId: "down-1", streamId: 2 },
          ...{ size: 0, name: "dump.sql" },
        })),
        cancel: os.terminal.files.cancel.handler(() => ({ cancelled: true })),
        acts: os.terminal.files.acts.handler(() => terminal.files.acts()),
      },
      repinHostKey: os.terminal.repinHostKey.handler(({ input }) => terminal.hostKeys(input.environmentId)),
    },
    calendar: {
      list: os.calendar.list.handler(({ input }) => calendar.list(input)),
      get: os.calendar.get.handler(({ input }) => calendar.get(input.windowId)),
      check: os.calendar.check.handler(({ input }) => calendar.check(input)),
      schedule: os.calendar.schedule.handler(({ input }) => calendar.schedule(input)),
      move: os.calendar.move.handler(({ input }) => calendar.move(input)),
      cancel: os.calendar.cancel.handler(({ input }) => calendar.cancel(input)),
      checkMany: os.calendar.checkMany.handler(({ input }) => calendar.wave(input, false)),
      scheduleMany: os.calendar.scheduleMany.handler(({ input }) => calendar.wave(input, true)),
      overrides: os.calendar.overrides.handler(() => ({ overrides: [], byRule: [], byPerson: [] })),
      feed: os.calendar.feed.handler(() => calendar.feed()),
      notices: {
        ledger: os.calendar.notices.ledger.handler(({ input }) => calendar.ledger(input)),
        list: os.calendar.notices.list.handler(({ input }) => calendar.notices(input.windowId)),
        draft: os.calendar.notices.draft.handler(({ input }) => calendar.draft(input)),
        export: os.calendar.notices.export.handler(({ input }) => calendar.export(input.noticeId, input.format)),
        send: os.calendar.notices.send.handler(({ input }) => calendar.send(input)),
        markSent: os.calendar.notices.markSent.handler(({ input }) => calendar.markSent(input)),
      },
      templates: {
        list: os.calendar.templates.list.handler(() => calendar.templates()),
        preview: os.calendar.templates.preview.handler(({ input }) => calendar.preview(input)),
        set: os.calendar.templates.set.handler(({ input }) => calendar.setTemplate(input)),
        reset: os.calendar.templates.reset.handler(({ input }) => calendar.resetTemplate(input)),
      },
      blackouts: {
        list: os.calendar.blackouts.list.handler(() => calendar.blackouts()),
        add: os.calendar.blackouts.add.handler(({ input }) => calendar.addBlackout(input)),
        remove: os.calendar.blackouts.remove.handler(({ input }) => calendar.removeBlackout(input.blackoutId)),
      },
    },
  };

  function sources() {
    return REGIONS.map((region) => ({
      accountId: "lab",
      accountName: "Lab",
      region,
      readAt: new Date(now.getTime() - 40_000),
      error:
        region === "ca-central-1"
          ? { code: "AwsThrottled", message: "AWS asks for slower calls; the next reading is in 12 s." }
          : null,
    }));
  }

  return {
    hostKeyAlarm: terminal.hostKeyAlarm,
    client: createRouterClient(router) as unknown as Client,
    push,
    tenants,
    jobs,
    readSettings: () => settings,
  };
}
export type FakeConsole = ReturnType<typeof createFakeConsole>;

/** A connection over a client that is always there; `become` plays losing and finding it again. */
export function fakeConnection(client: Client): Connection & { become(phase: ConnectionPhase): void } {
  let phase: ConnectionPhase = "open";
  const listeners = new Set<() => void>();
  return {
    client,
    get phase() {
      return phase;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    heard() {},
    retryNow() {},
    close() {},
    become(next) {
      phase = next;
      for (const listener of listeners) listener();
    },
  };
}

/** Restores are made and planned in the lab's tests; the screens are looked at with what stands there. */
function noRestores(): never {
  throw new AppError("LabUnavailable", "The console in memory restores nothing.", { retryable: false });
}
