import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CalendarWindow, NoticeAttempt } from "../../shared/calendar/model.ts";
import { AppError, type ErrorCode, errorFacts } from "../../shared/errors.ts";
import { MINUTE_MS } from "../../shared/time.ts";
import { asFileError, writeFileDurably } from "../home/files.ts";
import { composedMessage } from "./files.ts";
import type { CalendarPorts } from "./ports.ts";
import type { CalendarStore, StoredNotice, StoredSending } from "./store.ts";

/** No sending takes longer: one of another console that has lasted this long was left behind. */
const LONGEST_SENDING_MS = 10 * MINUTE_MS;
/** Failures before the server had the message. Everything else may have happened after it took it. */
const NOTHING_LEFT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  ...(["MailRefused", "MailUnreachable", "CertificateInvalid", "VaultLocked", "InvalidInput", "NotFound"] as const),
]);

export interface SendOrder {
  readonly requestId: string;
  readonly again: boolean;
  /** As it is shown, so that the calendar file of the message says the same. */
  readonly window: CalendarWindow;
  readonly notice: StoredNotice;
  /** When the window last changed. */
  readonly changedAt: Date;
}

/**
 * Sends drafts by the company's mail server. The attempt and the very bytes are kept before the first of them leaves;
 * the ledger says "sent" only after the server took them. In between lies a doubt, which a person decides.
 */
export function noticeSender(ports: CalendarPorts, store: CalendarStore) {
  const underWay = new Set<string>();

  type Start = { readonly sending: StoredSending; readonly message: Buffer } | { readonly doubt: StoredSending } | null;

  async function start(order: SendOrder): Promise<Start> {
    const { notice, window, requestId } = order;
    const { slug } = window;
    const to = await ports.contacts(window.tenantId);
    const sender = ports.mail.sender();
    return store.sendingNotice(notice.id, async (db) => {
      const current = await db.notice(notice.id);
      if (!current || current.state === "sent") return null;
      const last = await db.lastSending(notice.id);
      if (last && isInDoubt(last, order)) return { doubt: last };
      if (order.changedAt > notice.createdAt) throw outdated(slug);
      if (to.length === 0) throw nobody(slug);
      const messageId = messageIdOf(notice, sender.from, last);
      const message = await composedMessage(window, notice, { ...sender, to, messageId, date: ports.now() });
      await keep(requestId, message);
      const sending: StoredSending = {
        ...{ id: requestId, noticeId: notice.id, messageId, recipients: [...to], state: "sending" },
        ...{ sha256: createHash("sha256").update(message).digest("hex"), bytes: message.length },
        ...{ startedAt: ports.now(), startedBy: ports.operator(), executor: ports.machine, endedAt: null, error: null },
      };
      await db.insertSending(sending);
      underWay.add(requestId);
      return { sending, message };
    });
  }

  /** Whether nobody knows of the last attempt if it arrived. Throws for one that is under way, and a repeated failure. */
  function isInDoubt(last: StoredSending, { again, requestId, window: { slug } }: SendOrder): boolean {
    if (last.state === "sending" && isAlive(last)) {
      throw new AppError("Conflict", `The notice of ${slug} is being sent by ${last.startedBy}.`, {
        ...{ retryable: true, tenant: slug },
        next: "Wait a moment, then look at the ledger.",
      });
    }
    if (last.id === requestId && last.error && last.state === "failed")
      throw new AppError(last.error.code, last.error.message, last.error.details);
    return (last.state === "sending" || last.state === "doubt") && (!again || last.id === requestId);
  }

  const isAlive = (sending: StoredSending): boolean =>
    sending.executor === ports.machine
      ? underWay.has(sending.id)
      : ports.now().getTime() - sending.startedAt.getTime() < LONGEST_SENDING_MS;

  async function keep(requestId: string, message: Buffer): Promise<void> {
    try {
      await mkdir(ports.messages, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw asFileError(error, ports.messages);
    }
    await writeFileDurably(messageFileOf(ports.messages, requestId), message);
  }

  return {
    async send(order: SendOrder): Promise<void> {
      const started = await start(order);
      if (!started) return;
      if ("doubt" in started) {
        await store.endSending(started.doubt.id, "doubt", ports.now(), null);
        throw doubtful(order.window.slug, started.doubt);
      }
      const { sending, message } = started;
      try {
        const answer = await ports.mail.send({ to: sending.recipients, message });
        const addresses = { accepted: [...answer.accepted], refused: [...answer.refused] };
        const { messageId, sha256, bytes } = sending;
        const proof = { fileName: `${sending.id}.eml`, sha256, bytes, smtp: { ...answer, ...addresses, messageId } };
        await store.recordSent(sending, { sentAt: ports.now(), sentBy: sending.startedBy, proof });
      } catch (error) {
        const facts = errorFacts(error);
        const certain = NOTHING_LEFT.has(facts.code);
        await store.endSending(sending.id, certain ? "failed" : "doubt", ports.now(), facts);
        throw certain ? error : doubtful(order.window.slug, sending);
      } finally {
        underWay.delete(sending.id);
      }
    },

    /** How the newest attempt stands, for a notice that is no more than a draft. */
    attemptOf(sending: StoredSending | undefined): NoticeAttempt | null {
      if (!sending || sending.state === "sent") return null;
      const left = sending.state === "sending" && !isAlive(sending);
      return {
        ...{ state: left ? "doubt" : sending.state, at: sending.startedAt, by: sending.startedBy },
        ...{ to: [...sending.recipients], reason: sending.error?.message ?? null },
      };
    },
  };
}
export type NoticeSender = ReturnType<typeof noticeSender>;

export const messageFileOf = (folder: string, sendingId: string): string =>
  join(folder, `${sendingId.replace(/[^\w-]/g, "")}.eml`);

/** The same text keeps its id, so that a repeat is recognised by whoever has it already. */
function messageIdOf(notice: StoredNotice, from: string, last: StoredSending | undefined): string {
  const text = createHash("sha256").update(`${notice.subject}\n${notice.body}`).digest("hex").slice(0, 16);
  const local = `<${notice.id}.${text}@`;
  return last?.messageId.startsWith(local) ? last.messageId : `${local}${from.split("@")[1] ?? "fleetwright"}>`;
}

function doubtful(slug: string, { startedAt, recipients, messageId }: StoredSending): AppError {
  return new AppError(
    "DecisionNeeded",
    `The notice of ${slug} was handed to the mail server at ${startedAt.toISOString()}, and its answer never came: it may have arrived.`,
    {
      ...{ retryable: false, tenant: slug, to: recipients, messageId },
      next: "Ask an addressee. If it arrived, mark it as sent with that message as proof; if not, send it again.",
    },
  );
}

const outdated = (slug: string): AppError =>
  new AppError("Conflict", `The window of ${slug} changed after this notice was drafted.`, {
    ...{ retryable: false, tenant: slug },
    next: "Draft it again, then send it. Nothing was sent.",
  });

const nobody = (slug: string): AppError =>
  new AppError("InvalidInput", `Nobody is recorded to whom the notices of ${slug} go.`, {
    ...{ retryable: false, tenant: slug },
    next: "Record the contact addresses in the tenant's contract. Nothing was sent.",
  });
