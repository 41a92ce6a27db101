import { implement } from "@orpc/server";
import { AppError, errorFacts } from "../../shared/errors.ts";
import { availabilityIntervals, eventsOfLook, type KnownAvailability } from "../../shared/metrics/availability.ts";
import { SERIES, type SeriesId, seriesOf, seriesOfFamily, type Volume } from "../../shared/metrics/catalogue.ts";
import { metricsContract } from "../../shared/metrics/contract.ts";
import type { Contact, MetricsNow } from "../../shared/metrics/model.ts";
import { type Point, thinned, withGaps } from "../../shared/metrics/points.ts";
import { certificateWatchDays, type Limit, limitsOf, sideOf } from "../../shared/metrics/thresholds.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { DAY_MS, SECOND_MS } from "../../shared/time.ts";
import { Board } from "./board.ts";
import { Channel, Gate } from "./channel.ts";
import { Lead } from "./lead.ts";
import { bucketOf, levelFor, LEVELS, RAW, startOf } from "./levels.ts";
import type { MeteredEnvironment, MetricsPorts } from "./ports.ts";
import type { Values } from "./readings.ts";
import { metricsStore } from "./store.ts";

export type { MeteredEnvironment, MetricsPorts, SamplerChannel, SamplerListener } from "./ports.ts";

/** Log-ins at the same time: a fleet of a thousand is reached within some minutes without a storm. */
const LOG_INS_AT_ONCE = 8;
const SYNC_EVERY_MS = 5 * SECOND_MS;
const WRITE_EVERY_MS = 2 * SECOND_MS;
/** A reading may be this late and is still rolled up. */
const LATE_MS = 5 * SECOND_MS;
const FORGET_AFTER_MS = 400 * DAY_MS;

/** What one look from outside found. */
export interface Look {
  readonly state: KnownAvailability["state"];
  readonly source: KnownAvailability["source"];
  readonly detail: string | null;
  readonly at: Date;
  /** null where nothing answered. */
  readonly latencyMs: number | null;
  readonly certificateEndsAt: Date | null;
}

