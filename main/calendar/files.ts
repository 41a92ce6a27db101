import ical, { ICalCalendarMethod, ICalEventStatus, ICalEventTransparency } from "ical-generator";
import MailComposer from "nodemailer/lib/mail-composer";
import type { CalendarWindow, ExportedFile, NoticeLanguage, RecurringWindow } from "../../shared/calendar/model.ts";
import { kindText, type NoticeText, noticeText } from "../../shared/calendar/notice-text.ts";
import type { StoredNotice } from "./store.ts";

const PRODUCER = { company: "Fleetwright", product: "Calendar" };
const SERVICES: Readonly<Record<CalendarWindow["service"], string>> = {
  openbravo: "Openbravo Cloud",
  acumatica: "Acumatica SaaS",
};

type Event = Parameters<ReturnType<typeof ical>["createEvent"]>[0];

/** Times are UTC instants, right in every program and zone; the description tells both local times. */
function eventOf(
  window: CalendarWindow,
  language: NoticeLanguage,
  { subject, body } = noticeText(window, language),
): Event {
  return {
    id: `${window.id}@fleetwright`,
    start: window.startsAt,
    end: window.endsAt,
    stamp: window.createdAt,
    sequence: window.sequence,
    summary: [kindText(window.kind, language), window.title, window.customer].filter(Boolean).join(": "),
    description: `${subject}\n\n${body}`,
    location: window.region,
    status: window.state === "cancelled" ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
    transparency: window.interrupts ? ICalEventTransparency.OPAQUE : ICalEventTransparency.TRANSPARENT,
    categories: [{ name: window.kind }],
  };
}

function recurringEvent(window: RecurringWindow, language: NoticeLanguage): Event {
  const who = window.slug ?? `${window.tenants} ${language === "fr" ? "clients" : "tenants"}`;
  const parts = [window.kind, window.service, window.region, window.customerZone, window.startsAt.toISOString()];
  return {
    id: `${parts.join("/")}@fleetwright`,
    start: window.startsAt,
    end: window.endsAt,
    stamp: window.startsAt,
    summary: `${kindText(window.kind, language)}: ${SERVICES[window.service]}, ${window.region} (${who})`,
    description: `${window.rule} (${window.source}), ${window.zone}`,
    location: window.region,
    transparency: ICalEventTransparency.TRANSPARENT,
    categories: [{ name: window.kind }],
  };
}

/** A range of the calendar as one .ics. */
export function feedFile(
  windows: readonly CalendarWindow[],
  recurring: readonly RecurringWindow[],
  name: string,
  language: NoticeLanguage = "en",
): ExportedFile {
  const calendar = ical({ prodId: PRODUCER, name: "Fleetwright", method: ICalCalendarMethod.PUBLISH });
  for (const window of windows) calendar.createEvent(eventOf(window, language));
  for (const window of recurring) calendar.createEvent(recurringEvent(window, language));
  return { fileName: `${name}.ics`, mediaType: "text/calendar; charset=utf-8", text: calendar.toString() };
}

const nameOf = (window: CalendarWindow, language: NoticeLanguage): string =>
  `notice-${window.slug}-${window.startsAt.toISOString().slice(0, 10)}-${language}`;

/** One window, for the customer's own calendar; a later file of the same window replaces it there. */
export function windowFile(window: CalendarWindow, language: NoticeLanguage, text?: NoticeText): ExportedFile {
  const method = window.state === "cancelled" ? ICalCalendarMethod.CANCEL : ICalCalendarMethod.PUBLISH;
  const calendar = ical({ prodId: PRODUCER, method });
  calendar.createEvent(eventOf(window, language, text));
  return {
    fileName: `${nameOf(window, language)}.ics`,
    mediaType: "text/calendar; charset=utf-8",
    text: calendar.toString(),
  };
}

interface Addressed {
  readonly from: string;
  readonly fromName: string;
  readonly replyTo: string | null;
  readonly to: readonly string[];
  readonly messageId: string;
  readonly date: Date;
}

/** The notice as it leaves, the window attached to it. Plain text; all of it is ASCII on the line. */
export async function composedMessage(
  window: CalendarWindow,
  notice: StoredNotice,
  { from, fromName, replyTo, to, messageId, date }: Addressed,
): Promise<Buffer> {
  return built(window, notice, {
    ...{ messageId, date, to: [...to], from: { name: fromName, address: from } },
    ...(replyTo === null ? {} : { replyTo }),
    headers: { "Content-Language": notice.language, "Auto-Submitted": "auto-generated" },
  });
}

/** The notice as a message that mail programs open ready to be addressed and sent, the window attached to it. */
export async function messageFile(window: CalendarWindow, notice: StoredNotice): Promise<ExportedFile> {
  const text = await built(window, notice, {
    date: notice.createdAt,
    messageId: `<${notice.id}@fleetwright>`,
    // Outlook and others open it as a draft.
    headers: { "X-Unsent": "1", "Content-Language": notice.language },
  });
  return { ...messageName(window, notice), text: text.toString("utf8") };
}

export const messageName = (window: CalendarWindow, { language }: StoredNotice) => ({
  fileName: `${nameOf(window, language)}.eml`,
  mediaType: "message/rfc822",
});

type Mail = NonNullable<ConstructorParameters<typeof MailComposer>[0]>;

async function built(window: CalendarWindow, notice: StoredNotice, mail: Mail): Promise<Buffer> {
  const { id, language, subject, body } = notice;
  const event = windowFile(window, language, notice);
  const message = new MailComposer({
    ...mail,
    ...{ subject, text: body, textEncoding: "quoted-printable", baseBoundary: id },
    attachments: [{ filename: event.fileName, content: event.text, contentType: event.mediaType }],
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const raw = await message.compile().build();
  // All of it is ASCII. Line ends as they are on the line, so that what is kept is what arrives.
  return Buffer.from(raw.toString("latin1").replace(/\r?\n/g, "\r\n"), "latin1");
}
