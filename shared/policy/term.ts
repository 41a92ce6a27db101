import { Temporal } from "temporal-polyfill";
import { addToDay, daysBetween } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, verdict, type Verdict } from "./verdict.ts";

/** All days are "YYYY-MM-DD" in the customer's zone. An end is the first day that the contract no longer covers. */

export interface Term {
  /** Start of the subscription (R80). */
  readonly invoiceDate: string;
  /** Length of the term and of each renewal; default the profile's minimum. */
  readonly months?: number;
}

export const TERM_ACTS = ["upgrade", "downgrade", "change", "cancel"] as const;
export type TermAct = (typeof TERM_ACTS)[number];

const QUARTER_MONTHS = 3;

/** Start of the subscription's `index`-th period of `months`, always counted from the invoice date, so that month ends do not drift. */
const periodStart = (term: Term, months: number, index: number): string =>
  addToDay(term.invoiceDate, { months: months * index });

/** The first period start on or after `day`, skipping the start of the subscription itself. */
function nextPeriodStart(term: Term, months: number, day: string): string {
  const start = Temporal.PlainDate.from(term.invoiceDate);
  const passed = start.until(Temporal.PlainDate.from(day), { largestUnit: "month" }).months;
  for (let index = Math.max(1, Math.floor(passed / months)); ; index++) {
    const candidate = periodStart(term, months, index);
    if (candidate >= day) return candidate;
  }
}

const monthsOf = (profile: PolicyProfile, term: Term): number => Math.max(1, term.months ?? profile.term.minimumMonths);

/** First day after the months that the customer is bound at least. */
export const minimumEnds = (profile: PolicyProfile, term: Term): string =>
  addToDay(term.invoiceDate, { months: profile.term.minimumMonths });

/** First day of the next subscription quarter on or after `day`: of the subscription, not of the calendar (R82). */
export const nextQuarter = (term: Term, day: string): string => nextPeriodStart(term, QUARTER_MONTHS, day);

/** First renewal day on or after `day` (R83). */
export const nextRenewal = (profile: PolicyProfile, term: Term, day: string): string =>
  nextPeriodStart(term, monthsOf(profile, term), day);

/** Last day on which written notice makes a change on `effective` possible. */
export const noticeBy = (profile: PolicyProfile, effective: string): string =>
  addToDay(effective, { days: -profile.term.noticeDays });

/**
 * Says whether a change of the contract may take effect on `effective` (R81 Openbravo, R82 and R83 Acumatica).
 *
 * `noticeOn`: day of the written notice, given or to be given. `earliest` is the first possible day on or after
 * `effective`, `facts.noticeBy` the last day of notice for it.
 */
export function checkChange(
  profile: PolicyProfile,
  act: TermAct,
  term: Term,
  noticeOn: string,
  effective: string,
): Verdict {
  const { upgrade, downgrade, cancel, noticeDays } = profile.term;
  const clause: Clause & { note?: string | undefined } =
    act === "downgrade" ? downgrade : act === "cancel" ? cancel : upgrade;
  const bound = act === "downgrade" ? downgrade.afterMinimum : act === "cancel" ? cancel.afterMinimum : false;
  const byNotice = addToDay(noticeOn, { days: noticeDays });
  const yearOne = minimumEnds(profile, term);

  const from = [byNotice, effective, ...(bound ? [yearOne] : [])].reduce((a, b) => (a > b ? a : b));
  const atQuarter = act === "downgrade" && downgrade.atQuarterStart;
  const atRenewal = act === "cancel" && cancel.atRenewal;
  const earliest = atQuarter ? nextQuarter(term, from) : atRenewal ? nextRenewal(profile, term, from) : from;

  const conditions = [
    `${noticeDays} days after the notice of ${noticeOn}`,
    ...(bound ? [`after the first ${profile.term.minimumMonths} months`] : []),
    ...(atQuarter ? ["at the start of a quarter of the subscription"] : []),
    ...(atRenewal ? ["at a renewal"] : []),
  ].join(", ");
  const allowed = earliest === effective;
  const name = act === "cancel" ? "cancellation" : act;
  const lastNotice = noticeBy(profile, earliest);
  const sentence = allowed
    ? `The ${name} may take effect on ${effective}: ${conditions}.`
    : `The ${name} may take effect on ${earliest} at the earliest: ${conditions}. Written notice by ${lastNotice}.`;
  return verdict(clause, allowed, sentence, {
    earliest,
    facts: { act, effective, earliest, noticeBy: lastNotice, noticeOn, minimumEnds: yearOne },
    note: clause.note,
  });
}

/** Says whether a term is long enough (R79). */
export function checkTermLength(profile: PolicyProfile, months: number): Verdict {
  const { term } = profile;
  return verdict(
    term,
    months >= term.minimumMonths,
    `The term is ${months} of at least ${term.minimumMonths} months.`,
    {
      facts: { months, minimumMonths: term.minimumMonths },
      note: term.note,
    },
  );
}

/**
 * The subscription runs from the invoice date, live or not (R80): allowed from that day on. `facts.idlePaidDays` are
 * the paid days before the tenant went live, up to `today` while it has not.
 */
export function checkStart(profile: PolicyProfile, invoiceDate: string, liveOn: string | null, today: string): Verdict {
  const { start } = profile.term;
  const idlePaidDays = Math.max(0, daysBetween(invoiceDate, liveOn ?? today));
  const begun = today >= invoiceDate;
  return verdict(
    start,
    begun,
    begun
      ? `The subscription runs since its invoice date ${invoiceDate}, with ${idlePaidDays} paid days before use.`
      : `The subscription starts at its invoice date ${invoiceDate}.`,
    { earliest: invoiceDate, facts: { invoiceDate, liveOn, idlePaidDays } },
  );
}

/** Says whether a renewal at `expiry` is still in time on `today` (R84). */
export function checkRenewal(profile: PolicyProfile, expiry: string, today: string): Verdict {
  const { renewal } = profile.term;
  if (!renewal) return allow(profile.term, `${profile.name} names no last day for a renewal.`);
  const renewBy = addToDay(expiry, { days: -renewal.daysBefore });
  const facts = { expiry, renewBy, daysBefore: renewal.daysBefore };
  return today <= renewBy
    ? allow(renewal, `The renewal of ${expiry} is in time until ${renewBy}.`, { facts })
    : refuse(renewal, `The renewal of ${expiry} was due by ${renewBy}, ${renewal.daysBefore} days before.`, {
        facts,
        overridable: true,
      });
}
