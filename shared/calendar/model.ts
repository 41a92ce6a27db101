import { z } from "zod";
import type { MoveReason } from "../policy/notice.ts";
import { MAINTENANCE_KINDS, MaintenanceKind } from "../policy/profile.ts";
import { Verdict } from "../policy/verdict.ts";
import { EnvironmentKind, Service } from "../tenant/model.ts";

export const WINDOW_KINDS = [
  "standard",
  "emergency",
  "major",
  "move",
  "application",
  "backup",
  "refresh",
  "drill",
  "update",
  "upgrade",
] as const;
/** Everything that a calendar shows. People plan the kinds of `MaintenanceKind`; the others come from rules and jobs. */
export const WindowKind = z.enum(WINDOW_KINDS);
export type WindowKind = z.infer<typeof WindowKind>;

export const WINDOW_STATES = ["planned", "cancelled", "done"] as const;
/** `done`: a planned window whose end has passed. */
export const WindowState = z.enum(WINDOW_STATES);
export type WindowState = z.infer<typeof WindowState>;

export const LANGUAGES = ["en", "fr"] as const;
export const NoticeLanguage = z.enum(LANGUAGES);
export type NoticeLanguage = z.infer<typeof NoticeLanguage>;

/**
 * What the ledger says of a window's notice. `late`: sent, but not in time; `outdated`: what was sent names another
 * time; `proven`: sent in time, with proof.
 */
export const NoticeStanding = z.enum(["none", "drafted", "late", "outdated", "proven"]);
export type NoticeStanding = z.infer<typeof NoticeStanding>;

const MOVE_REASONS = ["recovery", "disaster", "other"] as const satisfies readonly MoveReason[];
/** A move to another data centre: from the reason and the region follows which notice it needs (R41). */
export const MoveFacts = z.object({ reason: z.enum(MOVE_REASONS), toRegion: z.string().min(1).max(40) });
export type MoveFacts = z.infer<typeof MoveFacts>;

/** A window that somebody planned, with the facts of its tenant as they were then. */
export const CalendarWindow = z.object({
  id: z.string(),
  kind: WindowKind,
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  service: Service,
  environment: EnvironmentKind,
  region: z.string(),
  /** Time zone of the data centre, and of the customer. */
  zone: z.string(),
  customerZone: z.string(),
  startsAt: z.date(),
  endsAt: z.date(),
  title: z.string(),
  /** The service is interrupted. */
  interrupts: z.boolean(),
  /** What the customer will notice (R36). */
  impact: z.string(),
  move: MoveFacts.nullable(),
  state: WindowState,
  notice: NoticeStanding,
  createdBy: z.string(),
  createdAt: z.date(),
  /** Counts up with every change: mail programs take the newest. */
  sequence: z.number().int(),
});
export type CalendarWindow = z.infer<typeof CalendarWindow>;

/** A refusal that somebody went over, with the reason. */
export const Override = z.object({ rule: z.string(), reason: z.string(), by: z.string(), at: z.date() });
export type Override = z.infer<typeof Override>;

export const WindowChange = z.object({
  act: z.enum(["schedule", "move", "cancel"]),
  at: z.date(),
  by: z.string(),
  startsAt: z.date(),
  endsAt: z.date(),
  reason: z.string().nullable(),
});
export type WindowChange = z.infer<typeof WindowChange>;

export const WindowDetails = CalendarWindow.extend({
  /** Numbers that the last decision was made with. */
  profile: z.object({ id: z.string(), version: z.string() }),
  verdicts: z.array(Verdict),
  overrides: z.array(Override),
  /** Oldest first. */
  changes: z.array(WindowChange),
  /** Latest moment at which a notice still proves itself; null where none is asked for. */
  noticeDueAt: z.date().nullable(),
  /** Addresses that the tenant's notices go to. */
  contacts: z.array(z.string()),
  /** This console has a mail server. */
  canMail: z.boolean(),
});
export type WindowDetails = z.infer<typeof WindowDetails>;

