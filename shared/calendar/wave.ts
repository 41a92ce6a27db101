import { addToDay } from "../policy/calendar.ts";

export interface WaveOrder {
  /** Local day of the first night. */
  readonly firstDay: string;
  /** Windows of one night. */
  readonly concurrency: number;
  /** Goes alone, a night before all others. */
  readonly canary?: string | undefined;
}

export interface WavePlace {
  readonly tenant: string;
  /** From 0. */
  readonly night: number;
  readonly day: string;
}

/**
 * Spreads tenants over nights in the given order, each once: the canary alone on the first night, then as many a night
 * as may run at once.
 */
export function spreadWave(tenants: readonly string[], { firstDay, concurrency, canary }: WaveOrder): WavePlace[] {
  const others = [...new Set(tenants)].filter((one) => one !== canary);
  const first = canary === undefined ? 0 : 1;
  const place = (tenant: string, night: number): WavePlace => ({
    ...{ tenant, night, day: addToDay(firstDay, { days: night }) },
  });
  return [
    ...(canary === undefined ? [] : [place(canary, 0)]),
    ...others.map((tenant, index) => place(tenant, first + Math.floor(index / concurrency))),
  ];
}
