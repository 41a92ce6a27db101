import { implement } from "@orpc/server";
import { ByteHub } from "../../../shared/byte-hub.ts";
import { contract } from "../../../shared/contract.ts";
import { AppError } from "../../../shared/errors.ts";
import type { Job, JobDecision, JobStep, LiveEvent } from "../../../shared/jobs/model.ts";
import type { Account, ConsoleStatus } from "../../../shared/settings/model.ts";
import type { ProvisionPlan, Tenant } from "../../../shared/tenant/model.ts";
import type { Console } from "../../../main/console.ts";
import { silentLog } from "../../../main/log.ts";

export const CREATED_AT = new Date("2026-03-01T10:00:00.000Z");

/** A console whose answers are known and whose streams can be watched from outside. */
export interface FakeConsole extends Console {
  /** Streams of `jobs.watch` that are open now. */
  readonly watchers: () => number;
  /** Calls that reached a handler, as "area.verb". */
  readonly calls: string[];
  readonly stopped: () => boolean;
  /** Keys given to `settings.addAccount`. */
  readonly accountInputs: unknown[];
}

export function fakeStatus(home: string): ConsoleStatus {
  return {
    version: "0.0.0-test",
    host: "loopback",
    home,
    pid: process.pid,
    machine: "test",
    state: "ready",
    stage: null,
    error: null,
    database: { kind: "embedded", version: "18.4" },
    lab: null,
    notices: [],
  };
}

export const fakeDecision: JobDecision = {
  id: "d-1",
  step: "volume: what became of it",
  question: "Is the volume attached?",
  facts: { volume: "vol-1" },
  options: [
    { id: "again", label: "Attach it again", danger: false },
    { id: "wipe", label: "Wipe it", danger: true },
  ],
  askedAt: CREATED_AT,
  answer: null,
};

export function fakeJob(id: string, state: Job["state"] = "running"): Job {
  return {
    id,
    kind: "tenant.provision",
    tenantId: "t-1",
    tenantSlug: "acme",
    subject: "Acme",
    state,
    waitingFor: null,
    percent: state === "done" ? 100 : 40,
    currentStep: "data volume",
    error:
      state === "failed"
        ? { code: "AwsCapacity", message: "No capacity for acme.", details: { retryable: true } }
        : null,
    decision: state === "needsDecision" ? fakeDecision : null,
    requestedBy: "operator",
    executor: "test",
    createdAt: CREATED_AT,
    startedAt: CREATED_AT,
    endedAt: state === "done" || state === "failed" ? CREATED_AT : null,
    can: { cancel: true, retry: state === "failed", rollBack: state === "failed", adopt: false },
  };
}

export function fakeStep(jobId: string, state: JobStep["state"]): JobStep {
  return {
    jobId,
    position: 0,
    name: "data volume",
    state,
    detail: "vol-1, 100 GiB",
    attempts: 1,
    error: null,
    startedAt: CREATED_AT,
    endedAt: state === "done" ? CREATED_AT : null,
  };
}

const tenant: Tenant = {
  id: "t-1",
  slug: "acme",
  customer: "Acme \u001b[31m<b>; DROP TABLE",
  service: "openbravo",
  edition: "commerce",
  prefix: "acme",
  owner: "Partner",
  users: 10,
  posTerminals: 20,
  invoiceDate: "2026-01-15",
  zone: "Europe/Madrid",
  environments: [],
  handOver: null,
  activeJob: null,
  createdAt: CREATED_AT,
  isLab: true,
};

const labAccount: Account = {
  id: "lab",
  name: "Lab",
  credentials: { kind: "keys", profile: null, accessKeyId: "AKIALAB" },
  regions: ["eu-west-1"],
  endpoints: {},
  ports: { ssh: 22, https: 443, http: 80 },
  isLab: true,
};

const plan: ProvisionPlan = {
  slug: "acme",
  verdicts: [{ rule: "R8", allowed: false, reason: "Test is larger than half of production.", source: "OB:44" }],
  allowed: false,
  resources: [],
  steps: ["keys"],
  handOver: { targetAt: CREATED_AT, limitAt: CREATED_AT },
};