/** A window that nobody planned: it follows from a rule for all tenants of one service, region and customer zone. */
export const RecurringWindow = z.object({
  /** `update` and `upgrade` are whole days of the data centre: the contract names no hour. */
  kind: z.enum(["standard", "backup", "update", "upgrade"]),
  service: Service,
  region: z.string(),
  zone: z.string(),
  customerZone: z.string(),
  startsAt: z.date(),
  endsAt: z.date(),
  rule: z.string(),
  source: z.string(),
  tenants: z.number().int(),
  /** The one tenant, where there is only one. */
  slug: z.string().nullable(),
});
export type RecurringWindow = z.infer<typeof RecurringWindow>;

const RuleNumber = z.string().max(12);

/** What somebody wants to do; form is checked here, the rules give verdicts. */
export const WindowDraft = z.object({
  /** Slug or id. */
  tenant: z.string().min(1).max(100),
  environment: EnvironmentKind.default("production"),
  kind: MaintenanceKind,
  /** RFC 3339 with an offset, or a local time like 2026-03-02T22:00 in `zone`. */
  startsAt: z.string().min(10).max(40),
  /** Zone of a local `startsAt`: the data centre's when absent. */
  zone: z.string().max(60).optional(),
  /** Elapsed time, also over a change of the clocks. */
  minutes: z
    .number()
    .int()
    .min(1)
    .max(31 * 24 * 60),
  title: z.string().trim().max(120).default(""),
  interrupts: z.boolean().default(true),
  impact: z.string().trim().max(2_000).default(""),
  move: MoveFacts.optional(),
  /** Written reasons by rule number, for refusals that may be overridden. */
  overrides: z.record(RuleNumber, z.string().max(500)).default({}),
});
export type WindowDraft = z.infer<typeof WindowDraft>;

/** One kind of window for many tenants, spread over nights. Local times are each data centre's. */
export const WaveDraft = WindowDraft.pick({
  environment: true,
  minutes: true,
  title: true,
  interrupts: true,
  impact: true,
  overrides: true,
}).extend({
  kind: MaintenanceKind.exclude(["move"]),
  /** Slugs or ids, in the order in which they go. */
  tenants: z.array(z.string().min(1).max(100)).min(1).max(1_000),
  firstDay: z.iso.date(),
  /** Start of every window, data-centre time. */
  timeOfDay: z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/),
  /** Windows of one night. */
  concurrency: z.number().int().min(1).max(1_000),
  /** Goes alone, a night before all others. */
  canary: z.string().min(1).max(100).optional(),
});
export type WaveDraft = z.infer<typeof WaveDraft>;

export const WaveRow = z.object({
  tenant: z.string(),
  customer: z.string().nullable(),
  night: z.number().int(),
  startsAt: z.date().nullable(),
  zone: z.string().nullable(),
  outcome: z.enum(["allowed", "planned", "refused"]),
  /** The refusals that stand. */
  verdicts: z.array(Verdict),
  earliest: z.date().nullable(),
  /** Why it cannot even be judged: an unknown tenant, a local time that the clocks skip. */
  problem: z.string().nullable(),
  windowId: z.string().nullable(),
});
export type WaveRow = z.infer<typeof WaveRow>;

export const Wave = z.object({
  rows: z.array(WaveRow),
  counts: z.object({ allowed: z.number().int(), planned: z.number().int(), refused: z.number().int() }),
});
export type Wave = z.infer<typeof Wave>;

/** A refusal that somebody went over, with the window that it let pass. */
export const CountedOverride = Override.extend({
  windowId: z.string(),
  slug: z.string(),
  customer: z.string(),
  kind: WindowKind,
  startsAt: z.date(),
});
export type CountedOverride = z.infer<typeof CountedOverride>;

/** How much of the yearly and weekly allowances the plan takes, itself included; null where the contract has none. */
export const WindowCounters = z.object({
  major: z.object({ used: z.number().int(), allowed: z.number().int(), year: z.number().int() }).nullable(),
  weekly: z.object({ averageMinutes: z.number(), allowedMinutes: z.number(), weeks: z.number().int() }).nullable(),
});
export type WindowCounters = z.infer<typeof WindowCounters>;

