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
import { type TermsTenant, startOfDay } from "./facts.ts";
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

/** Every date of one contract, in order of time (R79 to R89). Nothing of it is stored. */
export function clocksOf(tenant: TermsTenant, facts: TermsFacts, profile: PolicyProfile, now: Date): TermsClock[] {
  const { zone } = tenant;
  const today = dayIn(now, zone);
  const term = termOf(tenant, facts);
  const found: TermsClock[] = [];
  const addDay = (id: ClockId, on: string, why: Because) =>
    found.push({ id, on, at: null, standing: on <= today ? "passed" : "ahead", ...why });
  const addMoment = (id: ClockId, at: Date, why: Because) =>
    found.push({ id, on: dayIn(at, zone), at, standing: at <= now ? "passed" : "ahead", ...why });

  const { handOver } = tenant;
  const liveOn = handOver?.handedOverAt ? dayIn(handOver.handedOverAt, zone) : handOver ? null : tenant.invoiceDate;
  addDay("invoice", tenant.invoiceDate, ofVerdict(checkStart(profile, tenant.invoiceDate, liveOn, today)));
  addDay(
    "yearOne",
    minimumEnds(profile, term),
    because(profile.term, `The customer is bound for ${profile.term.minimumMonths} months at least.`, {
      months: profile.term.minimumMonths,
    }),
  );

  if (handOver) {
    const { orderedAt, handedOverAt } = handOver;
    const clock = handOverClock(profile, zone, orderedAt);
    const { targetBusinessDays: target, limitBusinessDays: limit } = profile.handOver;
    addMoment("handOverTarget", clock.targetAt, because(clock, `${target} business days after the order.`, { target }));
    addMoment("handOverLimit", clock.limitAt, because(clock, `${limit} business days after the order.`, { limit }));
    const verdict = checkHandOver(profile, { zone, orderedAt, handedOverAt }, now);
    if (handedOverAt)
      addMoment("handedOver", handedOverAt, {
        ...ofVerdict(verdict),
        facts: { inTime: verdict.allowed, limitAt: clock.limitAt.toISOString() },
      });
  }

  if (facts.noticeOn)
    addDay("notice", facts.noticeOn, because(profile.term.cancel, "Written notice of the end was received."));

  if (facts.endOn === null) {
    for (const act of ["upgrade", "downgrade", "cancel"] as const) {
      const { effectiveOn, verdict } = solve(tenant, facts, profile, { act }, now);
      addDay(act, effectiveOn, ofVerdict(verdict));
    }
    if (profile.term.downgrade.atQuarterStart) {
      let day = addToDay(today, { days: 1 });
      for (let index = 0; index < QUARTERS_AHEAD; index++) {
        const quarter = nextQuarter(term, day);
        addDay(
          "quarter",
          quarter,
          because(profile.term.downgrade, "A quarter of the subscription begins.", {
            noticeBy: noticeBy(profile, quarter),
          }),
        );
        day = addToDay(quarter, { days: 1 });
      }
    }
    const renewal = nextRenewal(profile, term, addToDay(today, { days: 1 }));
    const months = term.months ?? profile.term.minimumMonths;
    addDay("renewal", renewal, because(profile.term, `The next term of ${months} months begins.`, { months }));
    const { renewal: last } = profile.term;
    if (last)
      addDay(
        "renewBy",
        addToDay(renewal, { days: -last.daysBefore }),
        because(last, `Renewals are due ${last.daysBefore} days before ${renewal}.`, {
          days: last.daysBefore,
          renewal,
        }),
      );
  } else {
    const verdict = facts.noticeOn && checkChange(profile, "cancel", term, facts.noticeOn, facts.endOn);
    const noticed = facts.noticeOn !== null;
    addDay("end", facts.endOn, {
      ...(verdict ? ofVerdict(verdict) : because(profile.term.cancel, "The end is recorded without a notice.")),
      facts: { noticed, inTime: verdict ? verdict.allowed : null, noticeOn: facts.noticeOn },
    });
    found.push(...endingClocks(profile, facts.endOn, zone, now));
  }
  return found.toSorted(byTime);
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
  const ending = { endsAt: startOfDay(endOn, zone), zone };
  const clock = (id: ClockId, at: Date, why: Because): TermsClock => ({
    ...{ id, at, on: dayIn(at, zone), standing: at <= now ? "passed" : "ahead" },
    ...why,
  });
  const ends = lifecycleClocks(profile, ending).map((one) =>
    clock(
      ENDING[one.name],
      one.endsAt,
      because(
        { ...one, note: one.name === "copy-request" ? profile.lifecycle.copyRequest?.note : profile.lifecycle.note },
        `${one.days} days after the end.`,
        { days: one.days },
      ),
    ),
  );
  const days = Math.max(0, ...lifecycleClocks(profile, ending).map((one) => one.days));
  const deletion = clock(
    "deletion",
    earliestDeletion(profile, ending)!,
    because(profile.lifecycle, `Nothing is deleted before the longest clock of ${days} days has run out.`, { days }),
  );
  return [...ends, deletion];
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

/** The clock that an expiry board shows: the next one that ends something, or the deletion that is due. */
export function nextEnding(clocks: readonly TermsClock[]): TermsClock | null {
  const ending: ReadonlySet<ClockId> = new Set([
    ...(["renewBy", "renewal", "end", "copyRequest", "suspension", "retrieval", "deletion"] as const),
  ]);
  const ahead = clocks.find((one) => one.standing === "ahead" && ending.has(one.id));
  return ahead ?? clocks.find((one) => one.id === "deletion") ?? null;
}

export const daysTo = (clock: TermsClock, today: string): number => daysBetween(today, clock.on);
