import {
  type CalendarWindow,
  LANGUAGES,
  type NoticeLanguage,
  type NoticeTemplate,
  TEMPLATE_KINDS,
  type TemplateKind,
  type TemplateText,
} from "../../shared/calendar/model.ts";
import { type NoticeText, noticeText, shippedTemplate, templateProblems } from "../../shared/calendar/notice-text.ts";
import { AppError } from "../../shared/errors.ts";
import { DAY_MS, HOUR_MS } from "../../shared/time.ts";
import type { CalendarStore } from "./store.ts";

const shipped = (kind: TemplateKind, language: NoticeLanguage): NoticeTemplate => ({
  ...{ kind, language, ...shippedTemplate(kind, language) },
  ...{ version: 0, changedBy: null, changedAt: null },
});

/** The company's own texts of notices. */
export function noticeTemplates(store: CalendarStore, now: () => Date, operator: () => string) {
  async function list(): Promise<NoticeTemplate[]> {
    const own = await store.templates();
    return TEMPLATE_KINDS.flatMap((kind) =>
      LANGUAGES.map(
        (language) => own.find((one) => one.kind === kind && one.language === language) ?? shipped(kind, language),
      ),
    );
  }

  return {
    list,
    shipped,

    async of(kind: TemplateKind, language: NoticeLanguage): Promise<NoticeText> {
      return (await list()).find((one) => one.kind === kind && one.language === language)!;
    },

    preview(text: TemplateText): NoticeText & { readonly problems: string[] } {
      const problems = templateProblems(text);
      const filled = problems.length === 0 ? noticeText(sample(text.kind, now()), text.language, false, text) : text;
      return { subject: filled.subject, body: filled.body, problems };
    },

    async set(text: TemplateText & { readonly version: number }): Promise<NoticeTemplate> {
      noticeText(sample(text.kind, now()), text.language, false, text); // refuses by name what cannot be used
      const kept = await store.setTemplate({ ...text, changedBy: operator(), changedAt: now() });
      if (kept) return kept;
      throw new AppError("Conflict", `The text of ${text.kind} notices (${text.language}) was changed meanwhile.`, {
        retryable: false,
        next: "Nothing was changed. Look at the text in use, then change it again.",
      });
    },
  };
}

/** A window to show a text with. */
function sample(kind: TemplateKind, now: Date): Parameters<typeof noticeText>[0] {
  const startsAt = new Date(Math.ceil(now.getTime() / DAY_MS) * DAY_MS + 14 * DAY_MS + 22 * HOUR_MS);
  return {
    ...{ id: "4f1c2d3e", kind: kind === "cancelled" ? "standard" : kind, customer: "Albatros & Fils" },
    ...{ environment: "production", zone: "Europe/Dublin", customerZone: "Europe/Paris", title: "Release 26Q3" },
    ...{ startsAt, endsAt: new Date(startsAt.getTime() + HOUR_MS), interrupts: true, impact: "" },
    state: (kind === "cancelled" ? "cancelled" : "planned") satisfies CalendarWindow["state"],
  };
}
