import { daysBetween, addToDay, dayIn } from "../policy/calendar.ts";
import { checkHandOver, handOverClock } from "../policy/hand-over.ts";
import { earliestDeletion, lifecycleClocks, type LifecycleClock } from "../policy/lifecycle.ts";
import type { PolicyProfile } from "../policy/profile.ts";
import {
  checkChange,
  checkStart,
  minimumEnds,
  nextQuarter,
  nextRenewal,
  noticeBy,
  type Term,
  type TermAct,
} from "../policy/term.ts";
import type { Clause, Verdict } from "../policy/verdict.ts";
import { updateTrain } from "../policy/update-train.ts";
import { runsNewest, startOfDay, type TermsTenant, trainFactsOf } from "./facts.ts";
import { CLOCK_IDS, type ClockId, type Solution, type SolveAct, type TermsClock, type TermsFacts } from "./model.ts";

/** Quarters of the subscription that are shown ahead. */
const QUARTERS_AHEAD = 4;

type Because = Pick<TermsClock, "rule" | "source" | "reason" | "facts" | "note">;

export const because = (
  clause: Clause & { readonly note?: string | undefined },
  reason: string,
  facts: Because["facts"] = {},
): Because => ({ rule: clause.rule, source: clause.source, reason, facts, note: clause.note ?? null });

export const ofVerdict = (verdict: Verdict): Because => because(verdict, verdict.reason, verdict.facts);

export const termOf = (tenant: Pick<TermsTenant, "invoiceDate">, facts: TermsFacts): Term => ({
  invoiceDate: tenant.invoiceDate,
  ...(facts.termMonths === null ? {} : { months: facts.termMonths }),
});

/**
 * Every date of one contract, in order of time (R46, R47, R79 to R89). Nothing of it is stored. `releases` are the
 * product's, oldest first.
 */
export function clocksOf(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  now: Date,
  releases: readonly string[] = [],
): TermsClock[] {
  const today = dayIn(now, tenant.zone);
  return [
    ...startClocks(tenant, facts, profile, now, today),
    ...(facts.endOn === null ? changeClocks(tenant, facts, profile, now, today) : []),
    ...(facts.endOn === null ? trainClocks(tenant, facts, profile, today, releases) : []),
    ...endClocks(tenant, facts, profile, now, today),
  ].toSorted(byTime);
}

const onDay = (id: ClockId, on: string, today: string, why: Because): TermsClock => ({
  ...{ id, on, at: null, standing: on <= today ? "passed" : "ahead" },
  ...why,
});

const atMoment = (id: ClockId, at: Date, zone: string, now: Date, why: Because): TermsClock => ({
  ...{ id, on: dayIn(at, zone), at, standing: at <= now ? "passed" : "ahead" },
  ...why,
});

/** Invoice, first year, hand-over (R79, R80, R84). */
function startClocks(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  now: Date,
  today: string,
): TermsClock[] {
  const { zone, invoiceDate, handOver } = tenant;
  const { minimumMonths: months } = profile.term;
  const liveOn = handOver?.handedOverAt ? dayIn(handOver.handedOverAt, zone) : handOver ? null : invoiceDate;
  const found = [
    onDay("invoice", invoiceDate, today, ofVerdict(checkStart(profile, invoiceDate, liveOn, today))),
    onDay(
      "yearOne",
      minimumEnds(profile, termOf(tenant, facts)),
      today,
      because(profile.term, `The customer is bound for ${months} months at least.`, { months }),
    ),
  ];
  if (!handOver) return found;

  const { orderedAt, handedOverAt } = handOver;
  const clock = handOverClock(profile, zone, orderedAt);
  const { targetBusinessDays: target, limitBusinessDays: limit } = profile.handOver;
  const after = (days: number, value: Because["facts"]) =>
    because(clock, `${days} business days after the order.`, value);
  found.push(
    atMoment("handOverTarget", clock.targetAt, zone, now, after(target, { target })),
    atMoment("handOverLimit", clock.limitAt, zone, now, after(limit, { limit })),
  );
  if (handedOverAt) {
    const verdict = checkHandOver(profile, { zone, orderedAt, handedOverAt }, now);
    const value = { inTime: verdict.allowed, limitAt: clock.limitAt.toISOString() };
    found.push(atMoment("handedOver", handedOverAt, zone, now, { ...ofVerdict(verdict), facts: value }));
  }
  return found;
}

/** From when each change is possible, and the quarters ahead (R81 to R83). */
function changeClocks(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  now: Date,
  today: string,
): TermsClock[] {
  const { downgrade } = profile.term;
  const changes = (["upgrade", "downgrade", "cancel"] as const).map((act) => {
    const { effectiveOn, verdict } = solve(tenant, facts, profile, { act }, now);
    return onDay(act, effectiveOn, today, ofVerdict(verdict));
  });
  if (!downgrade.atQuarterStart) return changes;

  const term = termOf(tenant, facts);
  const quarters: string[] = [];
  for (let from = today; quarters.length < QUARTERS_AHEAD; from = quarters.at(-1)!)
    quarters.push(nextQuarter(term, addToDay(from, { days: 1 })));
  return [
    ...changes,
    ...quarters.map((on) => {
      const value = { noticeBy: noticeBy(profile, on) };
      return onDay("quarter", on, today, because(downgrade, "A quarter of the subscription begins.", value));
    }),
  ];
}

