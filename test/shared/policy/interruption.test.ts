import { expect, test } from "vitest";
import { checkInterruption, type OpenWindow } from "../../../shared/policy/interruption.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { HOUR_MS } from "../../../shared/time.ts";

const NOW = new Date("2026-03-03T22:00:00Z");
const hours = (count: number) => new Date(NOW.getTime() + count * HOUR_MS);
const window: OpenWindow = {
  ...{ id: "w-1", kind: "emergency", title: "", startsAt: hours(-1), endsAt: hours(1), announcedAt: hours(-26) },
};
const noticeOf = (one: OpenWindow | null) =>
  checkInterruption(profileOf("openbravo"), { zone: "Europe/Dublin", window: one, minutes: 15, now: NOW })[0]!;

test.each([
  ["without a window, told now", null, false, "R39"],
  ["in a window that was announced in time", window, true, "R39"],
  ["in a window whose notice nothing proves", { ...window, announcedAt: null }, false, "R39"],
  ["in a window announced an hour late", { ...window, announcedAt: hours(-24) }, false, "R39"],
  ["in a major change announced a day before", { ...window, kind: "major" as const }, false, "R40"],
])("R39, R40: production is interrupted %s", (_, one, allowed, rule) => {
  expect([noticeOf(one).allowed, noticeOf(one).rule]).toEqual([allowed, rule]);
});
