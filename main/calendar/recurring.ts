import type { CalendarWindow, RecurringWindow } from "../../shared/calendar/model.ts";
import { addToDay } from "../../shared/policy/calendar.ts";
import type { PolicyProfile } from "../../shared/policy/profile.ts";
import { type ProfileFinder, shippedProfiles } from "../../shared/policy/profiles.ts";
import {
  nextBackupWindow,
  nextStandardWindow,
  overlaps,
  regionZone,
  type Window,
} from "../../shared/policy/windows.ts";
import type { Service } from "../../shared/tenant/model.ts";
import { DAY_MS } from "../../shared/time.ts";
import { startOfDay } from "../../shared/terms/facts.ts";
import type { CalendarTenant, TrainStop } from "./ports.ts";

interface Group {
  readonly service: Service;
  readonly region: string;
  readonly zone: string;
  readonly customerZone: string;
  readonly profile: PolicyProfile;
  readonly tenants: Map<string, string>;
}

/**
 * The windows within [from, to) that follow from the contracts alone (R33, R46, R62), one for all tenants that share
 * service, region and time zone: a fleet of thousands has a few dozen. `trains` are the days of updates and upgrades
 * that come by themselves; each is a whole day of the data centre.
 *
 * A tenant whose standard window of that time is planned by hand is not counted again.
 */
export function recurringWindows(
  tenants: readonly CalendarTenant[],
  calendar: readonly Pick<CalendarWindow, "kind" | "state" | "tenantId" | "startsAt" | "endsAt">[],
  range: { readonly from: Date; readonly to: Date },
  profileFor: ProfileFinder = shippedProfiles,
  trains: readonly TrainStop[] = [],
): RecurringWindow[] {
  const known = new Map<string, Window[]>();
  const once = (key: string, make: () => Window[]) => {
    const made = known.get(key) ?? make();
    known.set(key, made);
    return made;
  };
  const standards = new Map<string, Window[]>();
  for (const one of calendar) {
    if (one.kind !== "standard" || one.state === "cancelled") continue;
    const own = standards.get(one.tenantId);
    if (own) own.push(one);
    else standards.set(one.tenantId, [one]);
  }
  const found: RecurringWindow[] = [];
  for (const group of groupsOf(tenants, (tenant) => profileFor(tenant, range.from))) {
    const { tenants: members, profile, ...place } = group;
    const { standard, backup } = profile.windows;
    const key = `${profile.id} ${profile.version} ${group.zone}`;
    if (standard) {
      for (const window of once(`standard ${key}`, () => standardIn(group, range))) {
        const left = [...members].filter(([id]) => !standards.get(id)?.some((one) => overlaps(one, window)));
        add("standard", window, standard, left);
      }
    }
    if (backup) {
      const all = [...members];
      for (const window of once(`backup ${key}`, () => backupsIn(group, range))) add("backup", window, backup, all);
    }

    for (const stops of stopsOf(trains, members)) {
      const { kind, on, rule, source } = stops[0]!;
      const day = once(`day ${on} ${group.zone}`, () => [dayOf(on, group.zone)])[0]!;
      if (day.startsAt >= range.to || day.endsAt <= range.from) continue;
      const left = stops.map(({ tenantId }) => [tenantId, members.get(tenantId)!] as const);
      add(kind, day, { rule, source }, left);
    }

    function add(
      kind: RecurringWindow["kind"],
      window: Window,
      { rule, source }: { rule: string; source: string },
      left: readonly (readonly [string, string])[],
    ) {
      if (left.length === 0) return;
      const slug = left.length === 1 ? left[0]![1] : null;
      found.push({ kind, ...place, ...window, rule, source, tenants: left.length, slug });
    }
  }
  return found.toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime());
}

function groupsOf(
  tenants: readonly CalendarTenant[],
  profileOf: (tenant: CalendarTenant) => PolicyProfile,
): Iterable<Group> {
  const groups = new Map<string, Group>();
  for (const tenant of tenants) {
    const { id, slug, service, zone: customerZone, environments } = tenant;
    const region = environments.find((one) => one.kind === "production")?.region;
    const zone = region && regionZone(region);
    if (!region || !zone) continue;
    const profile = profileOf(tenant);
    const key = `${profile.id} ${profile.version} ${region} ${customerZone}`;
    const group = groups.get(key) ?? { service, region, zone, customerZone, profile, tenants: new Map() };
    group.tenants.set(id, slug);
    groups.set(key, group);
  }
  return groups.values();
}

/** The members' stops, those of one kind and day together. */
function stopsOf(trains: readonly TrainStop[], members: ReadonlyMap<string, string>): Iterable<TrainStop[]> {
  const together = new Map<string, TrainStop[]>();
  for (const stop of trains) {
    if (!members.has(stop.tenantId)) continue;
    const known = together.get(`${stop.kind} ${stop.on}`);
    if (known) known.push(stop);
    else together.set(`${stop.kind} ${stop.on}`, [stop]);
  }
  return together.values();
}

const dayOf = (on: string, zone: string): Window => ({
  startsAt: startOfDay(on, zone),
  endsAt: startOfDay(addToDay(on, { days: 1 }), zone),
});

function standardIn({ profile, zone }: Group, { from, to }: { from: Date; to: Date }): Window[] {
  const windows: Window[] = [];
  let after = new Date(from.getTime() - DAY_MS);
  for (;;) {
    const next = nextStandardWindow(profile, zone, after);
    if (!next || next.startsAt >= to) return windows;
    if (next.endsAt > from) windows.push(next);
    after = next.endsAt;
  }
}

function backupsIn({ profile, zone }: Group, { from, to }: { from: Date; to: Date }): Window[] {
  const windows: Window[] = [];
  let after = from;
  for (;;) {
    const next = nextBackupWindow(profile, zone, after);
    if (!next || next.startsAt >= to) return windows;
    windows.push(next);
    after = next.endsAt;
  }
}
