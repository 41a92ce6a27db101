import { expect, test } from "vitest";
import {
  byDay,
  daysOf,
  type Entry,
  entriesOf,
  laidOut,
  localOf,
  rangeOf,
} from "../../../renderer/calendar/calendar-view.ts";
import type { RecurringWindow } from "../../../shared/calendar/model.ts";
import { DAY_MS } from "../../../shared/time.ts";

const backup = (customerZone: string, tenants: number): RecurringWindow => ({
  ...{ kind: "backup", service: "acumatica", region: "us-east-1", zone: "America/New_York", customerZone, tenants },
  ...{ rule: "R62", source: "AC:47", slug: null },
  startsAt: new Date("2026-03-02T05:00:00Z"),
  endsAt: new Date("2026-03-02T11:00:00Z"),
});
const everything = { kinds: [], regions: [] };

test("a month is whole weeks from Monday, and the range reaches into every zone", () => {
  const days = daysOf("month", "2026-02-15");
  expect([days[0], days.at(-1), days.length]).toEqual(["2026-01-26", "2026-03-01", 35]);
  expect(daysOf("week", "2026-03-01")[0]).toBe("2026-02-23");
  expect(daysOf("list", "2028-02-29")).toHaveLength(29);
  const { from, to } = rangeOf(["2026-03-01"]);
  expect(to.getTime() - from.getTime()).toBe(3 * DAY_MS);
});

test("a window stands on the day of the clock that is chosen", () => {
  const late = new Date("2026-03-01T23:30:00Z");
  expect(localOf(late, "Asia/Tokyo")).toEqual({ day: "2026-03-02", minute: 510 });
  expect(localOf(late, "America/New_York")).toEqual({ day: "2026-03-01", minute: 1110 });
});

test("windows by contract that differ only in customers' zones are one on the data centre's clock", () => {
  const recurring = [backup("America/Denver", 3), backup("America/New_York", 2)];
  const atCentre = entriesOf({ windows: [], recurring }, { zone: "dataCentre", ...everything });
  expect(atCentre.map(({ tenants, day, startMinute }) => [tenants, day, startMinute])).toEqual([[5, "2026-03-02", 0]]);
  const atCustomers = entriesOf({ windows: [], recurring }, { zone: "customer", ...everything });
  expect(atCustomers.map(({ tenants, day }) => [tenants, day])).toEqual([
    [3, "2026-03-01"],
    [2, "2026-03-02"],
  ]);
  expect(entriesOf({ windows: [], recurring }, { zone: "customer", kinds: ["major"], regions: [] })).toEqual([]);
});

const entry = (key: string, from: number, to: number, more: Partial<Entry> = {}): Entry => ({
  ...{ key, kind: "standard", window: null, recurring: null, tenants: 1, zone: "UTC" },
  ...{ startsAt: new Date(from * 60_000), endsAt: new Date(to * 60_000) },
  ...{ day: "2026-03-02", lastDay: "2026-03-02", startMinute: from, endMinute: to, ...more },
});

test("a window over midnight is shown on both days, whole within each", () => {
  const over = entry("over", 1380, 120, { lastDay: "2026-03-03" });
  const days = byDay([over], ["2026-03-02", "2026-03-03", "2026-03-04"]);
  expect([...days.values()].map((list) => list.length)).toEqual([1, 1, 0]);
  expect(laidOut([over], "2026-03-02", 3).shown).toMatchObject([{ from: 1380, to: 1440 }]);
  expect(laidOut([over], "2026-03-03", 3).shown).toMatchObject([{ from: 0, to: 120 }]);
});

test("what overlaps stands side by side, and what does not fit is counted", () => {
  const crowd = Array.from({ length: 5 }, (_, index) => entry(`c${index}`, 600, 660));
  const { shown, hidden } = laidOut([...crowd, entry("later", 700, 760)], "2026-03-02", 3);
  expect(hidden).toBe(2);
  expect(shown.map(({ lane, lanes }) => [lane, lanes])).toEqual([
    [0, 3],
    [1, 3],
    [2, 3],
    [0, 1],
  ]);
});
