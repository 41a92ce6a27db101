import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { describeOnBothDatabases } from "../../support/database.ts";
import { calendarOn, draft } from "./calendar-for-tests.ts";

const NOW = "2026-01-12T09:00:00Z";
const OWN = {
  kind: "application",
  language: "fr",
  subject: "ACME : {{customer}}",
  body: "{{startCustomer}} / {{startDataCentre}}, {{duration}}. {{impact}}",
} as const;

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable("it was not refused"),
    ({ code }) => code,
  );

describeOnBothDatabases("the company's texts of notices", (open) => {
  test("a text is kept by version and used for drafts; another's change is not overwritten", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    expect((await api.templates.list()).every(({ version }) => version === 0)).toBe(true);
    expect(await api.templates.set({ ...OWN, version: 0 })).toMatchObject({ version: 1, changedBy: "Camille" });
    expect(await codeOf(api.templates.set({ ...OWN, subject: "Other", version: 0 }))).toBe("Conflict");
    expect(await api.templates.set({ ...OWN, subject: "ACME 2 : {{customer}}", version: 1 })).toMatchObject({
      version: 2,
    });

    const window = await api.schedule({ ...draft({ startsAt: "2026-01-20T22:00" }), requestId: randomUUID() });
    const notice = await api.notices.draft({ windowId: window.id, language: "fr" });
    expect(notice.subject).toBe("ACME 2 : Albatros & Fils");
    expect((await api.notices.draft({ windowId: window.id, language: "en" })).subject).toMatch(/^Application change/);

    expect(await api.templates.reset(OWN)).toMatchObject({ version: 0, changedBy: null });
    expect((await api.notices.draft({ windowId: window.id, language: "fr" })).subject).toMatch(
      /^Changement applicatif/,
    );
  });

  test("a text that cannot be used is refused and shown with what is wrong; the one in use stays", async () => {
    const { api } = calendarOn((await open()).database, NOW);
    const broken = { ...OWN, body: `${OWN.body} {{price}}` };
    expect((await api.templates.preview(broken)).problems).toEqual(["There is no placeholder {{price}}."]);
    expect(await codeOf(api.templates.set({ ...broken, version: 0 }))).toBe("InvalidInput");
    expect((await api.templates.list()).every(({ version }) => version === 0)).toBe(true);
    expect((await api.templates.preview(OWN)).subject).toBe("ACME : Albatros & Fils");
  });
});
