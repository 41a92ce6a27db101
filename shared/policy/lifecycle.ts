import { AppError } from "../errors.ts";
import { HOUR_MS } from "../time.ts";
import { dateOf, utcText, zonedAt } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, type Clause, refuse, type Verdict } from "./verdict.ts";

export const LIFECYCLE_STATES = [
  "ordered",
  "provisioning",
  "active",
  "notice",
  "request-open",
  "suspended",
  "retrieval",
  "due-for-deletion",
  "deleted",
] as const;
/**
 * In the order of time. `request-open` and `suspended` are one suspension, before and after the last day for a copy
 * request; `retrieval` is the time in which an ended tenant's data can be fetched.
 */
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** What is known of one subscription; the state is derived from it and never stored. */
export interface LifecycleFacts {
  readonly orderedAt: Date;
  /** Work on it began. */
  readonly provisioningAt: Date | null;
  /** Handed over. */
  readonly activeAt: Date | null;
  /** Written notice of the end was received. */
  readonly noticeAt: Date | null;
  /** First moment that the contract no longer covers; null while it runs on. */
  readonly endsAt: Date | null;
  /** The customer asked for a copy. */
  readonly copyRequestedAt: Date | null;
  /** The copy was handed over. */
  readonly copyDeliveredAt: Date | null;
  readonly goodStanding: boolean;
  /** A court or the customer's auditor forbids deletion. */
  readonly legalHold: boolean;
  readonly deletedAt: Date | null;
  /** Customer's zone: days of the clocks are its calendar days. */
  readonly zone: string;
}

export interface LifecycleClock extends Clause {
  readonly name: "suspension" | "copy-request" | "retrieval";
  readonly days: number;
  readonly endsAt: Date;
}

/** The parallel clocks that start at the end of the contract (R86, R88, R89); empty while there is no end. */
export function lifecycleClocks(
  profile: PolicyProfile,
  facts: Pick<LifecycleFacts, "endsAt" | "zone">,
): LifecycleClock[] {
  const { endsAt, zone } = facts;
  if (!endsAt) return [];
  const { lifecycle } = profile;
  const clock = (name: LifecycleClock["name"], days: number | undefined, clause: Clause): LifecycleClock[] =>
    days === undefined
      ? []
      : [{ name, days, rule: clause.rule, source: clause.source, endsAt: dateOf(zonedAt(endsAt, zone).add({ days })) }];
  return [
    ...clock("copy-request", lifecycle.copyRequestDays, lifecycle.copyRequest ?? lifecycle),
    ...clock("suspension", lifecycle.suspensionDays, lifecycle),
    ...clock("retrieval", lifecycle.retrievalDays, lifecycle),
  ];
}

/** End of the longest clock: before it nothing is deleted. Null while the contract has no end. */
export function earliestDeletion(profile: PolicyProfile, facts: Pick<LifecycleFacts, "endsAt" | "zone">): Date | null {
  if (!facts.endsAt) return null;
  const ends = lifecycleClocks(profile, facts).map((one) => one.endsAt.getTime());
  return new Date(Math.max(facts.endsAt.getTime(), ...ends));
}

/**
 * The state at `now` (R86 to R89). Without a new fact it only moves forward as `now` advances.
 *
 * A fact later than `now` has not happened yet. Throws AppError InvalidInput for facts that contradict each other.
 */
export function lifecycleState(profile: PolicyProfile, facts: LifecycleFacts, now: Date): LifecycleState {
  refuseContradictions(facts);
  const happened = (at: Date | null) => at !== null && at <= now;
  if (happened(facts.deletedAt)) return "deleted";
  if (happened(facts.endsAt)) {
    const open = (name: LifecycleClock["name"]) =>
      lifecycleClocks(profile, facts).some((one) => one.name === name && now < one.endsAt);
    if (now >= earliestDeletion(profile, facts)!) return "due-for-deletion";
    if (open("suspension")) return open("copy-request") ? "request-open" : "suspended";
    return "retrieval";
  }
  if (happened(facts.noticeAt)) return "notice";
  if (happened(facts.activeAt)) return "active";
  return happened(facts.provisioningAt) ? "provisioning" : "ordered";
}

function refuseContradictions(facts: LifecycleFacts): void {
  const { orderedAt, activeAt, endsAt, deletedAt, copyRequestedAt, copyDeliveredAt } = facts;
  const pairs: readonly [string, Date | null, string, Date | null][] = [
    ["the hand-over", activeAt, "the order", orderedAt],
    ["the end", endsAt, "the order", orderedAt],
    ["the deletion", deletedAt, "the end", endsAt],
    ["the delivery of the copy", copyDeliveredAt, "its request", copyRequestedAt],
  ];
  for (const [late, lateAt, early, earlyAt] of pairs)
    if (lateAt && earlyAt && lateAt < earlyAt)
      throw new AppError(
        "InvalidInput",
        `The dates contradict each other: ${late} (${utcText(lateAt)}) is before ${early} (${utcText(earlyAt)}).`,
        { retryable: false, next: "Correct the dates; until then nothing of the tenant is deleted." },
      );
}

/** Machines' clocks that disagree by more than this are not trusted with a deletion. */
const CLOCK_TOLERANCE_MS = HOUR_MS;

/**
 * Says whether the tenant's data may be deleted for good (R86, R89): after the longest clock, no legal hold, no copy
 * request open.
 *
 * `otherClocks`: times of AWS and the database read at the same moment as `now`. The earliest of all decides, and clocks
 * that disagree refuse, so that a wrong workstation clock cannot delete early. `latestRecordedAt`: newest time in the
 * tenant's records; a `now` before it means that the clock runs backwards. Never overridable.
 */
