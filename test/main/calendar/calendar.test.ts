import { createHash, randomUUID } from "node:crypto";
import ICAL from "ical.js";
import { expect, test } from "vitest";
import { noticeUrgency } from "../../../shared/calendar/standing.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { calendarOn, draft } from "./calendar-for-tests.ts";

const NOW = "2026-01-12T09:00:00Z";
const PROOF = { fileName: "sent.eml", sha256: createHash("sha256").update("message").digest("hex"), bytes: 7 };

/** What a rejected call says. */
async function failure(call: Promise<unknown>) {
  return call.then(
    () => expect.unreachable("it was not refused"),
    ({ code, message, details }) => ({ code, message, details }),
  );
}

const eventsOf = (text: string) =>
  new ICAL.Component(ICAL.parse(text)).getAllSubcomponents("vevent").map((one) => new ICAL.Event(one));

describeOnBothDatabases("the maintenance calendar", (open) => {
  test("a window is planned once however often it is asked for, and keeps the decision behind it", async () => {
    const { api, nextStarts } = calendarOn((await open()).database, NOW);
    const plan = { ...draft({ startsAt: "2026-01-20T22:00" }), requestId: randomUUID() };
    const [planned, again] = await Promise.all([api.schedule(plan), api.schedule(plan)]);
    expect(again).toEqual(planned);
    expect(planned).toMatchObject({
      ...{ id: plan.requestId, slug: "albatros", kind: "application", state: "planned", notice: "none" },
      ...{ zone: "Europe/Dublin", customerZone: "Europe/Paris", createdBy: "Camille", sequence: 0 },
      startsAt: new Date("2026-01-20T22:00:00Z"),
      endsAt: new Date("2026-01-20T23:00:00Z"),
    });

    const details = await api.get({ windowId: planned.id });
    expect(details.profile.id).toBe("openbravo");
    expect(details.changes.map(({ act }) => act)).toEqual(["schedule"]);
    expect(details.verdicts.map(({ rule }) => rule)).toEqual(["R36", "R38", "overlap", "blackout"]);
    expect([...(await nextStarts())]).toEqual([["t-ob/production", planned.startsAt]]);
  });

  test("R40: a major change needs 60 days, the standard window and one of two places in the year", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const major = (startsAt: string) => draft({ startsAt, kind: "major", minutes: 240 });

    const soon = await api.check(major("2026-02-02T22:00"));
    expect(soon.allowed).toBe(false);
    expect(soon.earliest).toEqual(new Date("2026-04-06T21:00:00Z"));
    expect(soon.counters.major).toEqual({ used: 1, allowed: 2, year: 2026 });

    const refused = await failure(api.schedule({ ...major("2026-02-02T22:00"), requestId: randomUUID() }));
    expect(refused).toMatchObject({
      code: "RefusedByRule",
      details: { rule: "R40", tenant: "albatros", earliest: "2026-04-06T21:00:00.000Z" },
    });

    await api.schedule({ ...major("2026-04-06T22:00"), requestId: randomUUID() });
    await api.schedule({ ...major("2026-05-04T22:00"), requestId: randomUUID() });
    const third = await api.check(major("2026-06-01T22:00"));
    expect(third.counters.major).toEqual({ used: 3, allowed: 2, year: 2026 });
    expect(third.earliest).toEqual(new Date("2027-01-04T22:00:00Z"));

    const overridden = await api.schedule({
      ...major("2026-06-01T22:00"),
      requestId: randomUUID(),
      overrides: { R40: "Agreed in writing on 9 January" },
    });
    expect((await api.get({ windowId: overridden.id })).overrides).toEqual([
      { rule: "R40", reason: "Agreed in writing on 9 January", by: "Camille", at: new Date(NOW) },
    ]);
  });

  test("R44: seven days, the weekly average and the backup window of Acumatica", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const ac = (startsAt: string, minutes: number) => draft({ tenant: "kestrel", kind: "standard", startsAt, minutes });

    const tomorrow = await api.check(ac("2026-01-13T22:00", 60));
    expect(tomorrow.verdicts.find(({ allowed }) => !allowed)).toMatchObject({ rule: "R44" });
    const inBackup = await api.check(ac("2026-01-24T02:00", 60));
    expect(inBackup.verdicts.filter(({ allowed }) => !allowed).map(({ rule }) => rule)).toEqual(["R62"]);
    expect((await api.check(ac("2026-01-24T22:00", 121))).earliest).toBeNull();

    await api.schedule({ ...ac("2026-01-24T20:00", 100), requestId: randomUUID() });
    const second = await api.check(ac("2026-01-31T20:00", 60));
    expect(second.counters.weekly).toEqual({ averageMinutes: 40, allowedMinutes: 30, weeks: 4 });
    expect(second.allowed).toBe(false);
    const later = await api.check({ ...ac("2026-01-31T20:00", 60), startsAt: second.earliest!.toISOString() });
    expect(later.allowed).toBe(true);
  });

  test("R41: a move to recover within the region needs no notice, another one 30 days", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const move = (reason: "recovery" | "other", toRegion: string) =>
      api.check(draft({ kind: "move", startsAt: "2026-01-17T21:00", move: { reason, toRegion } }));
    expect((await move("recovery", "eu-west-1")).allowed).toBe(true);
    const other = await move("other", "us-east-1");
    expect(other.earliest?.getTime()).toBeGreaterThanOrEqual(Date.parse(NOW) + 30 * 86_400_000);
    expect(await failure(api.check(draft({ kind: "move", startsAt: "2026-03-17T21:00" })))).toMatchObject({
      code: "InvalidInput",
    });
  });

  test("R36: an interruption without an impact in words is refused", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const silent = { ...draft({ startsAt: "2026-01-20T22:00", impact: "" }), requestId: randomUUID() };
    expect(await failure(api.schedule(silent))).toMatchObject({ code: "RefusedByRule", details: { rule: "R36" } });
    expect((await api.check({ ...silent, interrupts: false })).allowed).toBe(true);
  });

  test("two windows of one tenant and black-out days are conflicts, with the end of each as the earliest", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const first = await api.schedule({ ...draft({ startsAt: "2026-01-20T22:00" }), requestId: randomUUID() });
    const clash = await api.check(draft({ startsAt: "2026-01-20T22:30", environment: "test" }));
    expect(clash.verdicts.find(({ rule }) => rule === "overlap")).toMatchObject({
      allowed: false,
      overridable: true,
      earliest: "2026-01-20T23:00:00Z",
    });
    expect((await api.check({ ...draft({ startsAt: "2026-01-20T22:30" }), windowId: first.id })).allowed).toBe(true);

    const days = { firstDay: "2026-06-29", lastDay: "2026-07-05", title: "Summer sales" };
    const blackout = await api.blackouts.add({ requestId: randomUUID(), tenant: "albatros", ...days });
    const sales = await api.check(draft({ startsAt: "2026-06-28T23:30" }));
    expect(sales.verdicts.find(({ rule }) => rule === "blackout")).toMatchObject({
      allowed: false,
      earliest: "2026-07-05T23:00:00Z",
    });
    expect((await api.check(draft({ startsAt: "2026-07-01T20:00", tenant: "kestrel" }))).allowed).toBe(true);
    expect(await api.blackouts.remove({ blackoutId: blackout.id })).toEqual({ removed: true });
    expect((await api.check(draft({ startsAt: "2026-06-28T23:30" }))).allowed).toBe(true);
  });

  test("of two plans at one moment one is kept and the other meets it", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    // More than the database has connections.
    const plans = Array.from({ length: 20 }, () =>
      api.schedule({ ...draft({ startsAt: "2026-01-20T22:00" }), requestId: randomUUID() }),
    );
    const outcomes = await Promise.allSettled(plans);
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of outcomes)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ details: { rule: "overlap" } });
  });

  test("a window moves by the same gate, once a request, and is cancelled with its reason", async () => {
    const { api, clock } = calendarOn((await open()).database, NOW);
    const planned = await api.schedule({ ...draft({ startsAt: "2026-01-20T22:00" }), requestId: randomUUID() });
    await api.schedule({ ...draft({ startsAt: "2026-01-21T22:00" }), requestId: randomUUID() });
    const to = (startsAt: string) => ({ requestId: randomUUID(), windowId: planned.id, startsAt, overrides: {} });

    expect(await failure(api.move(to("2026-01-21T22:30")))).toMatchObject({ details: { rule: "overlap" } });
    const request = { ...to("2026-01-22T23:00"), zone: "Europe/Paris", minutes: 90 };
    const moved = await api.move(request);
    expect(moved).toMatchObject({ startsAt: new Date("2026-01-22T22:00:00Z"), sequence: 1 });
    expect(moved.endsAt).toEqual(new Date("2026-01-22T23:30:00Z"));
    expect(await api.move(request)).toEqual(moved);

    const cancelled = await api.cancel({ requestId: randomUUID(), windowId: planned.id, reason: "Not needed" });
    expect(cancelled.state).toBe("cancelled");
    expect((await api.get({ windowId: planned.id })).changes.map(({ act, reason }) => [act, reason])).toEqual([
      ["schedule", null],
      ["move", null],
      ["cancel", "Not needed"],
    ]);
    expect(await failure(api.move(to("2026-01-25T22:00")))).toMatchObject({ code: "Conflict" });
    clock.now = new Date("2026-02-01T00:00:00Z");
    expect(
      await failure(api.schedule({ ...draft({ startsAt: "2026-01-25T22:00" }), requestId: randomUUID() })),
    ).toMatchObject({ code: "InvalidInput" });
  });

  test("a notice proves itself only when sent in time, with proof, for the window as it stands", async () => {
    const { api, clock } = calendarOn((await open()).database, NOW);
    const planned = await api.schedule({
      ...draft({ tenant: "kestrel", kind: "standard", startsAt: "2026-01-24T20:00" }),
      requestId: randomUUID(),
    });
    const windowId = planned.id;
    expect((await api.get({ windowId })).noticeDueAt).toEqual(new Date("2026-01-18T01:00:00Z"));

    const draftEn = await api.notices.draft({ windowId, language: "en" });
    await api.notices.draft({ windowId, language: "fr" });
    expect((await api.notices.draft({ windowId, language: "en" })).id).toBe(draftEn.id);
    expect((await api.notices.list({ windowId })).map(({ language }) => language)).toEqual(["en", "fr"]);
    expect((await api.get({ windowId })).notice).toBe("drafted");

    clock.now = new Date("2026-01-18T01:00:00Z");
    const future = { noticeId: draftEn.id, proof: PROOF, sentAt: new Date("2026-01-18T01:10:00Z") };
    expect(await failure(api.notices.markSent(future))).toMatchObject({ code: "InvalidInput" });
    const sent = await api.notices.markSent({ noticeId: draftEn.id, proof: PROOF });
    expect(sent).toMatchObject({ state: "sent", sentBy: "Camille", proof: PROOF, provenInTime: true });
    expect(await api.notices.markSent({ noticeId: draftEn.id, proof: PROOF })).toEqual(sent);
    const other = { ...PROOF, sha256: "0".repeat(64) };
    expect(await failure(api.notices.markSent({ noticeId: draftEn.id, proof: other }))).toMatchObject({
      code: "Conflict",
    });
    expect((await api.get({ windowId })).notice).toBe("proven");

    await api.move({ requestId: randomUUID(), windowId, startsAt: "2026-01-31T20:00", overrides: {} });
    expect((await api.get({ windowId })).notice).toBe("outdated");
    clock.now = new Date("2026-01-30T00:00:00Z");
    const late = await api.notices.draft({ windowId, language: "en" });
    expect(late.body).toContain("replaces an earlier one");
    expect((await api.notices.markSent({ noticeId: late.id, proof: PROOF })).provenInTime).toBe(false);
    expect((await api.get({ windowId })).notice).toBe("late");
  });

  test("R39: the ledger of all windows says whom to tell by when, what is due first on top", async () => {
    const { api, clock } = calendarOn((await open()).database, NOW);
    const schedule = (tenant: string, kind: "standard" | "major", startsAt: string) =>
      api.schedule({ ...draft({ tenant, kind, startsAt }), requestId: randomUUID() });
    const later = await schedule("kestrel", "standard", "2026-01-31T20:00");
    const first = await schedule("kestrel", "standard", "2026-01-24T20:00");
    const range = { from: new Date(NOW), to: new Date("2026-03-01T00:00:00Z") };
    expect(await api.notices.ledger(range)).toMatchObject([
      { id: first.id, noticeDueAt: new Date("2026-01-18T01:00:00Z"), notice: "none", sent: null },
      { id: later.id, noticeDueAt: new Date("2026-01-25T01:00:00Z"), notice: "none", sent: null },
    ]);

    clock.now = new Date("2026-01-17T12:00:00Z");
    const { id: noticeId } = await api.notices.draft({ windowId: first.id, language: "fr" });
    await api.notices.markSent({ noticeId, proof: PROOF });
    const [told, open_] = await api.notices.ledger(range);
    expect(told).toMatchObject({
      notice: "proven",
      sent: { at: clock.now, by: "Camille", language: "fr", proof: "file" },
    });
    expect([noticeUrgency(told!, clock.now), noticeUrgency(open_!, clock.now)]).toEqual(["settled", "open"]);
  });

  test("what the ledger holds survives a restart of the console", async () => {
    const scratch = await open();
    const first = calendarOn(scratch.database, NOW).api;
    const planned = await first.schedule({ ...draft({ startsAt: "2026-01-20T22:00" }), requestId: randomUUID() });
    const notice = await first.notices.draft({ windowId: planned.id, language: "fr" });
    await first.notices.markSent({ noticeId: notice.id, proof: PROOF });
    const details = await first.get({ windowId: planned.id });
    const second = calendarOn(await scratch.reopen(), NOW).api;
    expect(await second.get({ windowId: planned.id })).toEqual(details);
    expect(await second.notices.list({ windowId: planned.id })).toHaveLength(1);
  });

  test("the list joins what is planned with what the contracts bring by themselves", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const range = { from: new Date("2026-02-01T00:00:00Z"), to: new Date("2026-03-01T00:00:00Z") };
    const before = await api.list(range);
    const kinds = (list: typeof before) => list.recurring.map(({ kind }) => kind);
    expect(kinds(before).filter((kind) => kind === "backup")).toHaveLength(28);
    expect(before.recurring.filter(({ kind }) => kind === "standard")).toEqual([
      expect.objectContaining({
        ...{ service: "openbravo", region: "eu-west-1", rule: "R33", tenants: 1, slug: "albatros" },
        startsAt: new Date("2026-02-02T22:00:00Z"),
      }),
    ]);
    await api.schedule({ ...draft({ kind: "standard", startsAt: "2026-02-02T22:00" }), requestId: randomUUID() });
    const after = await api.list({ ...range, tenant: "albatros" });
    expect(after.windows).toHaveLength(1);
    expect(after.recurring).toEqual([]);
    expect(await failure(api.list({ from: range.to, to: range.from }))).toMatchObject({ code: "InvalidInput" });
  });

  test("R46: days on which updates come by themselves are whole days of the data centre, one for all who share them", async () => {
    const stop = (tenantId: string, kind: "update" | "upgrade", on: string) => ({
      ...{ tenantId, kind, on, rule: "R46", source: "AC:3,4" },
    });
    const trains = [stop("t-ac", "update", "2026-03-08"), stop("t-ac", "upgrade", "2026-04-08")];
    const { database } = await open();
    const { api } = calendarOn(database, NOW, undefined, {}, undefined, trains);
    const listed = await api.list({
      from: new Date("2026-03-01T00:00:00Z"),
      to: new Date("2026-04-01T00:00:00Z"),
      tenant: "kestrel",
    });
    // The clocks go forward in Virginia on this day.
    expect(listed.recurring.filter(({ rule }) => rule === "R46")).toMatchObject([
      {
        ...{ kind: "update", slug: "kestrel", tenants: 1 },
        startsAt: new Date("2026-03-08T05:00:00Z"),
        endsAt: new Date("2026-03-09T04:00:00Z"),
      },
    ]);
  });

  test("the feed and the files of a notice are read back by another library as they were planned", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const planned = await api.schedule({
      ...draft({ startsAt: "2026-01-24T22:00", title: "Noël; caisses, \\ et <b>kernel</b>\nBEGIN:VEVENT" }),
      requestId: randomUUID(),
    });
    const range = { from: new Date("2026-01-19T00:00:00Z"), to: new Date("2026-02-03T00:00:00Z") };
    const feed = await api.feed({ ...range, tenant: "albatros" });
    const events = eventsOf(feed.text);
    expect(events.map(({ startDate }) => startDate.toJSDate())).toEqual([
      planned.startsAt,
      new Date("2026-02-02T22:00:00Z"),
    ]);
    expect(events[0]).toMatchObject({ uid: `${planned.id}@fleetwright`, sequence: 0 });
    expect(events[0]!.summary).toContain("Noël; caisses, \\ et <b>kernel</b>");
    expect(events[0]!.endDate.toJSDate()).toEqual(planned.endsAt);

    const notice = await api.notices.draft({ windowId: planned.id, language: "fr" });
    const message = await api.notices.export({ noticeId: notice.id, format: "eml" });
    expect(message.fileName).toBe("notice-albatros-2026-01-24-fr.eml");
    expect(message.text).toMatch(/^X-Unsent: 1\r$/m);
    expect(message.text).toMatch(/^Subject: =\?UTF-8\?/m);
    await api.cancel({ requestId: randomUUID(), windowId: planned.id, reason: "Not needed" });
    const file = await api.notices.export({ noticeId: notice.id, format: "ics" });
    const [event] = eventsOf(file.text);
    expect(event!.component.getFirstPropertyValue("status")).toBe("CANCELLED");
    expect(event!.sequence).toBe(1);
  });

  test.each([
    ["2026-03-29T01:30", "Europe/Dublin", "skip"],
    ["2026-10-25T01:30", "Europe/Dublin", "show twice"],
    ["2026-03-29T02:30", "Europe/Paris", "skip"],
    ["2026-11-01T01:30", "America/New_York", "show twice"],
  ])("a start at %s in %s is refused by name: the clocks %s it", async (startsAt, zone, word) => {
    const { api } = calendarOn((await open()).database, NOW);
    const refused = await failure(api.check(draft({ startsAt, zone })));
    expect(refused).toMatchObject({ code: "InvalidInput", message: expect.stringContaining(word) });
    expect(refused.message).toContain(zone);
  });

  test("a window over a change of the clocks lasts as long as it says", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const night = await api.check(draft({ startsAt: "2026-03-29T00:30", minutes: 120 }));
    expect([night.startsAt, night.endsAt]).toEqual([
      new Date("2026-03-29T00:30:00Z"),
      new Date("2026-03-29T02:30:00Z"),
    ]);
  });
});
