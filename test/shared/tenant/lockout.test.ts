import { expect, test } from "vitest";
import { type LockoutFacts, type LockoutRecord, watchLockout } from "../../../shared/tenant/lockout.ts";
import { MINUTE_MS } from "../../../shared/time.ts";

const NOW = new Date("2026-03-02T22:00:00Z");
const before = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE_MS);
const after = (minutes: number) => before(-minutes);

const record: LockoutRecord = {
  since: before(10),
  until: after(20),
  reason: "Repair",
  by: "Ana",
  jobId: null,
  windowEndsAt: null,
};
const closed = { since: before(10), until: null };
const alarmOf = (facts: Partial<LockoutFacts>) =>
  watchLockout({ reading: closed, readAt: before(1), record, activeJobId: null, now: NOW, ...facts })?.alarm;

test.each<[string, Partial<LockoutFacts>, ReturnType<typeof alarmOf>]>([
  ["open and nobody closed it", { reading: null, record: null }, undefined],
  ["not asked, nobody closed it", { reading: undefined, record: null }, undefined],
  ["closed as it was said", {}, null],
  ["closed, and the host was not asked", { reading: undefined, readAt: null }, null],
  ["closed, and nobody recorded why", { record: null }, "unexplained"],
  ["closed without a record by a job that runs", { record: null, activeJobId: "j" }, null],
  ["closed for longer than was said", { record: { ...record, until: NOW } }, "overdue"],
  ["not asked, but longer than was said", { reading: undefined, record: { ...record, until: before(1) } }, "overdue"],
  ["closed beyond its window", { record: { ...record, windowEndsAt: before(1) } }, "windowEnded"],
  ["closed by a job that runs", { record: { ...record, jobId: "j" }, activeJobId: "j" }, null],
  ["closed by a job that is over", { record: { ...record, jobId: "j" } }, "jobEnded"],
  ["open again although nobody unlocked it", { reading: null }, "endedByItself"],
  ["open when asked just before it was closed", { reading: null, readAt: before(11) }, null],
  [
    "open for the moment while its job runs",
    { reading: null, record: { ...record, jobId: "j" }, activeJobId: "j" },
    null,
  ],
])("%s: %s", (_, facts, alarm) => {
  expect(alarmOf(facts)).toBe(alarm);
});

test("what is shown tells who closed it, why and until when", () => {
  expect(watchLockout({ reading: closed, readAt: before(1), record, activeJobId: null, now: NOW })).toEqual({
    ...{ since: record.since, until: record.until, reason: "Repair", by: "Ana", jobId: null, seen: true, alarm: null },
  });
});
