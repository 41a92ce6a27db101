import type { HandOver } from "../../shared/tenant/model.ts";

export type HandOverStanding = "inTime" | "late" | "open" | "pastTarget" | "pastLimit";

/** Where the clock of a hand-over stands; at the limit is still in time. */
export function handOverStanding(handOver: HandOver, now: number): HandOverStanding {
  const { handedOverAt, targetAt, limitAt } = handOver;
  if (handedOverAt) return handedOverAt <= limitAt ? "inTime" : "late";
  if (now > limitAt.getTime()) return "pastLimit";
  return now > targetAt.getTime() ? "pastTarget" : "open";
}
