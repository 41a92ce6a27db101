import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { OPENBRAVO } from "../../../shared/policy/openbravo.ts";
import type { TermsEntry } from "../../../shared/terms/model.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { calendarOn, draft } from "../calendar/calendar-for-tests.ts";
import { termsOn } from "./terms-for-tests.ts";

const NOW = "2026-01-12T09:00:00Z";
const OWN = { ...structuredClone(OPENBRAVO), id: "acme-gold", name: "ACME Gold", version: "2026-1" };
OWN.notices.major.hours = 720;

const EXCEPTION: TermsEntry = {
  ...{ kind: "exception", rule: "R40", document: "Annex 4", from: "2026-02-01", until: "2026-02-28" },
  numbers: { "notices.major.hours": 240 },
};

async function failure(call: Promise<unknown>) {
  return call.then(
    () => expect.unreachable("it was not refused"),
    ({ code, message }) => ({ code, message }),
  );
}

describeOnBothDatabases("the numbers that bind", (open) => {
  test("an exception with a document changes the calendar's verdicts on its days, and the decision names it", async () => {
    const { database } = await open();
    const { api, profiles } = termsOn(database, NOW);
    const { api: calendar } = calendarOn(database, NOW, undefined, {}, await profiles());
    const major = draft({ startsAt: "2026-02-02T22:00", kind: "major", minutes: 120 });
    expect((await calendar.check(major)).allowed).toBe(false);

    const requestId = randomUUID();
    await api.record({ requestId, tenant: "albatros", entry: EXCEPTION, reason: "Signed on 9 January" });
    const { api: then } = calendarOn(database, NOW, undefined, {}, await profiles());
    const checked = await then.check(major);
    expect([checked.allowed, checked.profile.version]).toEqual([true, `1+${requestId.slice(0, 8)}`]);
    const after = await then.check({ ...major, startsAt: "2026-03-02T22:00" });
    expect([after.allowed, after.profile.version]).toEqual([false, "1"]);
    // Asked for a day after the exception, the answer is by the numbers of that day.
    expect(after.earliest).toEqual(new Date("2026-04-06T21:00:00Z"));

    const shown = (await api.profiles()).find(({ id }) => id === "openbravo")!;
    expect(shown.exceptions).toMatchObject([{ slug: "albatros", rule: "R40", document: "Annex 4", standing: "ahead" }]);
  });

  test("an exception to a number that there is not, or that contradicts another, is refused and nothing is kept", async () => {
    const { api } = termsOn((await open()).database, NOW);
    const record = (entry: TermsEntry) =>
      api.record({ requestId: randomUUID(), tenant: "albatros", entry, reason: "x" });
    const numbers = { "notices.major.minutes": 1 };
    expect(await failure(record({ ...EXCEPTION, numbers }))).toMatchObject({ code: "InvalidInput" });
    const longer = { "notices.major.maximumHours": 48 };
    expect(await failure(record({ ...EXCEPTION, numbers: longer }))).toMatchObject({ code: "InvalidInput" });
    await record(EXCEPTION);
    expect(await failure(record({ ...EXCEPTION, until: "2026-02-03" }))).toMatchObject({ code: "Conflict" });
    expect((await api.get({ tenant: "albatros" })).exceptions).toHaveLength(1);
  });

  test("a company's profile is checked whole, kept by version, and binds whom a record binds to it", async () => {
    const { database } = await open();
    const { api, profiles } = termsOn(database, NOW);
    const broken = { ...OWN, lifecycle: { ...OWN.lifecycle, retrievalDays: -1 }, extra: 1 };
    expect((await failure(api.addProfile({ profile: broken }))).message).toMatch(/lifecycle\.retrievalDays.*extra/s);
    expect(await failure(api.addProfile({ profile: { ...OWN, id: "openbravo" } }))).toMatchObject({ code: "Conflict" });

    await api.addProfile({ profile: OWN });
    await api.addProfile({ profile: OWN });
    expect(await failure(api.addProfile({ profile: { ...OWN, name: "Other" } }))).toMatchObject({ code: "Conflict" });
    const entry: TermsEntry = { kind: "profile", profileId: "acme-gold" };
    const bind = { entry, reason: "Contract of 2 January", requestId: randomUUID() };
    expect(await failure(api.record({ ...bind, tenant: "kestrel" }))).toMatchObject({ code: "NotFound" });
    await api.record({ ...bind, tenant: "albatros" });

    const find = await profiles();
    const albatros = { id: "t-ob", service: "openbravo" } as const;
    expect(find(albatros, new Date(NOW)).notices.major.hours).toBe(720);
    expect(find({ id: "t-other", service: "openbravo" }, new Date(NOW)).id).toBe("openbravo");
    await api.addProfile({ profile: { ...OWN, version: "2026-2", name: "ACME Gold 2" } });
    const views = await api.profiles();
    expect(views.find(({ id }) => id === "acme-gold")).toMatchObject({
      ...{ version: "2026-2", tenants: [{ slug: "albatros" }], added: { by: "Camille" } },
    });
    expect(views.find(({ id }) => id === "openbravo")?.tenants).toEqual([]);
    expect(JSON.parse((await api.profileDocument({ profileId: "acme-gold" })).text)).toMatchObject({ id: "acme-gold" });
  });

  test("numbers that only the contract names stay empty until they are entered, and can be taken back", async () => {
    const { database } = await open();
    const { api, profiles } = termsOn(database, NOW);
    const record = (value: number | null) =>
      api.record({
        ...{ requestId: randomUUID(), tenant: "albatros", reason: "Annex 2" },
        entry: { kind: "from-contract", name: "calendarChangeNoticeHours", value },
      });
    const hours = async () =>
      (await profiles())({ id: "t-ob", service: "openbravo" }, new Date(NOW)).fromContract.calendarChangeNoticeHours;
    expect(await hours()).toBeUndefined();
    await record(72);
    expect(await hours()).toBe(72);
    expect(await failure(record(-1))).toMatchObject({ code: "InvalidInput" });
    await record(null);
    expect(await hours()).toBeUndefined();
  });
});