/** `outcome` is how every provisioning of this console ends. */
export function createFakeConsole(home: string, outcome: "done" | "failed" | "needsDecision" = "done"): FakeConsole {
  let watchers = 0;
  let stopped = false;
  const calls: string[] = [];
  const endedJobs = new Set<string>();
  const decided = new Set<string>();
  const accountInputs: unknown[] = [];
  const os = implement(contract);
  const missing = () => {
    throw new AppError("NotFound", "There is nothing of that name.", { retryable: false });
  };

  const router = os.router({
    fleet: {
      list: os.fleet.list.handler(() => ({ rows: [], sources: [] })),
      refresh: os.fleet.refresh.handler(() => ({ sources: [] })),
    },
    tenant: {
      get: os.tenant.get.handler(({ input }) => {
        calls.push("tenant.get");
        if (input.tenant === "bug") throw new TypeError("secret-of-the-stack is undefined");
        if (input.tenant === "bad-answer") return { id: 5 } as unknown as Tenant;
        if (input.tenant !== "acme") {
          throw new AppError("NotFound", `There is no tenant "${input.tenant}".`, {
            retryable: false,
            next: "List them with: fleetwright tenant list",
          });
        }
        return tenant;
      }),
      provisionOptions: os.tenant.provisionOptions.handler(() => ({ accounts: [], images: [], sizes: [], owners: [] })),
      plan: os.tenant.plan.handler(({ input }) => ({ ...plan, allowed: input.overrides.R8 !== undefined })),
      provision: os.tenant.provision.handler(({ input }) => {
        calls.push("tenant.provision");
        if (input.prefix === "refused") {
          throw new AppError("RefusedByRule", "R10 refuses the prefix.", {
            retryable: false,
            rule: "R10",
            earliest: "2026-04-01T00:00:00Z",
          });
        }
        return { jobId: input.requestId, tenantId: "t-1", slug: "acme" };
      }),
      rollBack: os.tenant.rollBack.handler(({ input }) => {
        if (input.confirm !== input.tenant) {
          throw new AppError("ConfirmationNeeded", "Type the name in full.", { retryable: false });
        }
        return { jobId: input.requestId };
      }),
      planAct: os.tenant.planAct.handler(missing),
      start: os.tenant.start.handler(missing),
      stop: os.tenant.stop.handler(missing),
      reboot: os.tenant.reboot.handler(missing),
      lockOut: os.tenant.lockOut.handler(missing),
      unlock: os.tenant.unlock.handler(missing),
      planResize: os.tenant.planResize.handler(missing),
      resize: os.tenant.resize.handler(missing),
      certificate: os.tenant.certificate.handler(missing),
      renewCertificate: os.tenant.renewCertificate.handler(missing),
      checkCertificate: os.tenant.checkCertificate.handler(missing),
      installCertificate: os.tenant.installCertificate.handler(missing),
    },
    access: {
      list: os.access.list.handler(() => ({ keys: [], drift: [], readings: [] })),
      read: os.access.read.handler(missing),
      grant: os.access.grant.handler(missing),
      revoke: os.access.revoke.handler(missing),
      rotate: os.access.rotate.handler(missing),
      sessions: os.access.sessions.handler(() => []),
    },
    maintenance: {
      runbooks: {
        list: os.maintenance.runbooks.list.handler(() => []),
        save: os.maintenance.runbooks.save.handler(missing),
        review: os.maintenance.runbooks.review.handler(missing),
      },
      plan: os.maintenance.plan.handler(missing),
      run: os.maintenance.run.handler(missing),
      list: os.maintenance.list.handler(() => []),
      get: os.maintenance.get.handler(missing),
      stop: os.maintenance.stop.handler(missing),
    },
    jobs: {
      list: os.jobs.list.handler(() => [fakeJob("job-1")]),
      get: os.jobs.get.handler(({ input }) => {
        const ended = endedJobs.has(input.jobId);
        if (input.jobId.startsWith("asks")) {
          const answered = decided.has(input.jobId);
          const answer = { option: "again", reason: "seen", by: "operator", at: CREATED_AT };
          return {
            job: fakeJob(input.jobId, answered ? "running" : "needsDecision"),
            steps: [],
            decisions: [{ ...fakeDecision, answer: answered ? answer : null }],
          };
        }
        return {
          decisions: [],
          job: fakeJob(input.jobId, ended ? outcome : "running"),
          steps: [fakeStep(input.jobId, ended ? "done" : "running")],
        };
      }),
      logs: os.jobs.logs.handler(({ input }) =>
        input.after > 0
          ? []
          : [{ jobId: input.jobId, seq: 1, at: CREATED_AT, level: "info" as const, step: null, text: "hello" }],
      ),
      cancel: os.jobs.cancel.handler(({ input }) => fakeJob(input.jobId, "cancelled")),
      retry: os.jobs.retry.handler(missing),
      adopt: os.jobs.adopt.handler(({ input }) => fakeJob(input.jobId, "running")),
      decide: os.jobs.decide.handler(({ input }) => {
        calls.push(`jobs.decide ${input.decisionId} ${input.option} ${input.reason}`);
        if (input.option === "wipe" && input.confirm !== "acme") {
          throw new AppError("ConfirmationNeeded", "It cannot be undone.", { retryable: false });
        }
        decided.add(input.jobId);
        return fakeJob(input.jobId, "running");
      }),
      watch: os.jobs.watch.handler(async function* ({ input, signal }) {
        watchers++;
        try {
          yield { type: "alive", at: CREATED_AT } satisfies LiveEvent;
          if (input.jobId === "broken") throw new AppError("DatabaseUnavailable", "Gone.", { retryable: true });
          if (input.jobId === "endless" || input.jobId === undefined) {
            await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
            return;
          }
          endedJobs.add(input.jobId);
          yield { type: "step", step: fakeStep(input.jobId, "done") } satisfies LiveEvent;
          yield { type: "job", job: fakeJob(input.jobId, outcome) } satisfies LiveEvent;
          await new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        } finally {
          watchers--;
        }
      }),
    },
    lab: {
      status: os.lab.status.handler(() => null),
      injectFault: os.lab.injectFault.handler(({ input }) => ({ ...input, id: "f-1", struck: 0, since: CREATED_AT })),
      clearFault: os.lab.clearFault.handler(() => ({ cleared: true })),
      clearFaults: os.lab.clearFaults.handler(() => ({ cleared: 1 })),
      reset: os.lab.reset.handler(missing),
    },
    terminal: {
      open: os.terminal.open.handler(missing),
      resize: os.terminal.resize.handler(missing),
      close: os.terminal.close.handler(missing),
      list: os.terminal.list.handler(() => []),
      history: os.terminal.history.handler(() => []),
      recording: os.terminal.recording.handler(missing),
      hostKeys: os.terminal.hostKeys.handler(missing),
      hostKeyAlarms: os.terminal.hostKeyAlarms.handler(() => []),
      lookAtHostKeys: os.terminal.lookAtHostKeys.handler(missing),
      repinHostKey: os.terminal.repinHostKey.handler(missing),
      files: {
        open: os.terminal.files.open.handler(missing),
        sessions: os.terminal.files.sessions.handler(() => []),
        close: os.terminal.files.close.handler(missing),
        list: os.terminal.files.list.handler(missing),
        makeFolder: os.terminal.files.makeFolder.handler(missing),
        rename: os.terminal.files.rename.handler(missing),
        remove: os.terminal.files.remove.handler(missing),
        upload: os.terminal.files.upload.handler(missing),
        download: os.terminal.files.download.handler(missing),
        cancel: os.terminal.files.cancel.handler(missing),
        acts: os.terminal.files.acts.handler(() => []),
      },
    },
    settings: {
      status: os.settings.status.handler(() => fakeStatus(home)),
      get: os.settings.get.handler(missing),
      update: os.settings.update.handler(missing),
      listAccounts: os.settings.listAccounts.handler(() => [labAccount]),
      addAccount: os.settings.addAccount.handler(({ input }) => {
        accountInputs.push(input);
        const { credentials, ...rest } = input;
        return {
          ...rest,
          id: "a-1",
          isLab: false,
          credentials: {
            kind: credentials.kind,
            profile: credentials.kind === "profile" ? credentials.profile : null,
            accessKeyId: credentials.kind === "keys" ? credentials.accessKeyId : null,
          },
        };
      }),
      checkAccount: os.settings.checkAccount.handler(missing),
      removeAccount: os.settings.removeAccount.handler(missing),
      mail: os.settings.mail.handler(() => ({ server: null, hasPassword: false })),
      setMail: os.settings.setMail.handler(missing),
      checkMail: os.settings.checkMail.handler(missing),
      vaultStatus: os.settings.vaultStatus.handler(() => ({ backend: "passphrase", state: "locked", note: null })),
      unlockVault: os.settings.unlockVault.handler(() => {
        throw new AppError("VaultPassphraseWrong", "That is not the passphrase.", { retryable: false });
      }),
      lockVault: os.settings.lockVault.handler(missing),
    },
    sla: {
      month: os.sla.month.handler(missing),
      report: os.sla.report.handler(missing),
      export: os.sla.export.handler(missing),
    },
    metrics: {
      now: os.metrics.now.handler(() => []),
      query: os.metrics.query.handler(missing),
      watch: os.metrics.watch.handler(async function* () {
        yield { readings: [], changed: [] };
      }),
      events: os.metrics.events.handler(missing),
      limits: os.metrics.limits.handler(() => []),
      setLimit: os.metrics.setLimit.handler(missing),
    },
    terms: {
      get: os.terms.get.handler(missing),
      record: os.terms.record.handler(missing),
      board: os.terms.board.handler(() => ({ versions: [], expiries: [] })),
      solve: os.terms.solve.handler(missing),
      addProfile: os.terms.addProfile.handler(missing),
      profileDocument: os.terms.profileDocument.handler(missing),
      profiles: os.terms.profiles.handler(() => []),
    },
    snapshot: {
      list: os.snapshot.list.handler(() => ({ snapshots: [], storage: [], unread: [] })),
      get: os.snapshot.get.handler(missing),
      plan: os.snapshot.plan.handler(missing),
      take: os.snapshot.take.handler(missing),
      export: os.snapshot.export.handler(missing),
      download: os.snapshot.download.handler(missing),
      import: os.snapshot.import.handler(missing),
      delete: os.snapshot.delete.handler(missing),
      compare: os.snapshot.compare.handler(missing),
    },
    restore: {
      list: os.restore.list.handler(() => []),
      get: os.restore.get.handler(missing),
      sources: os.restore.sources.handler(() => []),
      plan: os.restore.plan.handler(missing),
      run: os.restore.run.handler(missing),
      swap: os.restore.swap.handler(missing),
      discard: os.restore.discard.handler(missing),
      refreshPlan: os.restore.refreshPlan.handler(missing),
      refresh: os.restore.refresh.handler(missing),
      activate: os.restore.activate.handler(missing),
    },
    calendar: {
      list: os.calendar.list.handler(() => ({ windows: [], recurring: [], blackouts: [] })),
      get: os.calendar.get.handler(missing),
      check: os.calendar.check.handler(missing),
      schedule: os.calendar.schedule.handler(missing),
      move: os.calendar.move.handler(missing),
      cancel: os.calendar.cancel.handler(missing),
      checkMany: os.calendar.checkMany.handler(missing),
      scheduleMany: os.calendar.scheduleMany.handler(missing),
      overrides: os.calendar.overrides.handler(missing),
      feed: os.calendar.feed.handler(missing),
      notices: {
        ledger: os.calendar.notices.ledger.handler(() => []),
        list: os.calendar.notices.list.handler(() => []),
        draft: os.calendar.notices.draft.handler(missing),
        export: os.calendar.notices.export.handler(missing),
        send: os.calendar.notices.send.handler(missing),
        markSent: os.calendar.notices.markSent.handler(missing),
      },
      templates: {
        list: os.calendar.templates.list.handler(() => []),
        preview: os.calendar.templates.preview.handler(missing),
        set: os.calendar.templates.set.handler(missing),
        reset: os.calendar.templates.reset.handler(missing),
      },
      blackouts: {
        list: os.calendar.blackouts.list.handler(() => []),
        add: os.calendar.blackouts.add.handler(missing),
        remove: os.calendar.blackouts.remove.handler(missing),
      },
    },
  });

  return {
    router,
    bytes: new ByteHub(),
    ready: Promise.resolve(),
    status: () => fakeStatus(home),
    log: silentLog,
    woke: () => undefined,
    stop: async () => {
      stopped = true;
    },
    watchers: () => watchers,
    calls,
    accountInputs,
    stopped: () => stopped,
  };
}
