import { decide, type Plan } from "../../main/calendar/decide.ts";
import { recurringWindows } from "../../main/calendar/recurring.ts";
import { readStart } from "../../main/calendar/times.ts";
import {
  type Blackout,
  type CalendarWindow,
  LANGUAGES,
  type NoticeDuty,
  type NoticeLanguage,
  type NoticeTemplate,
  TEMPLATE_KINDS,
  type TemplateKind,
  type TemplateText,
  type Wave,
  type WaveDraft,
  type WaveRow,
  type WindowDetails,
  type WindowDraft,
  type WindowNotice,
} from "../../shared/calendar/model.ts";
import { noticeText, shippedTemplate, templateProblems } from "../../shared/calendar/notice-text.ts";
import { noticeDueAt, noticeStanding, provesNotice } from "../../shared/calendar/standing.ts";
import { spreadWave } from "../../shared/calendar/wave.ts";
import { AppError } from "../../shared/errors.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { standingRefusals } from "../../shared/policy/verdict.ts";
import { overlaps, regionZone } from "../../shared/policy/windows.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../shared/time.ts";

const BY = "Camille";
const CONTACTS = ["it@albatros.example", "ops@albatros.example"];

/** A calendar in memory that decides as the console does. */
export function createFakeCalendar(tenants: readonly Tenant[], now: Date, changed: () => void) {
  const windows = new Map<string, WindowDetails>(demoWindows(tenants, now).map((one) => [one.id, one]));
  let notices: WindowNotice[] = [];
  let blackouts: Blackout[] = [];

  const templates = new Map<string, NoticeTemplate>();
  const templateOf = (kind: TemplateKind, language: NoticeLanguage): NoticeTemplate =>
    templates.get(`${kind} ${language}`) ?? {
      ...{ kind, language, ...shippedTemplate(kind, language) },
      ...{ version: 0, changedBy: null, changedAt: null },
    };

  const nothing = (what: string): never => {
    throw new AppError("NotFound", `There is no ${what}.`, { retryable: false });
  };
  const tenantOf = (ref: string) =>
    tenants.find((one) => one.slug === ref || one.id === ref) ?? nothing(`tenant ${ref}`);
  const windowOf = (id: string) => windows.get(id) ?? nothing(`maintenance window ${id}`);
  const noticeOf = (id: string) => notices.find((one) => one.id === id) ?? nothing(`notice ${id}`);
  const noticesOf = (windowId: string) => notices.filter((one) => one.windowId === windowId);
  const shown = (one: WindowDetails): WindowDetails => ({
    ...one,
    state: one.state === "planned" && one.endsAt <= new Date() ? "done" : one.state,
    notice: noticeStanding(profileOf(one.service), one, noticesOf(one.id)),
  });

  function decided(draft: WindowDraft, ownId?: string) {
    const tenant = tenantOf(draft.tenant);
    const region = tenant.environments[0]!.region;
    const zone = regionZone(region)!;
    const startsAt = readStart(draft.startsAt, draft.zone ?? zone);
    const plan: Plan = {
      ...{ kind: draft.kind, interrupts: draft.interrupts, impact: draft.impact, move: draft.move ?? null, startsAt },
      endsAt: new Date(startsAt.getTime() + draft.minutes * MINUTE_MS),
    };
    const profile = profileOf(tenant.service);
    const answer = decide(plan, draft.overrides, {
      ...{ profile, region, zone, customerZone: tenant.zone, now: new Date() },
      blackouts: blackouts.filter((one) => !one.tenantId || one.tenantId === tenant.id),
      others: [...windows.values()].filter(
        (one) => one.tenantId === tenant.id && one.state !== "cancelled" && one.id !== ownId,
      ),
    });
    return { tenant, plan, region, zone, profile: { id: profile.id, version: profile.version }, answer };
  }

  function refuseIfRefused({ tenant, answer }: ReturnType<typeof decided>) {
    const [first] = standingRefusals(answer.verdicts);
    if (!first) return;
    throw new AppError("RefusedByRule", `${first.rule}: ${first.reason}`, {
      retryable: false,
      tenant: tenant.slug,
      rule: first.rule,
      ...(answer.earliest && { earliest: answer.earliest.toISOString() }),
    });
  }

  function keep(window: WindowDetails): CalendarWindow {
    windows.set(window.id, window);
    changed();
    return shown(window);
  }

  return {
    list(input: { from: Date; to: Date; tenant?: string | undefined }) {
      const range = { startsAt: input.from, endsAt: input.to };
      const mine = input.tenant === undefined ? tenants : [tenantOf(input.tenant)];
      const ids = new Set(mine.map((one) => one.id));
      const listed = [...windows.values()].filter((one) => ids.has(one.tenantId) && overlaps(one, range));
      return {
        windows: listed.map(shown).toSorted((a, b) => a.startsAt.getTime() - b.startsAt.getTime()),
        recurring: recurringWindows(mine, listed, input),
        blackouts,
      };
    },
    get: (windowId: string): WindowDetails => shown(windowOf(windowId)),
    check(input: WindowDraft & { windowId?: string | undefined }) {
      const { tenant, plan, zone, profile, answer } = decided(input, input.windowId);
      return {
        ...{ startsAt: plan.startsAt, endsAt: plan.endsAt, zone, customerZone: tenant.zone, profile },
        ...{ ...answer, verdicts: [...answer.verdicts] },
      };
    },
    schedule({ requestId, ...draft }: WindowDraft & { requestId: string }) {
      const known = windows.get(requestId);
      if (known) return shown(known);
      const answer = decided(draft);
      refuseIfRefused(answer);
      const { tenant, plan, region, zone, profile } = answer;
      const at = new Date();
      return keep({
        ...plan,
        ...{ id: requestId, tenantId: tenant.id, slug: tenant.slug, customer: tenant.customer },
        ...{ service: tenant.service, environment: draft.environment, title: draft.title, region, zone, profile },
        ...{ customerZone: tenant.zone, state: "planned", notice: "none", createdBy: BY, createdAt: at, sequence: 0 },
        verdicts: [...answer.answer.verdicts],
        overrides: answer.answer.verdicts.flatMap(({ rule, override }) =>
          override ? [{ rule, reason: override, by: BY, at }] : [],
        ),
        changes: [{ act: "schedule", at, by: BY, startsAt: plan.startsAt, endsAt: plan.endsAt, reason: null }],
        noticeDueAt: noticeDueAt(profileOf(tenant.service), plan),
        ...{ contacts: CONTACTS, canMail: true },
      });
    },
    move(
      input: Pick<WindowDraft, "startsAt" | "overrides"> & {
        windowId: string;
        zone?: string | undefined;
        minutes?: number | undefined;
      },
    ) {
      const old = windowOf(input.windowId);
      const answer = decided(
        {
          ...{ tenant: old.slug, environment: old.environment, kind: old.kind as WindowDraft["kind"] },
          ...{ title: old.title, interrupts: old.interrupts, impact: old.impact, startsAt: input.startsAt },
          minutes: input.minutes ?? (old.endsAt.getTime() - old.startsAt.getTime()) / MINUTE_MS,
          overrides: input.overrides,
          ...(old.move && { move: old.move }),
          ...(input.zone !== undefined && { zone: input.zone }),
        },
        old.id,
      );
      refuseIfRefused(answer);
      const { startsAt, endsAt } = answer.plan;
      const change = { act: "move" as const, at: new Date(), by: BY, startsAt, endsAt, reason: null };
      const verdicts = [...answer.answer.verdicts];
      return keep({
        ...old,
        startsAt,
        endsAt,
        verdicts,
        sequence: old.sequence + 1,
        changes: [...old.changes, change],
      });
    },
    cancel({ windowId, reason }: { windowId: string; reason: string }) {
      const old = windowOf(windowId);
      const { startsAt, endsAt } = old;
      const change = { act: "cancel" as const, at: new Date(), by: BY, startsAt, endsAt, reason };
      return keep({ ...old, state: "cancelled", sequence: old.sequence + 1, changes: [...old.changes, change] });
    },
    wave({ tenants: names, firstDay, timeOfDay, concurrency, canary, ...shared }: WaveDraft, keeps: boolean): Wave {
      const places = spreadWave(names, { firstDay, concurrency, canary });
      const rows = places.map(({ tenant: ref, night, day }): WaveRow => {
        const draft: WindowDraft = { ...shared, tenant: ref, startsAt: `${day}T${timeOfDay}` };
        const { tenant, plan, zone, answer } = decided(draft);
        const row = { tenant: tenant.slug, customer: tenant.customer, night, startsAt: plan.startsAt, zone };
        const window = answer.allowed && keeps ? this.schedule({ ...draft, requestId: crypto.randomUUID() }) : null;
        const outcome = window ? "planned" : answer.allowed ? "allowed" : "refused";
        const verdicts = standingRefusals(answer.verdicts);
        const earliest = answer.allowed ? null : answer.earliest;
        return { ...row, outcome, verdicts, earliest, problem: null, windowId: window?.id ?? null };
      });
      const count = (outcome: WaveRow["outcome"]) => rows.filter((one) => one.outcome === outcome).length;
      return { rows, counts: { allowed: count("allowed"), planned: count("planned"), refused: count("refused") } };
    },
    feed: () => ({ fileName: "fleetwright.ics", mediaType: "text/calendar", text: "BEGIN:VCALENDAR\r\nEND:VCALENDAR" }),

    notices: noticesOf,
    ledger: ({ from, to }: { from: Date; to: Date }): NoticeDuty[] =>
      [...windows.values()]
        .map(shown)
        .filter((one) => overlaps(one, { startsAt: from, endsAt: to }))
        .map((one) => ({ ...one, noticeDueAt: noticeDueAt(profileOf(one.service), one), sent: null, contacts: 1 })),
    draft({ windowId, language }: { windowId: string; language: "en" | "fr" }): WindowNotice {
      const window = windowOf(windowId);
      const draft: WindowNotice = {
        id: crypto.randomUUID(),
        ...{ windowId, tenantId: window.tenantId, language, ...noticeText(window, language) },
        ...{ startsAt: window.startsAt, endsAt: window.endsAt, state: "draft", createdAt: new Date(), createdBy: BY },
        ...{ sentAt: null, sentBy: null, proof: null, attempt: null, provenInTime: false },
      };
      notices = [
        ...notices.filter((one) => one.state === "sent" || one.windowId !== windowId || one.language !== language),
        draft,
      ];
      changed();
      return draft;
    },
    export(noticeId: string, format: "eml" | "ics") {
      const { subject, body } = noticeOf(noticeId);
      return { fileName: `notice.${format}`, mediaType: "text/plain", text: `Subject: ${subject}\r\n\r\n${body}` };
    },
    send: ({ noticeId }: { noticeId: string }): WindowNotice => {
      const draft = noticeOf(noticeId);
      const window = windowOf(draft.windowId);
      const smtp = {
        ...{ server: "mail.example:587", answer: "250 OK", messageId: `<${noticeId}@example>` },
        ...{ accepted: CONTACTS, refused: [] },
      };
      const proof = { fileName: `${noticeId}.eml`, sha256: "0".repeat(64), bytes: 1_024, smtp };
      const sent: WindowNotice = { ...draft, state: "sent", sentAt: new Date(), sentBy: BY, proof };
      sent.provenInTime = provesNotice(profileOf(window.service), window, sent);
      notices = notices.map((one) => (one.id === noticeId ? sent : one));
      changed();
      return sent;
    },
    markSent({
      noticeId,
      proof,
      sentAt = new Date(),
    }: {
      noticeId: string;
      proof: NonNullable<WindowNotice["proof"]>;
      sentAt?: Date | undefined;
    }) {
      const draft = noticeOf(noticeId);
      const window = windowOf(draft.windowId);
      const sent: WindowNotice = { ...draft, state: "sent", sentAt, sentBy: BY, proof };
      sent.provenInTime = provesNotice(profileOf(window.service), window, sent);
      notices = notices.map((one) => (one.id === noticeId ? sent : one));
      changed();
      return sent;
    },

    templates: (): NoticeTemplate[] => TEMPLATE_KINDS.flatMap((kind) => LANGUAGES.map((one) => templateOf(kind, one))),
    preview: (text: TemplateText) => ({ subject: text.subject, body: text.body, problems: templateProblems(text) }),
    setTemplate(text: TemplateText & { version: number }): NoticeTemplate {
      const kept = { ...text, version: text.version + 1, changedBy: BY, changedAt: new Date() };
      templates.set(`${text.kind} ${text.language}`, kept);
      changed();
      return kept;
    },
    resetTemplate({ kind, language }: Pick<TemplateText, "kind" | "language">): NoticeTemplate {
      templates.delete(`${kind} ${language}`);
      changed();
      return templateOf(kind, language);
    },

    blackouts: () => blackouts,
    addBlackout(input: {
      requestId: string;
      tenant?: string | undefined;
      firstDay: string;
      lastDay: string;
      title: string;
    }) {
      const tenant = input.tenant === undefined ? null : tenantOf(input.tenant);
      const { firstDay, lastDay, title } = input;
      const added: Blackout = {
        ...{ id: input.requestId, tenantId: tenant?.id ?? null, slug: tenant?.slug ?? null },
        ...{ firstDay, lastDay, title, createdBy: BY },
      };
      blackouts = [...blackouts, added];
      changed();
      return added;
    },
    removeBlackout(id: string) {
      const removed = blackouts.some((one) => one.id === id);
      blackouts = blackouts.filter((one) => one.id !== id);
      changed();
      return { removed };
    },
  };
}

