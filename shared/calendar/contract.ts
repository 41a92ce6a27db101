import { oc } from "@orpc/contract";
import { z } from "zod";
import {
  Blackout,
  CalendarWindow,
  CountedOverride,
  ExportedFile,
  NoticeDuty,
  NoticeLanguage,
  NoticeProof,
  NoticeTemplate,
  RecurringWindow,
  TemplateText,
  Wave,
  WaveDraft,
  WindowCheck,
  WindowDetails,
  WindowDraft,
  WindowNotice,
} from "./model.ts";

const RequestId = z.uuid();
const Id = z.string().min(1).max(100);
const WindowRef = z.object({ windowId: Id });
const NoticeRef = z.object({ noticeId: Id });
/** What overlaps [from, to); at most about a year at once. */
const Range = z.object({ from: z.date(), to: z.date(), tenant: Id.optional() });

export const calendarContract = {
  /** Planned windows, and those that follow from rules, in order of time. `tenant` takes a slug or an id. */
  list: oc.input(Range).output(
    z.object({
      windows: z.array(CalendarWindow),
      recurring: z.array(RecurringWindow),
      blackouts: z.array(Blackout),
    }),
  ),
  get: oc.input(WindowRef).output(WindowDetails),
  /** Every rule's verdict on a plan; nothing is kept. `windowId`: the plan moves that window. */
  check: oc.input(WindowDraft.extend({ windowId: Id.optional() })).output(WindowCheck),
  /** Safe to repeat with one `requestId`, which becomes the window's id. Refused by a rule: RefusedByRule. */
  schedule: oc.input(WindowDraft.extend({ requestId: RequestId })).output(CalendarWindow),
  /** To another start, and another length if given, by the same rules as planning anew. */
  move: oc
    .input(
      WindowRef.extend(
        WindowDraft.pick({ startsAt: true, zone: true, minutes: true, overrides: true }).partial({ minutes: true })
          .shape,
      ).extend({ requestId: RequestId }),
    )
    .output(CalendarWindow),
  cancel: oc
    .input(WindowRef.extend({ requestId: RequestId, reason: z.string().trim().min(1).max(500) }))
    .output(CalendarWindow),
  /** Where every tenant of a wave would go, and what the rules say; nothing is kept. */
  checkMany: oc.input(WaveDraft).output(Wave),
  /**
   * Plans those that every rule allows and lists the others with their earliest start. Safe to repeat with one
   * `requestId`: what was planned is found again.
   */
  scheduleMany: oc.input(WaveDraft.extend({ requestId: RequestId })).output(Wave),
  /** Refusals that people went over, by the day on which they did; newest first. */
  overrides: oc.input(Range).output(
    z.object({
      overrides: z.array(CountedOverride),
      /** By rule and by person, most first. */
      byRule: z.array(z.object({ rule: z.string(), count: z.number().int() })),
      byPerson: z.array(z.object({ by: z.string(), count: z.number().int() })),
    }),
  ),
  /** The range as a calendar that any mail program reads. */
  feed: oc.input(Range).output(ExportedFile),

  notices: {
    /** Every window that overlaps the range and is told to its customer, what is due first on top. */
    ledger: oc.input(Range).output(z.array(NoticeDuty)),
    /** Oldest first. */
    list: oc.input(WindowRef).output(z.array(WindowNotice)),
    /** Writes the notice of the window as it stands; an older draft of the same language gives way to it. */
    draft: oc.input(WindowRef.extend({ language: NoticeLanguage })).output(WindowNotice),
    /** The message, ready to be opened and sent, or the window as a calendar file. */
    export: oc.input(NoticeRef.extend({ format: z.enum(["eml", "ics"]) })).output(ExportedFile),
    /**
     * Sends the draft to the tenant's contacts and records the server's answer as proof. One `requestId` sends once.
     * DecisionNeeded when an earlier attempt broke and nobody knows whether it arrived: `again` sends it nevertheless,
     * with the same Message-ID.
     */
    send: oc.input(NoticeRef.extend({ requestId: RequestId, again: z.boolean().default(false) })).output(WindowNotice),
    /** `proof` is the message as it was sent; `sentAt` is now when absent. Repeating with the same proof is harmless. */
    markSent: oc.input(NoticeRef.extend({ proof: NoticeProof, sentAt: z.date().optional() })).output(WindowNotice),
  },

  templates: {
    /** One of each kind and language. */
    list: oc.output(z.array(NoticeTemplate)),
    /** The text filled in with a window of today, and what is wrong with it. */
    preview: oc
      .input(TemplateText)
      .output(z.object({ subject: z.string(), body: z.string(), problems: z.array(z.string()) })),
    /** InvalidInput names every unknown or missing placeholder; Conflict when `version` is not the one in use. */
    set: oc.input(TemplateText.extend({ version: z.number().int().min(0) })).output(NoticeTemplate),
    /** Back to the shipped text. */
    reset: oc.input(TemplateText.pick({ kind: true, language: true })).output(NoticeTemplate),
  },

  blackouts: {
    list: oc.output(z.array(Blackout)),
    /** `tenant` absent: all tenants. Windows that are planned already stay. */
    add: oc
      .input(
        z.object({
          requestId: RequestId,
          tenant: Id.optional(),
          firstDay: z.iso.date(),
          lastDay: z.iso.date(),
          title: z.string().trim().min(1).max(120),
        }),
      )
      .output(Blackout),
    remove: oc.input(z.object({ blackoutId: Id })).output(z.object({ removed: z.boolean() })),
  },
};
