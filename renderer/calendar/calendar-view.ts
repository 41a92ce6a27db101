import { z } from "zod";
import {
  type Blackout,
  type CalendarWindow,
  type RecurringWindow,
  WINDOW_KINDS,
  type WindowDraft,
  type WindowKind,
} from "../../shared/calendar/model.ts";
import { MaintenanceKind } from "../../shared/policy/profile.ts";
import { DAY_MS, MINUTE_MS } from "../../shared/time.ts";

export const VIEWS = ["month", "week", "day", "list"] as const;
export const ZONES = ["dataCentre", "customer"] as const;
export type ZoneChoice = (typeof ZONES)[number];

const CalendarState = z.object({
  view: z.enum(VIEWS),
  /** A day that is in sight, YYYY-MM-DD. */
  day: z.iso.date(),
  /** Whose clock places a window on a day and at an hour. */
  zone: z.enum(ZONES),
  /** Slug. */
  tenant: z.string().nullable(),
  kinds: z.array(z.enum(WINDOW_KINDS)),
  regions: z.array(z.string()),
});
export type CalendarState = z.infer<typeof CalendarState>;

export const parseCalendarState = (kept: unknown): CalendarState | undefined => CalendarState.safeParse(kept).data;

/** One window where it is shown: at its place in its own zone's calendar. */
export interface Entry {
  readonly key: string;
  readonly kind: WindowKind;
  readonly window: CalendarWindow | null;
  readonly recurring: RecurringWindow | null;
  /** Tenants that it concerns. */
  readonly tenants: number;
  readonly startsAt: Date;
  readonly endsAt: Date;
  readonly zone: string;
  /** Local first and last day, and minutes since midnight of each. */
  readonly day: string;
  readonly lastDay: string;
  readonly startMinute: number;
  readonly endMinute: number;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** Day and minute of the day on a zone's clock. */
export function localOf(date: Date, zone: string): { readonly day: string; readonly minute: number } {
  let clock = clocks.get(zone);
  if (!clock) {
    const form = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" } as const;
    clocks.set(zone, (clock = new Intl.DateTimeFormat("sv-SE", { ...form, timeZone: zone })));
  }
  const text = clock.format(date); // 2026-03-02 22:00
  return { day: text.slice(0, 10), minute: Number(text.slice(11, 13)) * 60 + Number(text.slice(14, 16)) };
}

export const timeText = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;

/** Midnight UTC of a plain day; plain days are counted in UTC, where each has 24 hours. */
const utc = (day: string): number => Date.parse(`${day}T00:00:00Z`);
export const addDays = (day: string, days: number): string =>
  new Date(utc(day) + days * DAY_MS).toISOString().slice(0, 10);
export const addMonths = (day: string, months: number): string => {
  const date = new Date(utc(day));
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1)).toISOString().slice(0, 10);
};
const mondayOf = (day: string): string => addDays(day, -((new Date(utc(day)).getUTCDay() + 6) % 7));

/** The days that a view shows around `day`, weeks from Monday on. */
export function daysOf(view: CalendarState["view"], day: string): string[] {
  const from = (first: string, count: number) => Array.from({ length: count }, (_, index) => addDays(first, index));
  if (view === "day") return [day];
  if (view === "week") return from(mondayOf(day), 7);
  const first = `${day.slice(0, 7)}-01`;
  const end = addMonths(first, 1);
  if (view === "list") return from(first, (utc(end) - utc(first)) / DAY_MS);
  const monday = mondayOf(first);
  return from(monday, Math.ceil((utc(end) - utc(monday)) / DAY_MS / 7) * 7);
}

/** The next or earlier day, week or month. */
export function turned({ view, day }: CalendarState, by: 1 | -1): string {
  if (view === "day") return addDays(day, by);
  return view === "week" ? addDays(day, 7 * by) : addMonths(day, by);
}

/** What has to be asked for so that these days are whole in every zone of the world. */
export const rangeOf = (days: readonly string[]): { from: Date; to: Date } => ({
  from: new Date(utc(days[0]!) - DAY_MS),
  to: new Date(utc(days.at(-1)!) + 2 * DAY_MS),
});

/**
 * Everything that the filters leave, in order of time.
 *
 * On the data centres' clock, windows by contract that differ only in their customers' zones are one.
 */
