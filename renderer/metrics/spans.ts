import type { CalendarWindow, RecurringWindow } from "../../shared/calendar/model.ts";
import type { Job } from "../../shared/jobs/model.ts";
import type { EnvironmentKind, Service } from "../../shared/tenant/model.ts";
import type { Range } from "./metrics-view.ts";

/** Something that happened, or is planned, in a stretch of time. */
export interface Span {
  readonly id: string;
  readonly type: "job" | "window" | "backup";
  readonly from: number;
  readonly to: number;
  /** Kind of the job or window. */
  readonly kind: string;
  readonly failed: boolean;
}

interface Facts {
  readonly jobs: readonly Job[];
  readonly windows: readonly CalendarWindow[];
  readonly recurring: readonly RecurringWindow[];
  readonly environment: EnvironmentKind;
  readonly tenant: { readonly slug: string; readonly service: Service; readonly region: string; readonly zone: string };
}

/** What to draw on the time axis of one environment, cut to the range, in order of time. */
export function spansOf({ jobs, windows, recurring, environment, tenant }: Facts, range: Range, now: number): Span[] {
  const found: Span[] = [
    ...jobs.flatMap((job): Span[] => {
      if (!job.startedAt) return [];
      const to = job.endedAt?.getTime() ?? now;
      return [
        { id: job.id, type: "job", from: job.startedAt.getTime(), to, kind: job.kind, failed: job.state === "failed" },
      ];
    }),
    ...windows
      .filter((one) => one.state !== "cancelled" && one.slug === tenant.slug && one.environment === environment)
      .map((one): Span => {
        const [from, to] = [one.startsAt.getTime(), one.endsAt.getTime()];
        return { id: one.id, type: "window", from, to, kind: one.kind, failed: false };
      }),
    // Windows that follow from the contract are production's (R33, R62).
    ...(environment === "production" ? recurring : [])
      .filter(
        (one) => one.service === tenant.service && one.region === tenant.region && one.customerZone === tenant.zone,
      )
      .map((one): Span => {
        const [from, to] = [one.startsAt.getTime(), one.endsAt.getTime()];
        const type = one.kind === "backup" ? "backup" : "window";
        return { id: `${one.kind} ${from}`, type, from, to, kind: one.kind, failed: false };
      }),
  ];
  return found
    .filter((one) => one.from < range.to && one.to > range.from)
    .map((one) => ({ ...one, from: Math.max(one.from, range.from), to: Math.min(one.to, range.to) }))
    .toSorted((a, b) => a.from - b.from);
}
