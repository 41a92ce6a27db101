import fc from "fast-check";
import { expect, test } from "vitest";
import type { CalendarWindow } from "../../../shared/calendar/model.ts";
import { noticeText } from "../../../shared/calendar/notice-text.ts";
import {
  announcing,
  noticeDueAt,
  noticeStanding,
  noticeUrgency,
  provesNotice,
} from "../../../shared/calendar/standing.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { HOUR_MS } from "../../../shared/time.ts";

const window: CalendarWindow = {
  ...{
    id: "w-1",
    kind: "major",
    tenantId: "t-1",
    slug: "albatros",
    customer: "Albatros\r\nBcc: x",
    service: "openbravo",
  },
  ...{ environment: "production", region: "eu-west-1", zone: "Europe/Dublin", customerZone: "Europe/Paris" },
  startsAt: new Date("2026-03-02T22:00:00Z"),
  endsAt: new Date("2026-03-03T00:30:00Z"),
  ...{ title: "Release 26Q3", interrupts: true, impact: "The tills work off line.", move: null, state: "planned" },
  ...{ notice: "none", createdBy: "Camille", createdAt: new Date("2026-01-01T00:00:00Z"), sequence: 0 },
};
const openbravo = profileOf("openbravo");
const sent = (sentAt: Date, times = window) => ({
  ...{ state: "sent" as const, startsAt: times.startsAt, endsAt: times.endsAt, sentAt },
  proof: { fileName: "a.eml", sha256: "", bytes: 1 },
});

test("a notice names both clocks, the length and the impact, and its subject is one line", () => {
  const en = noticeText(window, "en");
  expect(en.subject).toBe("Major change, Albatros Bcc: x, Monday, 2 March 2026 at 23:00 CET");
  expect(en.body).toContain("Monday, 2 March 2026 at 23:00 CET (Europe/Paris, your time)");
  expect(en.body).toContain("Monday, 2 March 2026 at 22:00 GMT (Europe/Dublin, data-centre time)");
  expect(en.body).toContain("Duration: 2 h 30 min");
  expect(en.body).toContain("Impact: The service is interrupted during this time. The tills work off line.");
  const fr = noticeText({ ...window, state: "cancelled" }, "fr");
  expect(fr.subject).toMatch(/^\[Annulé\] Changement majeur/);
  expect(fr.body).toContain("Durée : 2 h 30 min");
  expect(noticeText(window, "en", true).subject).toMatch(/^\[New time\]/);
});

test("a notice is proven exactly from the rule's hours before the start on", () => {
  const due = noticeDueAt(openbravo, window)!;
  expect(window.startsAt.getTime() - due.getTime()).toBe(60 * 24 * HOUR_MS);
  expect(provesNotice(openbravo, window, sent(due))).toBe(true);
  expect(provesNotice(openbravo, window, sent(new Date(due.getTime() + 1)))).toBe(false);
  expect(provesNotice(openbravo, window, { ...sent(due), proof: null })).toBe(false);
  expect(provesNotice(openbravo, window, { ...sent(due), state: "draft" })).toBe(false);
});

test("what was sent for another time proves nothing", () => {
  const due = noticeDueAt(openbravo, window)!;
  const moved = { ...window, endsAt: new Date("2026-03-03T01:00:00Z") };
  expect(noticeStanding(openbravo, moved, [sent(due)])).toBe("outdated");
  expect(noticeStanding(openbravo, moved, [sent(due), sent(due, moved)])).toBe("proven");
  expect(noticeStanding(openbravo, moved, [sent(moved.startsAt, moved)])).toBe("late");
  expect(noticeStanding(openbravo, window, [{ ...sent(due), state: "draft" }])).toBe("drafted");
  expect(noticeStanding(openbravo, window, [])).toBe("none");
});

test("R39: a window that moved away and back is proven only by what the customer heard last", () => {
  const due = noticeDueAt(openbravo, window)!;
  const hoursBefore = (hours: number) => new Date(due.getTime() - hours * HOUR_MS);
  const moved = { ...window, startsAt: new Date(window.startsAt.getTime() + 24 * HOUR_MS), endsAt: window.endsAt };
  const told = [sent(hoursBefore(48)), sent(hoursBefore(24), moved)];
  expect(noticeStanding(openbravo, window, told)).toBe("outdated");
  expect(announcing(window, told)).toBeNull();
  const again = [...told, sent(hoursBefore(1))];
  expect(noticeStanding(openbravo, window, again)).toBe("proven");
  expect(announcing(window, again)?.sentAt).toEqual(hoursBefore(1));
});

test.each([
  ["a week before the deadline", { startsAt: "2026-03-02T22:00:00Z", due: "2026-02-26T22:00:00Z" }, "open"],
  ["three days before it", { startsAt: "2026-03-02T22:00:00Z", due: "2026-02-22T10:00:00Z" }, "soon"],
  ["after it", { startsAt: "2026-03-02T22:00:00Z", due: "2026-02-19T09:59:59Z" }, "overdue"],
  ["two days before the start, without hours", { startsAt: "2026-02-21T10:00:00Z", due: null }, "soon"],
  ["once it has begun", { startsAt: "2026-02-19T10:00:00Z", due: "2026-02-17T10:00:00Z" }, "settled"],
] as const)("what is owed for a notice %s", (_, { startsAt, due }, urgency) => {
  const now = new Date("2026-02-19T10:00:00Z");
  const one = { state: "planned", notice: "drafted", startsAt: new Date(startsAt) } as const;
  const noticeDueAt = due === null ? null : new Date(due);
  expect(noticeUrgency({ ...one, noticeDueAt }, now)).toBe(urgency);
  expect(noticeUrgency({ ...one, noticeDueAt, notice: "proven" }, now)).toBe("settled");
  expect(noticeUrgency({ ...one, noticeDueAt, state: "cancelled" }, now)).toBe("settled");
});

test("a kind without hours is proven by any sending before the start", () => {
  const emergency = { ...window, kind: "emergency" as const };
  const acumatica = profileOf("acumatica");
  expect(noticeDueAt(acumatica, emergency)).toBeNull();
  expect(provesNotice(acumatica, emergency, sent(new Date(window.startsAt.getTime() - 1)))).toBe(true);
  expect(provesNotice(acumatica, emergency, sent(window.startsAt))).toBe(false);
});

test("an earlier sending never proves less than a later one", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("standard", "emergency", "major", "move", "application"),
      fc.constantFrom("openbravo", "acumatica"),
      fc.integer({ min: -3000, max: 3000 }),
      fc.integer({ min: 0, max: 3000 }),
      (kind, service, hours, earlierBy) => {
        const [one, profile] = [{ ...window, kind } as CalendarWindow, profileOf(service as "openbravo")];
        const at = (before: number) => new Date(window.startsAt.getTime() - before * HOUR_MS);
        const later = provesNotice(profile, one, sent(at(hours)));
        return !later || provesNotice(profile, one, sent(at(hours + earlierBy)));
      },
    ),
  );
});