export function entriesOf(
  listed: { readonly windows: readonly CalendarWindow[]; readonly recurring: readonly RecurringWindow[] },
  { zone: choice, kinds, regions }: Pick<CalendarState, "zone" | "kinds" | "regions">,
): Entry[] {
  const wanted = (one: { readonly kind: WindowKind; readonly region: string }) =>
    (kinds.length === 0 || kinds.includes(one.kind)) && (regions.length === 0 || regions.includes(one.region));
  const entry = (
    key: string,
    one: Pick<CalendarWindow, "kind" | "startsAt" | "endsAt" | "zone" | "customerZone">,
    more: Pick<Entry, "window" | "recurring" | "tenants">,
  ): Entry => {
    const zone = choice === "customer" ? one.customerZone : one.zone;
    const start = localOf(one.startsAt, zone);
    // A window that ends at midnight does not reach into the next day.
    const end = localOf(new Date(one.endsAt.getTime() - 1), zone);
    return {
      ...{ key, kind: one.kind, ...more, startsAt: one.startsAt, endsAt: one.endsAt, zone },
      ...{ day: start.day, lastDay: end.day, startMinute: start.minute, endMinute: end.minute + 1 },
    };
  };
  const planned = listed.windows
    .filter(wanted)
    .map((window) => entry(window.id, window, { window, recurring: null, tenants: 1 }));

  const joined = new Map<string, Entry>();
  for (const one of listed.recurring) {
    if (!wanted(one)) continue;
    const place = choice === "customer" ? one.customerZone : "";
    const key = [one.kind, one.service, one.region, place, one.startsAt.getTime()].join(" ");
    const known = joined.get(key);
    const tenants = (known?.tenants ?? 0) + one.tenants;
    const recurring = known ? { ...one, slug: null, tenants } : one;
    joined.set(key, known ? { ...known, recurring, tenants } : entry(key, one, { window: null, recurring, tenants }));
  }
  return [...planned, ...joined.values()].sort(byTime);
}

/** What people planned comes before what comes by itself, and the nightly backups last. */
const rank = (one: Entry) => (one.window ? 0 : one.kind === "backup" ? 2 : 1);
const byTime = (a: Entry, b: Entry) =>
  a.startsAt.getTime() - b.startsAt.getTime() || rank(a) - rank(b) || (a.key < b.key ? -1 : 1);

/** Entries by each local day that they touch; of one day the planned ones first. */
export function byDay(entries: readonly Entry[], days: readonly string[]): Map<string, Entry[]> {
  const known = new Map<string, Entry[]>(days.map((day) => [day, []]));
  for (const entry of entries)
    for (let day = entry.day; day <= entry.lastDay; day = addDays(day, 1)) known.get(day)?.push(entry);
  for (const list of known.values()) list.sort((a, b) => rank(a) - rank(b) || byTime(a, b));
  return known;
}

export interface Laid {
  readonly entry: Entry;
  /** Minutes of this day that it takes. */
  readonly from: number;
  readonly to: number;
  readonly lane: number;
  /** Lanes side by side where it stands. */
  readonly lanes: number;
}

const SHORTEST_SHOWN_MINUTES = 30;

/** Sets the entries of one day side by side where they overlap; what does not fit in `most` lanes is left out. */
export function laidOut(entries: readonly Entry[], day: string, most: number): { shown: Laid[]; hidden: number } {
  const spans = entries
    .map((entry) => {
      const from = entry.day < day ? 0 : entry.startMinute;
      const to = entry.lastDay > day ? 1440 : entry.endMinute;
      return { entry, from, to: Math.min(1440, Math.max(to, from + SHORTEST_SHOWN_MINUTES)) };
    })
    .sort((a, b) => a.from - b.from || rank(a.entry) - rank(b.entry) || b.to - a.to);
  const shown: Laid[] = [];
  let hidden = 0;
  let cluster: (Omit<Laid, "lanes"> & { lane: number })[] = [];
  let lanes: number[] = [];
  const close = () => {
    shown.push(...cluster.map((one) => ({ ...one, lanes: lanes.length })));
    [cluster, lanes] = [[], []];
  };
  for (const span of spans) {
    if (lanes.every((end) => end <= span.from)) close();
    const free = lanes.findIndex((end) => end <= span.from);
    const lane = free >= 0 ? free : lanes.length;
    if (lane >= most) {
      hidden++;
      continue;
    }
    lanes[lane] = span.to;
    cluster.push({ ...span, lane });
  }
  close();
  return { shown, hidden };
}

export const blackoutsOn = (blackouts: readonly Blackout[], day: string, tenant: string | null): Blackout[] =>
  blackouts.filter((one) => one.firstDay <= day && day <= one.lastDay && (!one.slug || one.slug === tenant));

/** Whether it can be dragged elsewhere. */
export const isMovable = (entry: Entry, now: number): boolean =>
  entry.window?.state === "planned" && entry.startsAt.getTime() > now;

/** The same window as a plan at a local time of `zone`: what the gate is asked about. */
export function planOf(window: CalendarWindow, day: string, minute: number, zone: string): WindowDraft {
  return {
    ...{ tenant: window.slug, environment: window.environment, kind: MaintenanceKind.parse(window.kind) },
    ...{ startsAt: `${day}T${timeText(minute)}`, zone, title: window.title },
    minutes: Math.round((window.endsAt.getTime() - window.startsAt.getTime()) / MINUTE_MS),
    ...{ interrupts: window.interrupts, impact: window.impact, overrides: {} },
    ...(window.move && { move: window.move }),
  };
}