export function checkDeletion(
  profile: PolicyProfile,
  facts: LifecycleFacts,
  now: Date,
  proof: { readonly otherClocks?: readonly Date[]; readonly latestRecordedAt?: Date } = {},
): Verdict {
  refuseContradictions(facts);
  const { lifecycle } = profile;
  const times = [now, ...(proof.otherClocks ?? [])].map((one) => one.getTime());
  const certain = new Date(Math.min(...times));
  if (Math.max(...times) - certain.getTime() > CLOCK_TOLERANCE_MS)
    return refuse(lifecycle, "The clocks of this machine, AWS and the database disagree; nothing is deleted.");
  if (proof.latestRecordedAt && proof.latestRecordedAt.getTime() - certain.getTime() > CLOCK_TOLERANCE_MS)
    return refuse(lifecycle, "The clock stands before the newest record of the tenant; nothing is deleted.");

  const earliestAt = earliestDeletion(profile, facts);
  if (!earliestAt) return refuse(lifecycle, "The contract has no end; its data is kept.");
  const earliest = utcText(earliestAt);
  const clocks = lifecycleClocks(profile, facts)
    .map((one) => `${one.name} ${one.days} days`)
    .join(", ");
  const shown = { ended: utcText(facts.endsAt!), earliest, clocks, legalHold: facts.legalHold };
  if (facts.deletedAt && facts.deletedAt <= certain)
    return allow(lifecycle, "It is deleted already.", { facts: shown });
  if (facts.legalHold) return refuse(lifecycle, "A legal hold forbids the deletion.", { facts: shown });
  if (certain < earliestAt)
    return refuse(lifecycle, `The data is kept until ${earliest}, the end of the longest clock (${clocks}).`, {
      earliest,
      facts: shown,
    });
  if (isCopyOwed(profile, facts))
    return refuse(lifecycle.copyRequest ?? lifecycle, "A copy was asked for in time and is not handed over yet.", {
      facts: shown,
    });
  return allow(lifecycle, `Every clock has run out (${clocks}).`, { earliest, facts: shown });
}

/** A copy was asked for in time and not handed over. A request without a last day is always in time. */
function isCopyOwed(profile: PolicyProfile, facts: LifecycleFacts): boolean {
  const { copyRequestedAt, copyDeliveredAt } = facts;
  if (!copyRequestedAt || copyDeliveredAt) return false;
  const clocks = lifecycleClocks(profile, facts);
  const last = clocks.find((one) => one.name === "copy-request") ?? clocks.find((one) => one.name === "retrieval");
  return !last || copyRequestedAt <= last.endsAt;
}

/**
 * Says whether a copy may be asked for at `now` (R87, R88; R89 as retrieval): by the last moment of its clock, and
 * under a suspension only in good standing.
 */
export function checkCopyRequest(profile: PolicyProfile, facts: LifecycleFacts, now: Date): Verdict {
  const { lifecycle } = profile;
  const clocks = lifecycleClocks(profile, facts);
  const request = clocks.find((one) => one.name === "copy-request");
  const clock = request ?? clocks.find((one) => one.name === "retrieval");
  if (facts.deletedAt && facts.deletedAt <= now) return refuse(lifecycle, "The data is deleted.");
  const clause = request ? lifecycle.copyRequest! : lifecycle;
  if (!facts.endsAt || now < facts.endsAt) return allow(clause, "The contract runs; copies follow its backup rules.");
  if (!clock) return refuse(lifecycle, `${profile.name} promises no copy after the end.`);
  const until = utcText(clock.endsAt);
  const shown = { until, days: clock.days, goodStanding: facts.goodStanding };
  const note = lifecycle.copyRequest?.note;
  if (now > clock.endsAt)
    return refuse(clause, `A copy could be asked for until ${until}, ${clock.days} days after the end.`, {
      facts: shown,
      note,
    });
  if (lifecycle.standing && !facts.goodStanding)
    return refuse(lifecycle.standing, "A copy is given only while the account is in good standing.", { facts: shown });
  return allow(clause, `A copy may be asked for until ${until}.`, { facts: shown, note });
}

/** Says whether a renewal at `now` still brings the tenant back (R86; R89 has no duty beyond its clock). */
export function checkReactivation(profile: PolicyProfile, facts: LifecycleFacts, now: Date): Verdict {
  const { lifecycle } = profile;
  if (!facts.endsAt || now < facts.endsAt) return allow(lifecycle, "The contract runs; nothing is to be reactivated.");
  if (facts.deletedAt && facts.deletedAt <= now) return refuse(lifecycle, "The data is deleted.");
  const until = utcText(earliestDeletion(profile, facts)!);
  return now <= new Date(until)
    ? allow(lifecycle, `The data is intact until ${until}; a renewal brings the tenant back.`, { facts: { until } })
    : refuse(lifecycle, `The data was kept until ${until}; a renewal is no longer certain to bring it back.`, {
        facts: { until },
        overridable: true,
      });
}

/** Help with the retrieval is a ticket of the support portal (R90): a retrieval job names one. */
export function checkRetrievalTicket(profile: PolicyProfile, ticket: string): Verdict {
  const clause = profile.lifecycle.retrievalHelp ?? { rule: "R90", source: "OB:274" };
  if (!profile.lifecycle.retrievalHelp) return allow(clause, `${profile.name} asks for no ticket.`);
  if (ticket.trim() !== "") return allow(clause, `The retrieval belongs to ticket ${ticket.trim().slice(0, 60)}.`);
  return refuse(clause, "Help with a retrieval is a service request: name its ticket.", { overridable: true });
}
