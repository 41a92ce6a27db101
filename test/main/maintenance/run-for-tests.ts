import type { InProcessConsole } from "../../support/in-process-console.ts";

/** A run's own job and those of its tenants. */
export async function jobsOfRun(api: Pick<InProcessConsole["api"], "jobs" | "maintenance">, runId: string) {
  const [jobs, { tenants }] = await Promise.all([api.jobs.list({ limit: 100 }), api.maintenance.get({ runId })]);
  return jobs.filter(({ id }) => id === runId || tenants.some(({ jobId }) => jobId === id));
}
