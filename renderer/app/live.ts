import { type DataTag, notifyManager, type QueryClient, type QueryKey } from "@tanstack/react-query";
import { FINAL_JOB_STATES, type Job, type JobLogLine, type JobStep, type LiveEvent } from "../../shared/jobs/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
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
        patch(cache, api.jobs.get.queryKey({ input: { jobId: event.step.jobId } }), (known) => ({
          ...known,
          steps: withStep(known.steps, event.step),
        }));
        break;
      case "log":
        lines.set(event.line.jobId, [...(lines.get(event.line.jobId) ?? []), event.line]);
        break;
      case "stale":
        stale.set(`${event.area} ${event.id ?? ""}`, { area: event.area, id: event.id });
        break;
      case "alive":
      case "standstill":
        break;
    }
  }

  for (const [jobId, added] of lines) {
    patch(cache, api.jobs.logs.queryKey({ input: { jobId, after: 0 } }), (known) => withLines(known, added));
  }
  for (const { area, id } of stale.values()) {
    // A tenant is cached under the slug or id it was asked by; the few that are cached are all looked at again.
    void cache.invalidateQueries({ queryKey: area === "tenant" && id ? api.tenant.get.key() : api[area].key() });
  }
}

/** A tenant's active job after `job` changed: one that runs is not pushed aside by another that waits or ends. */
function withActive<Shown extends { readonly id: string }>(active: Shown | null, job: Job, shown: Shown): Shown | null {
  if (active && active.id !== job.id) return active;
  return FINAL_JOB_STATES.has(job.state) ? null : shown;
}

/**
 * Writes a push into what is cached, if it is. A push is a part of the truth: it makes nothing fresher, and what
 * waited for a refetch goes on waiting.
 */
function patch<Data>(
  cache: QueryClient,
  key: DataTag<QueryKey, Data, Error> | DataTag<QueryKey, Data>,
  update: (known: Data) => Data,
): void {
  const query = cache.getQueryCache().find<Data>({ queryKey: key, exact: true });
  const known = query?.state.data;
  if (!query || known === undefined) return;
  const { dataUpdatedAt, isInvalidated } = query.state;
  query.setData(update(known), { updatedAt: dataUpdatedAt, manual: true });
  if (isInvalidated) query.invalidate();
}

function applyJob(cache: QueryClient, api: Api, job: Job): void {
  const page = api.jobs.get.queryKey({ input: { jobId: job.id } });
  const asked = cache.getQueryData(page)?.job.decision?.id;
  patch(cache, page, (known) => ({ ...known, job }));
  // What was answered is not in the push.
  if (asked !== undefined && asked !== job.decision?.id) void cache.invalidateQueries({ queryKey: page });
  for (const { queryKey } of cache.getQueryCache().findAll({ queryKey: api.jobs.list.key() })) {
    const asked = (queryKey[1] as { input?: Parameters<typeof withJob>[2] } | undefined)?.input ?? {};
    patch(cache, queryKey as DataTag<QueryKey, Job[]>, (known) => withJob(known, job, asked));
  }

  const { id, kind, state, percent } = job;
  patch(cache, api.fleet.list.queryKey(), (known) => {
    if (!known.rows.some((row) => row.tenantId === job.tenantId)) return known;
    const rows = known.rows.map((row) =>
      row.tenantId === job.tenantId
        ? { ...row, activeJob: withActive(row.activeJob, job, { id, kind, state, percent }) }
        : row,
    );
    return { ...known, rows };
  });
  for (const { queryKey } of cache.getQueryCache().findAll({ queryKey: api.tenant.get.key() })) {
    patch(cache, queryKey as DataTag<QueryKey, Tenant>, (known) =>
      known.id === job.tenantId ? { ...known, activeJob: withActive(known.activeJob, job, job) } : known,
    );
  }
}

export type Standstill = Extract<LiveEvent, { type: "standstill" }>;

export interface LiveOptions {
  readonly connection: Connection;
  readonly api: Api;
  readonly cache: QueryClient;
  /** Told once for each end of a job and for each question that it puts. */
  readonly onJobNotice: (job: Job) => void;
  readonly onStandstill: (event: Standstill) => void;
}

/**
 * Follows the console's stream for as long as the window lives; the answer ends it.
 *
 * Once a lost stream is back everything shown is refetched, since what was pushed meanwhile is gone.
 */
export function startLive({ connection, api, cache, onJobNotice, onStandstill }: LiveOptions): () => void {
  const told = new Set<string>();
  let following: AbortController | undefined;
  let followedBefore = false;
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
    if (event.type === "standstill") {
      // What is shown may be hours old.
      void cache.invalidateQueries();
      onStandstill(event);
      return;
    }
    gathered.push(event);
    timer ??= setTimeout(flush, GATHER_MS);
    if (event.type !== "job") return;
    const { job } = event;
    if (!FINAL_JOB_STATES.has(job.state) && !job.decision) return;
    const what = job.decision ? job.decision.id : `${job.id} ${job.state} ${job.endedAt?.getTime() ?? ""}`;
    if (told.has(what)) return;
    told.add(what);
    onJobNotice(job);
  }

  /** The stream runs from here on. What was read before may have missed a push: everything, after a gap. */
  function catchUp() {
    void cache.invalidateQueries(followedBefore ? {} : { queryKey: api.jobs.key() });
    followedBefore = true;
  }

  async function follow(signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        let caughtUp = false;
        for await (const event of await connection.client.jobs.watch({}, { signal })) {
          if (!caughtUp) catchUp();
          caughtUp = true;
          gather(event);
        }
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