export const WindowCheck = z.object({
  startsAt: z.date(),
  endsAt: z.date(),
  zone: z.string(),
  customerZone: z.string(),
  verdicts: z.array(Verdict),
  /** No refusal stands. */
  allowed: z.boolean(),
  /** First start from now on that every rule allows without an override; null when time alone does not help. */
  earliest: z.date().nullable(),
  counters: WindowCounters,
  profile: z.object({ id: z.string(), version: z.string() }),
});
export type WindowCheck = z.infer<typeof WindowCheck>;

export const NoticeProof = z.object({
  fileName: z.string().trim().min(1).max(255),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().min(1),
});
export type NoticeProof = z.infer<typeof NoticeProof>;

/** What the mail server said when it took a notice. */
export const SmtpProof = z.object({
  server: z.string(),
  answer: z.string(),
  messageId: z.string(),
  accepted: z.array(z.string()),
  /** Addresses that the server refused while it took the message for the others. */
  refused: z.array(z.string()),
});
export type SmtpProof = z.infer<typeof SmtpProof>;

/** The newest attempt to send a draft that did not end well: refused, or nobody knows. */
export const NoticeAttempt = z.object({
  state: z.enum(["sending", "failed", "doubt"]),
  at: z.date(),
  by: z.string(),
  to: z.array(z.string()),
  reason: z.string().nullable(),
});
export type NoticeAttempt = z.infer<typeof NoticeAttempt>;

/** One entry of the ledger. A sent entry never changes. */
export const WindowNotice = z.object({
  id: z.string(),
  windowId: z.string(),
  tenantId: z.string(),
  language: NoticeLanguage,
  subject: z.string(),
  body: z.string(),
  /** The times that it names. */
  startsAt: z.date(),
  endsAt: z.date(),
  state: z.enum(["draft", "sent"]),
  createdAt: z.date(),
  createdBy: z.string(),
  sentAt: z.date().nullable(),
  sentBy: z.string().nullable(),
  /** `smtp`: the console sent it itself, and holds the very bytes. */
  proof: NoticeProof.extend({ smtp: SmtpProof.optional() }).nullable(),
  attempt: NoticeAttempt.nullable(),
  /** Sent in time, with proof, for the window as it stands now. */
  provenInTime: z.boolean(),
});
export type WindowNotice = z.infer<typeof WindowNotice>;

/** A window as the ledger of all notices shows it. */
export const NoticeDuty = CalendarWindow.extend({
  /** Latest moment at which a notice still proves itself; null where the contract names no hours. */
  noticeDueAt: z.date().nullable(),
  /** The first sending that names the window's present times; else the newest that names others. */
  sent: z
    .object({ at: z.date(), by: z.string(), language: NoticeLanguage, proof: z.enum(["smtp", "file"]) })
    .nullable(),
  /** Addresses that the tenant's notices go to. */
  contacts: z.number().int(),
});
export type NoticeDuty = z.infer<typeof NoticeDuty>;

export const TEMPLATE_KINDS = [...MAINTENANCE_KINDS, "cancelled"] as const;
/** Kinds of notices that a company may word itself; `cancelled` is of every kind of window. */
export const TemplateKind = z.enum(TEMPLATE_KINDS);
export type TemplateKind = z.infer<typeof TemplateKind>;

export const TemplateText = z.object({
  kind: TemplateKind,
  language: NoticeLanguage,
  subject: z.string().trim().max(200),
  body: z.string().max(10_000),
});
export type TemplateText = z.infer<typeof TemplateText>;

/** The text of one kind in one language. */
export const NoticeTemplate = TemplateText.extend({
  /** Counts up with every change; 0: the shipped text. */
  version: z.number().int().min(0),
  changedBy: z.string().nullable(),
  changedAt: z.date().nullable(),
});
export type NoticeTemplate = z.infer<typeof NoticeTemplate>;

/** Days without maintenance: of one tenant, or of all. First and last day count, in data-centre time. */
export const Blackout = z.object({
  id: z.string(),
  tenantId: z.string().nullable(),
  slug: z.string().nullable(),
  firstDay: z.string(),
  lastDay: z.string(),
  title: z.string(),
  createdBy: z.string(),
});
export type Blackout = z.infer<typeof Blackout>;

export const ExportedFile = z.object({ fileName: z.string(), mediaType: z.string(), text: z.string() });
export type ExportedFile = z.infer<typeof ExportedFile>;
