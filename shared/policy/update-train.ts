import { addToDay } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, type Verdict } from "./verdict.ts";

/** What is known of a tenant's last update and upgrade; where nothing was recorded, the start of its service. */
export interface TrainFacts {
  readonly lastUpdateOn: string;
  readonly lastUpgradeOn: string;
  /** The customer bought the control of the timing (R47). */
  readonly isFlex: boolean;
  /** The newest release runs, so whatever was due has happened. */
  readonly isNewest?: boolean;
}

export interface UpdateTrain extends Clause {
  /** Days on which the next update and the next upgrade are due. */
  readonly updateOn: string;
  readonly upgradeOn: string;
  /** False for a customer who keeps the timing (R47). */
  readonly isAutomatic: boolean;
}

/**
 * The n-th day of a series that is counted from its first day each time, so that ends of months do not drift. Plain
 * arithmetic: a fleet asks for tens of thousands.
 */
function stopOf(anchor: string, months: number, n: number): string {
  const [year = 0, month = 1, day = 1] = anchor.split("-").map(Number);
  const at = year * 12 + (month - 1) + months * n;
  const [toYear, toMonth] = [Math.floor(at / 12), (at % 12) + 1];
  const last = new Date(Date.UTC(toYear, toMonth, 0)).getUTCDate();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${String(toYear).padStart(4, "0")}-${two(toMonth)}-${two(Math.min(day, last))}`;
}

/** First stop after `anchor`, not before `today` where one is given. */
function nextStop(anchor: string, months: number, today?: string): string {
  let n = 1;
  if (today !== undefined && today > anchor) {
    const [year = 0, month = 1] = anchor.split("-").map(Number);
    const [toYear = 0, toMonth = 1] = today.split("-").map(Number);
    n = Math.max(1, Math.floor(((toYear - year) * 12 + toMonth - month) / months));
    while (stopOf(anchor, months, n) < today) n += 1;
  }
  return stopOf(anchor, months, n);
}

/**
 * When a tenant's next update and upgrade come (R46), and whether by themselves (R47). Null for a service without a
 * train.
 *
 * A day that has passed is overdue. With `today`, a tenant that runs the newest release is due at the next day of its
 * train from today on: nothing is overdue where nothing newer exists.
 */
export function updateTrain(profile: PolicyProfile, tenant: TrainFacts, today?: string): UpdateTrain | null {
  const { train, flex } = profile.versions;
  if (!train) return null;
  const isAutomatic = !(tenant.isFlex && flex);
  const { rule, source } = isAutomatic ? train : flex!;
  const from = tenant.isNewest ? today : undefined;
  return {
    rule,
    source,
    updateOn: nextStop(tenant.lastUpdateOn, train.updateMonths, from),
    upgradeOn: nextStop(tenant.lastUpgradeOn, train.upgradeMonths, from),
    isAutomatic,
  };
}

export interface TrainDay extends Clause {
  readonly kind: "update" | "upgrade";
  readonly on: string;
}

/**
 * The days of the train within [from, to), on which work comes by itself (R46); none for a customer who keeps the timing
 * (R47). An upgrade takes the place of the update of its day.
 */
export function trainDays(profile: PolicyProfile, tenant: TrainFacts, from: string, to: string): TrainDay[] {
  const next = updateTrain(profile, tenant, from);
  const { train } = profile.versions;
  if (!next?.isAutomatic || !train) return [];
  const { rule, source } = train;
  const series = (kind: TrainDay["kind"], anchor: string, months: number): TrainDay[] => {
    const days: TrainDay[] = [];
    for (let on = nextStop(anchor, months, from); on < to; on = nextStop(anchor, months, addToDay(on, { days: 1 })))
      days.push({ kind, on, rule, source });
    return days;
  };
  const upgrades = series("upgrade", tenant.lastUpgradeOn, train.upgradeMonths);
  const taken = new Set(upgrades.map(({ on }) => on));
  const updates = series("update", tenant.lastUpdateOn, train.updateMonths).filter(({ on }) => !taken.has(on));
  return [...updates, ...upgrades].toSorted((a, b) => (a.on < b.on ? -1 : 1));
}

/**
 * Says whether a sandbox is free at `today` (R30): before the next automatic upgrade. The text names no days; a customer
 * who keeps the timing has no automatic upgrade, so its sandbox is ordered.
 */
export function checkFreeSandbox(profile: PolicyProfile, tenant: TrainFacts, today: string): Verdict {
  const { freeSandbox } = profile.versions;
  const next = updateTrain(profile, tenant, today);
  if (!freeSandbox || !next)
    return refuse(profile.versions, `${profile.name} promises no free sandbox.`, {
      facts: { case: "freeSandbox.none", service: profile.name },
      overridable: true,
    });
  if (!next.isAutomatic)
    return refuse(freeSandbox, "The customer keeps the timing: no upgrade comes by itself, so a sandbox is ordered.", {
      facts: { case: "freeSandbox.flex" },
      overridable: true,
    });
  const { upgradeOn } = next;
  if (upgradeOn < today)
    return refuse(freeSandbox, `The upgrade was due on ${upgradeOn}.`, {
      facts: { case: "freeSandbox.over", upgradeOn },
      overridable: true,
    });
  return allow(freeSandbox, `A sandbox is free until the upgrade of ${upgradeOn}.`, {
    facts: { case: "freeSandbox.until", upgradeOn },
  });
}
