import fc from "fast-check";
import { expect, test } from "vitest";
import { LANGUAGES, TEMPLATE_KINDS } from "../../../shared/calendar/model.ts";
import { noticeText, PLACEHOLDERS, shippedTemplate, templateProblems } from "../../../shared/calendar/notice-text.ts";

const window: Parameters<typeof noticeText>[0] = {
  ...{ id: "w-1", kind: "standard", customer: "Albatros", environment: "production", title: "Kernel", impact: "" },
  ...{ zone: "Europe/Dublin", customerZone: "Europe/Paris", interrupts: true, state: "planned" },
  startsAt: new Date("2026-03-02T22:00:00Z"),
  endsAt: new Date("2026-03-02T23:00:00Z"),
};
const BODY = "{{customer}}: {{startCustomer}} / {{startDataCentre}}\n{{duration}}. {{impact}}\nWork: {{title}}";
const own = { subject: "ACME care: {{customer}}", body: BODY };

test.each(TEMPLATE_KINDS.flatMap((kind) => LANGUAGES.map((language) => [kind, language] as const)))(
  "the shipped text of %s notices in %s can be used as it is",
  (kind, language) => expect(templateProblems(shippedTemplate(kind, language))).toEqual([]),
);

test("a company's text is filled in; a line with nothing to say is left out", () => {
  const told = noticeText(window, "en", false, own);
  expect(told.subject).toBe("ACME care: Albatros");
  expect(told.body).toContain("Work: Kernel");
  expect(noticeText({ ...window, title: "" }, "en", false, own).body).not.toContain("Work:");
});

test("a notice that replaces another says so, also where the company's text does not", () => {
  const told = noticeText(window, "fr", true, own);
  expect(told.subject).toMatch(/^\[Nouvel horaire\] ACME care/);
  expect(told.body).toMatch(/^Cet avis remplace/);
});

test.each([
  ["an unknown placeholder", { ...own, body: `${BODY} {{price}}` }, "There is no placeholder {{price}}."],
  ["an unfinished one", { ...own, body: `${BODY} {{title}` }, "A placeholder is not finished: write {{name}}."],
  [
    "a text without the impact",
    { ...own, body: BODY.replace("{{impact}}", "") },
    "The text does not name {{impact}}, which every notice has to tell.",
  ],
  ["an empty subject", { ...own, subject: " " }, "The subject is empty."],
])("%s is refused by name", (_, text, problem) => {
  expect(templateProblems(text)).toEqual([problem]);
  expect(() => noticeText(window, "en", false, text)).toThrow(problem);
});

test("what a window's fields hold is never read as a placeholder, whatever it is", () => {
  fc.assert(
    fc.property(fc.constantFrom(...PLACEHOLDERS), fc.string(), (name, noise) => {
      const title = `{{${name}}} ${noise}`.replace(/\s+/g, " ").trim();
      expect(noticeText({ ...window, title }, "en", false, own).body.endsWith(`Work: ${title}`)).toBe(true);
    }),
  );
});