const KINDS = ["standard", "emergency", "application", "major", "move"] as const;

/** One window a tenant, around today. */
function demoWindows(tenants: readonly Tenant[], now: Date): WindowDetails[] {
  return tenants.map((tenant, index): WindowDetails => {
    const kind = KINDS[index % KINDS.length] ?? "standard";
    const region = tenant.environments[0]!.region;
    const day = new Date(now.getTime() + (((index * 5) % 28) - 6) * DAY_MS);
    day.setUTCHours(19 + (index % 4), 0, 0, 0);
    const startsAt = day;
    const endsAt = new Date(day.getTime() + (kind === "major" ? 6 : 1) * HOUR_MS);
    const createdAt = new Date(now.getTime() - 20 * DAY_MS);
    const profile = profileOf(tenant.service);
    return {
      ...{ id: `w-${index}`, kind, tenantId: tenant.id, slug: tenant.slug, customer: tenant.customer },
      ...{ service: tenant.service, environment: "production", region, zone: regionZone(region)! },
      ...{ customerZone: tenant.zone, startsAt, endsAt, title: "Kernel update", interrupts: true },
      ...{ impact: "Tills work off line.", move: kind === "move" ? { reason: "other", toRegion: region } : null },
      ...{ state: "planned", notice: "none", createdBy: BY, createdAt, sequence: 0, verdicts: [], overrides: [] },
      profile: { id: profile.id, version: profile.version },
      changes: [{ act: "schedule", at: createdAt, by: BY, startsAt, endsAt, reason: null }],
      noticeDueAt: noticeDueAt(profile, { kind, startsAt }),
      ...{ contacts: CONTACTS, canMail: true },
    };
  });
}
