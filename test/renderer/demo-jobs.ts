import type { Job, JobDecision, JobLogLine, JobStep } from "../../shared/jobs/model.ts";
import { provisionSteps } from "../../shared/tenant/provision-steps.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";

export interface JobRecord {
  job: Job;
  steps: JobStep[];
  decisions?: JobDecision[];
  log: JobLogLine[];
}

export function jobOf(part: Partial<Job> & Pick<Job, "id" | "subject">): Job {
  return {
    kind: "tenant.provision",
    tenantId: null,
    tenantSlug: null,
    state: "queued",
    waitingFor: null,
    percent: 0,
    currentStep: null,
    error: null,
    decision: null,
    requestedBy: "Camille",
    executor: "ops-desk-3",
    createdAt: new Date(),
    startedAt: null,
    endedAt: null,
    can: { cancel: true, retry: false, rollBack: false, adopt: false },
    ...part,
  };
}

/** Steps of which the first `done` are done, and the next one is in `state`. */
export function stepsOf(jobId: string, done: number, state: JobStep["state"], from: Date): JobStep[] {
  return provisionSteps(["production", "test"]).map((name, position) => ({
    jobId,
    position,
    name,
    state: position < done ? "done" : position === done ? state : "pending",
    detail: position < done ? detailOf(name) : null,
    attempts: position === done && state === "failed" ? 3 : position <= done ? 1 : 0,
    error: null,
    startedAt: position <= done ? new Date(from.getTime() + position * 4 * SECOND_MS) : null,
    endedAt: position < done ? new Date(from.getTime() + (position + 1) * 4 * SECOND_MS) : null,
  }));
}

function detailOf(name: string): string | null {
  if (name.endsWith("run instance")) return "i-0c1d2e3f4a5b6c7d8, m6i.xlarge, 127.10.0.41";
  if (name.endsWith("create data volume")) return "vol-0a9b8c7d6e5f4a3b2, 100 GiB";
  if (name.endsWith("create security group")) return "sg-01d2c3b4a5f6e7d8c, 443 for all, 22 for 203.0.113.0/24";
  if (name.endsWith("pin host key")) return "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg";
  return null;
}

export function linesOf(steps: readonly JobStep[]): JobLogLine[] {
  return steps
    .filter((step) => step.startedAt)
    .flatMap((step, index): JobLogLine[] => [
      {
        jobId: step.jobId,
        seq: index * 2 + 1,
        at: step.startedAt ?? new Date(),
        level: "info",
        step: step.name,
        text: "started",
      },
      {
        jobId: step.jobId,
        seq: index * 2 + 2,
        at: step.endedAt ?? step.startedAt ?? new Date(),
        level: step.state === "failed" ? "error" : "info",
        step: step.name,
        text:
          step.state === "failed"
            ? "AwsCapacity: RunInstances in eu-west-1: no capacity (InsufficientInstanceCapacity)"
            : (step.detail ?? "done"),
      },
    ]);
}

/** A question with a harmless, a plain and a dangerous answer. */
export const demoDecision = (askedAt: Date): JobDecision => ({
  id: "decision-1",
  step: "production: export data, what became of it",
  question: "The host restarted while the command ran. What became of it?",
  facts: { command: "erpctl export", started: "2026-03-01T09:12:00Z", "last line": "attachments 61 %" },
  options: [
    { id: "again", label: "Run it again", danger: false },
    { id: "done", label: "It is done", danger: true },
    { id: "stop", label: "Stop the job", danger: false },
  ],
  askedAt,
  answer: null,
});

/** Jobs in every state that an operator meets. */
export function demoJobs(now: Date): JobRecord[] {
  const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE_MS);
  const record = (job: Job, steps: JobStep[]): JobRecord => ({ job, steps, log: linesOf(steps) });
  const failure = {
    code: "AwsCapacity" as const,
    message:
      "AWS has no m6i.xlarge left in eu-west-1a for Hazelwood Clinics (hazelwood-clinics). The security group and the data volume exist and are kept; nothing else was made.",
    details: { retryable: true, tenant: "hazelwood-clinics", next: "Retry later, choose another size, or roll back." },
  };
  const failedSteps = stepsOf("job-failed", 5, "failed", ago(95)).map((step) =>
    step.state === "failed" ? { ...step, error: failure } : step,
  );
  return [
    record(
      jobOf({
        id: "job-running",
        subject: "Lisière Mode",
        tenantId: "t-11",
        tenantSlug: "lisiere-mode",
        state: "running",
        percent: 38,
        currentStep: "production: pin host key",
        createdAt: ago(1),
        startedAt: ago(1),
      }),
      stepsOf("job-running", 8, "running", ago(1)),
    ),
    record(
      jobOf({
        id: "job-waiting",
        subject: "Kestrel Motors",
        tenantId: "t-10",
        tenantSlug: "kestrel-motors",
        state: "waiting",
        waitingFor: "the tenant's other job",
        createdAt: ago(3),
      }),
      [],
    ),
    {
      ...record(
        jobOf({
          id: "job-asks",
          subject: "Ibis Hotels",
          tenantId: "t-8",
          tenantSlug: "ibis-hotels",
          state: "needsDecision",
          waitingFor: demoDecision(ago(12)).question,
          decision: demoDecision(ago(12)),
          percent: 61,
          currentStep: demoDecision(ago(12)).step,
          createdAt: ago(40),
          startedAt: ago(40),
        }),
        stepsOf("job-asks", 12, "running", ago(40)),
      ),
      decisions: [demoDecision(ago(12))],
    },
    record(
      jobOf({
        id: "job-failed",
        subject: "Hazelwood Clinics",
        tenantId: "t-7",
        tenantSlug: "hazelwood-clinics",
        state: "failed",
        percent: 17,
        currentStep: "production: run instance",
        error: failure,
        createdAt: ago(95),
        startedAt: ago(95),
        endedAt: ago(92),
        can: { cancel: false, retry: true, rollBack: true, adopt: false },
      }),
      failedSteps,
    ),
    record(
      jobOf({
        id: "job-done",
        subject: "Juniper Outdoor",
        tenantId: "t-9",
        tenantSlug: "juniper-outdoor",
        state: "done",
        percent: 100,
        currentStep: "hand over",
        createdAt: ago(2_000),
        startedAt: ago(2_000),
        endedAt: ago(1_997),
        can: { cancel: false, retry: false, rollBack: false, adopt: false },
      }),
      stepsOf("job-done", 30, "done", ago(2_000)),
    ),
  ];
}