/** Reads the hosts and keeps what they say; records what is seen from outside. */
export function metricsArea(ports: MetricsPorts) {
  const store = metricsStore(ports.pool);
  const board = new Board();
  const gate = new Gate(LOG_INS_AT_ONCE);
  const lead = new Lead(ports.pool, ports.shared);
  const channels = new Map<string, Channel>();
  /** Views that look at an environment by name. */
  const interest = new Map<string, number>();
  const monthlyTold = new Map<string, string>();
  let environments: readonly MeteredEnvironment[] = [];
  let mine: ReadonlySet<string> = new Set();
  let ownLimits = new Map<string, Map<SeriesId, number | null>>();
  let limitsByTenant = new Map<string, Limit[]>();
  let known = new Map<string, KnownAvailability>();
  let stopping = false;
  const timers = new Set<NodeJS.Timeout>();
  let syncing: Promise<void> = Promise.resolve();
  const rolled = new Map<number, number>();

  function limitsFor(tenantId: string): Limit[] {
    const cached = limitsByTenant.get(tenantId);
    if (cached) return cached;
    const limits = limitsOf(ownLimits.get(tenantId) ?? new Map());
    limitsByTenant.set(tenantId, limits);
    return limits;
  }

  const take = (environment: MeteredEnvironment, at: Date, values: Values) =>
    board.take(environment, at, values, limitsFor(environment.tenantId));

  const events = {
    onValues: take,
    onVolumes(environment: MeteredEnvironment, at: Date, volumes: readonly (readonly [Volume, number])[]) {
      // Counts change slowly: what was written last is not written again.
      const month = at.toISOString().slice(0, 7);
      const text = `${month} ${JSON.stringify(volumes)}`;
      if (monthlyTold.get(environment.environmentId) === text) return;
      monthlyTold.set(environment.environmentId, text);
      store
        .setVolumes(environment.environmentId, month, volumes, at)
        .catch((error) => ports.log("warning", `metrics: ${errorFacts(error).message}`));
    },
    onContact: (environment: MeteredEnvironment) => board.announce(environment.environmentId),
  };

  /** Production is read always, any other environment while somebody looks at it (R9). */
  const isWanted = (one: MeteredEnvironment) =>
    mine.has(one.accountId) &&
    one.state === "running" &&
    one.address !== null &&
    one.hostKeys.length > 0 &&
    (!one.unprotected || interest.has(one.environmentId));

  const identity = (one: MeteredEnvironment) => `${one.address} ${one.user} ${one.hostKeys.join(" ")} ${one.accountId}`;

  /** Opens what is wanted and has no channel, ends what is not wanted any more or has another address or key. */
  async function sync(): Promise<void> {
    environments = await ports.environments();
    mine = await lead.of([...new Set(environments.map((one) => one.accountId))]);
    const wanted = new Map(environments.filter(isWanted).map((one) => [one.environmentId, one]));
    const ending = [...channels].filter(([id, channel]) => {
      const target = wanted.get(id);
      return !target || identity(target) !== identity(channel.environment);
    });
    for (const [id] of ending) channels.delete(id);
    await Promise.all(ending.map(([, channel]) => channel.stop()));
    if (stopping) return;
    for (const [id, environment] of wanted) {
      if (!channels.has(id)) channels.set(id, new Channel(environment, ports, gate, events));
    }
    const there = new Set(environments.map((one) => one.environmentId));
    for (const id of known.keys()) if (!there.has(id)) known.delete(id);
    for (const [id] of ending) {
      if (!there.has(id)) board.forget(id);
      board.announce(id);
    }
    await recordStopped();
  }

  /** A production machine that AWS says does not run is down, whoever stopped it; nobody has to ask it. */
  async function recordStopped(): Promise<void> {
    for (const one of environments) {
      const off = one.state === "stopped" || one.state === "terminated" || one.state === "missing";
      if (one.kind !== "production" || !off || !known.has(one.environmentId) || !mine.has(one.accountId)) continue;
      await look(one.environmentId, {
        ...{ state: "down", source: "inventory", detail: `the machine is ${one.state}` },
        ...{ at: ports.now(), latencyMs: null, certificateEndsAt: null },
      });
    }
  }

  const syncSoon = (): Promise<void> => {
    syncing = syncing
      .then(() => (stopping ? undefined : sync()))
      .catch((error) => {
        if (!stopping) ports.log("warning", `metrics: ${errorFacts(error).message}`);
      });
    return syncing;
  };

  /** Takes one look from outside: figures for the charts, a change for the record. */
  async function look(environmentId: string, seen: Look): Promise<void> {
    const environment = environments.find((one) => one.environmentId === environmentId);
    if (!environment || !mine.has(environment.accountId)) return;
    const { state, source, detail, at: confirmedAt } = seen;
    const values: Values = {};
    if (state !== "unknown") values["outside.available"] = state === "down" ? 0 : 100;
    if (seen.latencyMs !== null) values["outside.latency"] = seen.latencyMs;
    if (seen.certificateEndsAt)
      values["outside.certificate"] = (seen.certificateEndsAt.getTime() - confirmedAt.getTime()) / DAY_MS;
    take(environment, confirmedAt, values);
    const now = { state, source, detail, confirmedAt };
    const added = eventsOfLook(known.get(environmentId), now, ports.intervals().healthSeconds);
    await store.record(environment, now, added);
    known.set(environmentId, now);
    if (added.length > 0) {
      board.announce(environmentId);
      ports.changed();
    }
  }

  async function write(all = false): Promise<void> {
    const cells = board.due(ports.now(), all);
    try {
      // In portions, so that an interruption loses little.
      for (let start = 0; start < cells.length; start += 5_000) await store.write(cells.slice(start, start + 5_000));
    } catch (error) {
      board.giveBack(cells);
      throw error;
    }
    if (board.dropped > 0) {
      ports.log("warning", `metrics: ${board.dropped} rows were dropped while the database was away`);
      board.dropped = 0;
    }
  }

  /** Rolls up every stretch that is over, once. The present one is not: charts read the finest level for it. */
  async function rollUp(): Promise<void> {
    const now = ports.now().getTime() - LATE_MS;
    for (const level of LEVELS.slice(1)) {
      const last = bucketOf(level, now) - 1;
      const done = rolled.get(level.level) ?? last - 1;
      if (done >= last) continue;
      await store.rollUp(level, Math.max(done + 1, last - level.slots + 1), last);
      rolled.set(level.level, last);
    }
  }

  /** After a start: from the newest stretch that is there, which may have been cut short, as far as the source reaches. */
  async function catchUp(): Promise<void> {
    const newest = await store.newest();
    for (const level of LEVELS.slice(1)) {
      const source = LEVELS[level.level - 1]!;
      const end = newest.get(source.level);
      if (end === undefined) continue;
      const last = Math.floor((end * source.seconds) / level.seconds);
      const reaches = Math.ceil(((end - source.slots + 1) * source.seconds) / level.seconds);
      const first = Math.max(reaches, Math.min(newest.get(level.level) ?? reaches, last));
      if (first <= last) await store.rollUp(level, first, last);
      newest.set(level.level, last);
    }
  }

  function repeat(work: () => Promise<void>, everyMs: number): void {
    const next = () => {
      if (stopping) return;
      const timer = setTimeout(async () => {
        timers.delete(timer);
        await work().catch((error) => {
          if (!stopping) ports.log("warning", `metrics: ${errorFacts(error).message}`);
        });
        next();
      }, everyMs);
      timers.add(timer);
    };
    next();
  }

  function contactOf(one: MeteredEnvironment): Contact {
    const channel = channels.get(one.environmentId);
    if (channel) return channel.contact;
    if (one.state !== "running" || one.address === null) return "off";
    if (one.hostKeys.length === 0) return "refused";
    if (one.unprotected && !interest.has(one.environmentId)) return "unwatched";
    return mine.has(one.accountId) ? "connecting" : "elsewhere";
  }

  function nowOf(one: MeteredEnvironment): MetricsNow {
    const { tenantId, tenantSlug, service, environmentId, kind, unprotected } = one;
    const channel = channels.get(environmentId);
    const now = ports.now();
    return {
      ...{ tenantId, tenantSlug, service, environmentId, kind, unprotected },
      contact: contactOf(one),
      contactSince: channel?.contactSince ?? null,
      lastReadingAt: channel?.lastReadingAt ?? null,
      sampler: channel?.sampler ?? null,
      error: channel?.error ?? null,
      values: board.values(environmentId, now),
      breaches: board.breaches(environmentId, limitsFor(tenantId), now),
    };
  }

  async function placesOf(tenant: string): Promise<readonly MeteredEnvironment[]> {
    const of = () => environments.filter((one) => one.tenantSlug === tenant || one.tenantId === tenant);
    if (of().length === 0) environments = await ports.environments();
    const found = of();
    if (found.length > 0) return found;
    throw new AppError("NotFound", `There is no tenant ${tenant}.`, {
      retryable: false,
      tenant,
      next: "Look at the fleet; reading AWS again may show it.",
    });
  }

  async function placeOf(tenant: string, kind: EnvironmentKind): Promise<MeteredEnvironment> {
    const places = await placesOf(tenant);
    const found = places.find((one) => one.kind === kind);
    if (found) return found;
    throw new AppError(
      "NotFound",
      `${tenant} has no environment of the kind ${kind}; it has ${places.map((one) => one.kind).join(", ")}.`,
      { retryable: false, tenant, next: "Name one that is there." },
    );
  }

  /** Stored points and those that wait to be written, so that a chart ends at the present. */
  async function pointsOf(
    place: MeteredEnvironment,
    series: readonly SeriesId[],
    from: number,
    to: number,
    count: number,
  ) {
    const now = ports.now().getTime();
    await write(true);
    const level = levelFor(from, to, now, count);
    const points = await store.points(place.environmentId, level, series, from, to);
    if (level !== RAW) {
      // What was not rolled up yet comes from the finest level.
      const newest = Math.max(0, ...[...points.values()].map((of) => of.at(-1)?.at ?? 0));
      const open = startOf(level, bucketOf(level, now) - 1);
      const since = Math.max(newest + level.seconds * SECOND_MS, open, from);
      if (since < to) {
        const rest = await store.points(place.environmentId, RAW, series, since, to);
        for (const [id, more] of rest) points.set(id, [...(points.get(id) ?? []), ...more]);
      }
    }
    return { level, points };
  }

  function checkRange(from: Date, to: Date): void {
    if (from < to && to.getTime() - from.getTime() <= FORGET_AFTER_MS) return;
    throw new AppError("InvalidInput", "A range begins before it ends and is at most 400 days long.", {
      retryable: false,
      next: "Give another range; nothing was read.",
    });
  }

  const os = implement(metricsContract);
  const router = {
    now: os.now.handler(async ({ input }) => {
      if (input.tenant !== undefined) return (await placesOf(input.tenant)).map(nowOf);
      if (environments.length === 0) environments = await ports.environments();
      return environments.map(nowOf);
    }),

    query: os.query.handler(async ({ input }) => {
      checkRange(input.from, input.to);
      const place = await placeOf(input.tenant, input.environment);
      const chosen = input.series ?? (input.family ? seriesOfFamily(input.family) : SERIES.map(({ id }) => id));
      const [from, to] = [input.from.getTime(), input.to.getTime()];
      const { level, points } = await pointsOf(place, chosen, from, to, input.points);
      const year = new Date(ports.now().getTime() - 365 * DAY_MS).toISOString().slice(0, 7);
      return {
        ...{ environmentId: place.environmentId, from: input.from, to: input.to, levelSeconds: level.seconds },
        series: chosen.map((id) => {
          const thin: Point[] = thinned(points.get(id) ?? [], from, to, input.points);
          const usual = Math.max(level.seconds, seriesOf(id).everySeconds, ports.intervals().metricsSeconds);
          const stretch = (to - from) / input.points;
          return { id, ...withGaps(thin, Math.max(usual * SECOND_MS, stretch)) };
        }),
        limits: limitsFor(place.tenantId).filter(({ series }) => chosen.includes(series)),
        certificateWatchDays: [...certificateWatchDays(place.service)],
        monthly: await store.monthly(place.environmentId, year),
      };
    }),

    watch: os.watch.handler(async function* ({ input, signal }) {
      const places = input.tenant === undefined ? undefined : await placesOf(input.tenant);
      const named = places?.filter((one) => input.environment === undefined || one.kind === input.environment);
      const ids = named && new Set(named.map((one) => one.environmentId));
      const looked = input.environment === undefined ? [] : [...(ids ?? [])];
      for (const id of looked) interest.set(id, (interest.get(id) ?? 0) + 1);
      if (looked.length > 0) void syncSoon();
      try {
        yield* board.watch(ids, signal);
      } finally {
        for (const id of looked) {
          const left = (interest.get(id) ?? 1) - 1;
          if (left > 0) interest.set(id, left);
          else interest.delete(id);
        }
        if (looked.length > 0) void syncSoon();
      }
    }),

    events: os.events.handler(async ({ input }) => {
      checkRange(input.from, input.to);
      const { environmentId } = await placeOf(input.tenant, input.environment);
      return availability(environmentId, input.from, input.to);
    }),

    limits: os.limits.handler(async ({ input }) => limitsFor((await placesOf(input.tenant))[0]!.tenantId)),

    setLimit: os.setLimit.handler(async ({ input }) => {
      const [{ tenantId, tenantSlug } = { tenantId: "", tenantSlug: "" }, ...rest] = await placesOf(input.tenant);
      if (!sideOf(input.series)) {
        throw new AppError("InvalidInput", `The series ${input.series} has no limit.`, {
          retryable: false,
          tenant: tenantSlug,
          next: "Name a series that has one: metrics limits lists them.",
        });
      }
      await store.setLimit(tenantId, input.series, input.value, ports.operator(), ports.now());
      ownLimits = await store.limits();
      limitsByTenant = new Map();
      for (const one of environments) if (one.tenantId === tenantId) board.announce(one.environmentId);
      void rest;
      ports.changed();
      return limitsFor(tenantId);
    }),
  };

  async function availability(environmentId: string, from: Date, to: Date) {
    const [found, confirmed] = await Promise.all([
      store.events(environmentId, from, to),
      store.confirmed(environmentId),
    ]);
    const range = { from, to: earlier(to, ports.now()) };
    const until = reach(confirmed.get(environmentId));
    return { events: found, intervals: range.from < range.to ? availabilityIntervals(found, until, range) : [] };
  }

  const earlier = (one: Date, other: Date): Date => (one < other ? one : other);

  /** How far the record reaches: what was found a moment ago still holds until the next look is overdue. */
  function reach(last: KnownAvailability | undefined): Date | null {
    if (!last) return null;
    const now = ports.now();
    const fresh = now.getTime() - last.confirmedAt.getTime() < 3 * ports.intervals().healthSeconds * SECOND_MS;
    return fresh ? now : last.confirmedAt;
  }

  /** What was seen of many environments within [from, to), by id; without an entry nothing ever was. */
  async function availabilityOf(environmentIds: readonly string[], from: Date, to: Date) {
    const range = { from, to: earlier(to, ports.now()) };
    const [found, confirmed] = await Promise.all([
      store.eventsOf(environmentIds, from, range.to),
      store.confirmed(environmentIds.length === 1 ? environmentIds[0] : undefined),
    ]);
    return new Map(
      [...found].map(([id, events]) => [id, availabilityIntervals(events, reach(confirmed.get(id)), range)]),
    );
  }

  return {
    router,
    look,
    availability,
    availabilityOf,

    /** Environments with a series beyond its limit, by environment id. */
    breached: (): ReadonlyMap<string, number> => {
      const now = ports.now();
      return new Map(
        environments.flatMap((one) => {
          const count = board.breaches(one.environmentId, limitsFor(one.tenantId), now).length;
          return count > 0 ? [[one.environmentId, count] as const] : [];
        }),
      );
    },

    /** The inventory changed: channels follow at once instead of at the next round. */
    changed: () => void syncSoon(),

    async start(): Promise<void> {
      ownLimits = await store.limits();
      known = await store.confirmed();
      await catchUp();
      await store.forgetOld(new Date(ports.now().getTime() - FORGET_AFTER_MS));
      await syncSoon();
      repeat(syncSoon, SYNC_EVERY_MS);
      repeat(async () => {
        await write();
        await rollUp();
      }, WRITE_EVERY_MS);
      repeat(() => store.touch(environments.map((one) => one.environmentId)), DAY_MS);
    },

    /** Ends the samplers and writes what was read. Never rejects. */
    async stop(): Promise<void> {
      stopping = true;
      for (const timer of timers) clearTimeout(timer);
      await syncing;
      board.stop();
      await Promise.allSettled([...channels.values()].map((channel) => channel.stop()));
      await write(true).catch((error) => ports.log("warning", `metrics: ${errorFacts(error).message}`));
      lead.release();
    },
  };
}
export type MetricsArea = ReturnType<typeof metricsArea>;