/** The next update and the next upgrade (R46), by themselves or at the customer's word (R47). */
function trainClocks(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  today: string,
  releases: readonly string[],
): TermsClock[] {
  const next = updateTrain(profile, trainFactsOf(tenant, facts, runsNewest(tenant, releases, profile)), today);
  const { train } = profile.versions;
  if (!next || !train) return [];
  const { isAutomatic } = next;
  const timing = isAutomatic ? "It comes by itself." : "The customer keeps the timing.";
  const stop = (id: ClockId, on: string, months: number) =>
    onDay(id, on, today, because(next, `Every ${months} months. ${timing}`, { months, isAutomatic }));
  return [
    stop("nextUpdate", next.updateOn, train.updateMonths),
    stop("nextUpgrade", next.upgradeOn, train.upgradeMonths),
  ];
}

/** The next renewal, or the recorded end with what it starts (R79, R81, R83, R84, R86 to R89). */
function endClocks(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  now: Date,
  today: string,
): TermsClock[] {
  const term = termOf(tenant, facts);
  const { noticeOn, endOn } = facts;
  const { cancel, renewal: last } = profile.term;
  const notice =
    noticeOn === null
      ? []
      : [onDay("notice", noticeOn, today, because(cancel, "Written notice of the end was received."))];
  if (endOn !== null) {
    const verdict = noticeOn === null ? null : checkChange(profile, "cancel", term, noticeOn, endOn);
    const why = verdict ? ofVerdict(verdict) : because(cancel, "The end is recorded without a notice.");
    const value = { noticed: noticeOn !== null, inTime: verdict && verdict.allowed, noticeOn };
    return [
      ...notice,
      onDay("end", endOn, today, { ...why, facts: value }),
      ...endingClocks(profile, endOn, tenant.zone, now),
    ];
  }
  const on = nextRenewal(profile, term, addToDay(today, { days: 1 }));
  const months = term.months ?? profile.term.minimumMonths;
  const renewal = onDay(
    "renewal",
    on,
    today,
    because(profile.term, `The next term of ${months} months begins.`, { months }),
  );
  if (!last) return [...notice, renewal];
  const { daysBefore: days } = last;
  const why = because(last, `Renewals are due ${days} days before ${on}.`, { days, renewal: on });
  return [...notice, onDay("renewBy", addToDay(on, { days: -days }), today, why), renewal];
}

const byTime = (a: TermsClock, b: TermsClock): number =>
  a.on === b.on ? CLOCK_IDS.indexOf(a.id) - CLOCK_IDS.indexOf(b.id) : a.on < b.on ? -1 : 1;

const ENDING: Readonly<Record<LifecycleClock["name"], ClockId>> = {
  "copy-request": "copyRequest",
  suspension: "suspension",
  retrieval: "retrieval",
};

/** The parallel clocks of an end and the deletion behind the longest of them (R86, R88, R89). */
function endingClocks(profile: PolicyProfile, endOn: string, zone: string, now: Date): TermsClock[] {
  const { lifecycle } = profile;
  const ending = { endsAt: startOfDay(endOn, zone), zone };
  const clocks = lifecycleClocks(profile, ending);
  const ends = clocks.map(({ name, endsAt, days, rule, source }) => {
    const note = name === "copy-request" ? lifecycle.copyRequest?.note : lifecycle.note;
    const why = because({ rule, source, note }, `${days} days after the end.`, { days });
    return atMoment(ENDING[name], endsAt, zone, now, why);
  });
  const days = Math.max(0, ...clocks.map((one) => one.days));
  const sentence = `Nothing is deleted before the longest clock of ${days} days has run out.`;
  const why = because(lifecycle, sentence, { days });
  return [...ends, atMoment("deletion", earliestDeletion(profile, ending)!, zone, now, why)];
}

export interface Question {
  readonly act: SolveAct;
  readonly announcedOn?: string | undefined;
  readonly wantedOn?: string | undefined;
}

/**
 * The first day on which an act may take effect, not before today, and the last day of notice for it (R81 to R83).
 *
 * The notice is the one asked about, else for an end the recorded one, else today's.
 */
export function solve(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  question: Question,
  now: Date,
): Solution {
  const { act, wantedOn } = question;
  const today = dayIn(now, tenant.zone);
  const ends = act === "end" || act === "cancel";
  const announcedOn = question.announcedOn ?? (ends ? facts.noticeOn : null) ?? today;
  const termAct: TermAct = act === "end" ? "cancel" : act;
  const term = termOf(tenant, facts);
  const check = (effective: string) => checkChange(profile, termAct, term, announcedOn, effective);
  const first = check(wantedOn ?? (announcedOn > today ? announcedOn : today));
  const effectiveOn = first.earliest!;
  return {
    ...{ act, announcedOn, effectiveOn },
    noticeBy: noticeBy(profile, effectiveOn),
    verdict: wantedOn === undefined ? check(effectiveOn) : first,
    afterwards: act === "end" ? endingClocks(profile, effectiveOn, tenant.zone, now).toSorted(byTime) : [],
  };
}

const ENDS_SOMETHING: ReadonlySet<ClockId> = new Set<ClockId>([
  ...(["renewBy", "renewal", "end", "copyRequest", "suspension", "retrieval", "deletion"] as const),
]);

/** The clock that an expiry board shows on `today`: the next one that ends something, or the deletion that is due. */
export function nextEnding(
  tenant: TermsTenant,
  facts: TermsFacts,
  profile: PolicyProfile,
  now: Date,
  today: string,
): TermsClock | null {
  const clocks = endClocks(tenant, facts, profile, now, today).toSorted(byTime);
  const ahead = clocks.find((one) => one.standing === "ahead" && ENDS_SOMETHING.has(one.id));
  return ahead ?? clocks.find((one) => one.id === "deletion") ?? null;
}

export const daysTo = (clock: TermsClock, today: string): number => daysBetween(today, clock.on);
