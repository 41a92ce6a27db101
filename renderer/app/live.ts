import { notifyManager, type QueryClient } from "@tanstack/react-query";
import { FINAL_JOB_STATES, type Job, type JobLogLine, type JobStep, type LiveEvent } from "../../shared/jobs/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { Api } from "./api.ts";
import type { Connection } from "./client.ts";

/** Pushes are gathered this long before the screen changes, so that a burst costs one drawing. */
const GATHER_MS = 50;

/** What the cache of one job list, asked for with `states`, becomes when `job` changed. Newest first, as the console lists. */
export function withJob(
  list: readonly Job[],
  job: Job,
  asked: { states?: readonly Job["state"][] | undefined; tenant?: string | undefined },
): Job[] {
  const rest = list.filter((other) => other.id !== job.id);
  const wanted =
    (!asked.states?.length || asked.states.includes(job.state)) &&
    (!asked.tenant || asked.tenant === job.tenantId || asked.tenant === job.tenantSlug);
  if (!wanted) return rest;
  const place = rest.findIndex((other) => other.createdAt <= job.createdAt);
  return place < 0 ? [...rest, job] : rest.toSpliced(place, 0, job);
}

/** Steps of one job in order of planning, with `step` new or replaced. */
export function withStep(steps: readonly JobStep[], step: JobStep): JobStep[] {
  return [...steps.filter((other) => other.position !== step.position), step].sort((a, b) => a.position - b.position);
}

/** Log lines in order, each `seq` once: after a reconnect pushes and the refetch overlap. */
export function withLines(lines: readonly JobLogLine[], added: readonly JobLogLine[]): JobLogLine[] {
  const last = lines.at(-1)?.seq ?? -1;
  if (added.every((line, index) => line.seq > (added[index - 1]?.seq ?? last))) return [...lines, ...added];
  const bySeq = new Map([...lines, ...added].map((line) => [line.seq, line]));
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/**
 * Turns pushes into cache changes. With `startLive` the only place that does.
 *
 * A job, step or log line is written into what is cached of it; a stale area is refetched where it is shown.
 */
export function applyEvents(cache: QueryClient, api: Api, events: readonly LiveEvent[]): void {
  const lines = new Map<string, JobLogLine[]>();
  const stale = new Map<string, { area: Extract<LiveEvent, { type: "stale" }>["area"]; id: string | undefined }>();

  for (const event of events) {
    switch (event.type) {
      case "job":
        applyJob(cache, api, event.job);
        break;
      case "step":
        cache.setQueryData(api.jobs.get.queryKey({ input: { jobId: event.step.jobId } }), (known) =>
          known ? { ...known, steps: withStep(known.steps, event.step) } : known,
        );
        break;
      case "log":
        lines.set(event.line.jobId, [...(lines.get(event.line.jobId) ?? []), event.line]);
        break;
      case "stale":
        stale.set(`${event.area} ${event.id ?? ""}`, { area: event.area, id: event.id });
        break;
      case "alive":
        break;
    }
  }

  for (const [jobId, added] of lines) {
    cache.setQueryData(api.jobs.logs.queryKey({ input: { jobId, after: 0 } }), (known) =>
      known ? withLines(known, added) : known,
    );
  }
  for (const { area, id } of stale.values()) {
    // A tenant is cached under the slug or id it was asked by; the few that are cached are all looked at again.
    void cache.invalidateQueries({ queryKey: area === "tenant" && id ? api.tenant.get.key() : api[area].key() });
  }
}

function applyJob(cache: QueryClient, api: Api, job: Job): void {
  cache.setQueryData(api.jobs.get.queryKey({ input: { jobId: job.id } }), (known) =>
    known ? { ...known, job } : known,
  );
  for (const query of cache.getQueryCache().findAll({ queryKey: api.jobs.list.key() })) {
    const asked = (query.queryKey[1] as { input?: Parameters<typeof withJob>[2] } | undefined)?.input ?? {};
    cache.setQueryData<Job[]>(query.queryKey, (known) => (known ? withJob(known, job, asked) : known));
  }

  const ended = FINAL_JOB_STATES.has(job.state);
  const active = ended ? null : { id: job.id, kind: job.kind, state: job.state, percent: job.percent };
  cache.setQueryData(api.fleet.list.queryKey(), (known) => {
    if (!known?.rows.some((row) => row.tenantId === job.tenantId)) return known;
    const rows = known.rows.map((row) => (row.tenantId === job.tenantId ? { ...row, activeJob: active } : row));
    return { ...known, rows };
  });
  for (const query of cache.getQueryCache().findAll({ queryKey: api.tenant.get.key() })) {
    const tenant = query.state.data as { id: string } | undefined;
    if (tenant?.id === job.tenantId) cache.setQueryData(query.queryKey, { ...tenant, activeJob: ended ? null : job });
  }
}

export interface LiveOptions {
  readonly connection: Connection;
  readonly api: Api;
  readonly cache: QueryClient;
  /** Told once for each end of a job. */
  readonly onJobEnded: (job: Job) => void;
}

/**
 * Follows the console's stream for as long as the window lives; the answer ends it.
 *
 * After a lost connection everything shown is refetched, since what was pushed meanwhile is gone.
 */
export function startLive({ connection, api, cache, onJobEnded }: LiveOptions): () => void {
  const endedOnes = new Set<string>();
  let following: AbortController | undefined;
  let wasOpen = false;
  let gathered: LiveEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function flush() {
    timer = undefined;
    const events = gathered;
    gathered = [];
    notifyManager.batch(() => applyEvents(cache, api, events));
  }

  function gather(event: LiveEvent) {
    connection.heard();
    if (event.type === "alive") return;
    gathered.push(event);
    timer ??= setTimeout(flush, GATHER_MS);
    if (event.type !== "job" || !FINAL_JOB_STATES.has(event.job.state)) return;
    const end = `${event.job.id} ${event.job.state} ${event.job.endedAt?.getTime() ?? ""}`;
    if (endedOnes.has(end)) return;
    endedOnes.add(end);
    onJobEnded(event.job);
  }

  async function follow(signal: AbortSignal) {
    for (let first = true; !signal.aborted; first = false) {
      if (!first) void cache.invalidateQueries();
      try {
        for await (const event of await connection.client.jobs.watch({}, { signal })) gather(event);
      } catch {
        // The line or the stream ended: a lost line aborts `signal`, anything else is tried again below.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, SECOND_MS));
    }
  }

  function onPhase() {
    following?.abort();
    following = undefined;
    if (connection.phase !== "open") return;
    if (wasOpen) void cache.invalidateQueries();
    wasOpen = true;
    following = new AbortController();
    void follow(following.signal);
  }

  const stop = connection.subscribe(onPhase);
  onPhase();
  return () => {
    stop();
    following?.abort();
    clearTimeout(timer);
  };
}
