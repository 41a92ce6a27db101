import { addToDay, daysBetween } from "./calendar.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";

export interface DutyState {
  readonly id: string;
  readonly name: string;
  readonly rule: string;
  readonly source: string;
  /** Last day on which it is in time. */
  readonly dueOn: string;
  readonly state: "done" | "due" | "overdue";
  readonly daysLeft: number;
}

/**
 * The recurring duties (R55 drill, R58 plan review, R109 audit reports) and when each is due.
 *
 * `doneOn`: day each was last done, by id; one that never was counts from `since`, the first day of service.
 */
export function dutyStates(
  profile: PolicyProfile,
  doneOn: Readonly<Record<string, string>>,
  since: string,
  today: string,
): DutyState[] {
  return profile.duties.map(({ id, name, rule, source, everyMonths, remindDays }) => {
    const last = Object.hasOwn(doneOn, id) ? doneOn[id]! : since;
    const dueOn = addToDay(last, { months: everyMonths });
    const daysLeft = daysBetween(today, dueOn);
    const state = daysLeft < 0 ? "overdue" : daysLeft <= remindDays ? "due" : "done";
    return { id, name, rule, source, dueOn, state, daysLeft };
  });
}

/** One duty as a verdict: refused once it is overdue. */
export function checkDuty(duty: DutyState): Verdict {
  const facts = { dueOn: duty.dueOn, daysLeft: duty.daysLeft };
  return duty.state === "overdue"
    ? refuse(duty, `${duty.name}: overdue since ${duty.dueOn}.`, { facts })
    : allow(duty, `${duty.name}: due by ${duty.dueOn}.`, { facts });
}
