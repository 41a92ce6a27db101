import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import ICAL from "ical.js";
import { afterEach, expect, test } from "vitest";
import type { SMTPServerOptions } from "smtp-server";
import { sendSmtp, type SmtpServer } from "../../../main/adapters/mail/smtp.ts";
import type { CalendarPorts } from "../../../main/calendar/index.ts";
import type { Database } from "../../../main/database/index.ts";
import { describeOnBothDatabases } from "../../support/database.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { catchMail, refusing } from "../../support/smtp-catcher.ts";
import { calendarOn, draft } from "./calendar-for-tests.ts";

const NOW = "2026-01-12T09:00:00Z";
const CONTACTS = ["it@albatros.example", "ops@albatros.example"];
const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

function mailBy(server: SmtpServer): CalendarPorts["mail"] {
  return {
    isReady: () => true,
    sender: () => ({ from: "ops@fleet.example", fromName: "Équipe Fleet", replyTo: null }),
    send: async ({ to, message }) => ({
      server: `${server.host}:${server.port}`,
      ...(await sendSmtp(server, { from: "ops@fleet.example", to }, message)),
    }),
  };
}

async function drafted(
  database: Database,
  options: SMTPServerOptions & { cuts?: number } = {},
  contacts = CONTACTS,
  day = "2026-01-20",
) {
  const { folder: messages, remove } = await scratchFolder("notices");
  const server = await catchMail({ disabledCommands: ["STARTTLS"], ...options });
  endings.push(server.close, remove);
  const at = { host: "127.0.0.1", port: server.port, tls: "none", user: null, password: null, caFile: null } as const;
  const post = { contacts, mail: mailBy(at), messages, machine: "desk-1" };
  const { api, clock } = calendarOn(database, NOW, undefined, post);
  const window = await api.schedule({ ...draft({ startsAt: `${day}T22:00` }), requestId: randomUUID() });
  clock.now = new Date("2026-01-12T09:05:00Z");
  const notice = await api.notices.draft({ windowId: window.id, language: "fr" });
  const send = (change: object = {}) =>
    api.notices.send({ noticeId: notice.id, requestId: randomUUID(), again: false, ...change });
  return { api, clock, window, notice, server, messages, post, send };
}

async function failure(call: Promise<unknown>) {
  return call.then(
    () => expect.unreachable("it was not refused"),
    ({ code, message, details }) => ({ code, message, details }),
  );
}

/** Text of the base64 part that holds the calendar file. */
function calendarPart(message: string): string {
  const part = message.slice(message.indexOf("text/calendar"));
  const [, body = ""] = /\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(part) ?? [];
  return Buffer.from(body, "base64").toString("utf8");
}

describeOnBothDatabases("sending notices", (open) => {
  test("a notice goes to the contacts with its calendar file, and the ledger holds the very bytes as proof", async () => {
    const { api, window, server, messages, send } = await drafted((await open()).database);
    const sent = await send();
    expect(server.caught).toHaveLength(1);
    const [message] = server.caught;
    expect(message).toMatchObject({ from: "ops@fleet.example", to: CONTACTS });
    expect(message!.text).toMatch(/^Content-Language: fr/m);
    const event = new ICAL.Event(
      new ICAL.Component(ICAL.parse(calendarPart(message!.text))).getFirstSubcomponent("vevent")!,
    );
    expect(event.startDate.toJSDate()).toEqual(window.startsAt);

    expect(sent).toMatchObject({ state: "sent", sentBy: "Camille", attempt: null, provenInTime: true });
    const stored = await readFile(join(messages, sent.proof!.fileName));
    expect(sent.proof).toMatchObject({
      sha256: createHash("sha256").update(stored).digest("hex"),
      bytes: stored.length,
      smtp: { answer: "250 Ok: queued as 4F1", accepted: CONTACTS, refused: [] },
    });
    expect(stored.toString()).toBe(message!.text);
    expect((await api.notices.export({ noticeId: sent.id, format: "eml" })).text).toBe(message!.text);
    expect((await api.get({ windowId: window.id })).notice).toBe("proven");
  });

  test("one request sends once, however often and however much at once it is asked for", async () => {
    const { server, notice, api, send } = await drafted((await open()).database);
    const input = { noticeId: notice.id, requestId: randomUUID(), again: false };
    const answers = await Promise.allSettled([api.notices.send(input), api.notices.send(input)]);
    expect(answers.some(({ status }) => status === "fulfilled")).toBe(true);
    await api.notices.send(input);
    await send();
    expect(server.caught).toHaveLength(1);
  });

  test("greylisting leaves the draft as it was, with the server's words; the next attempt sends it", async () => {
    let asked = 0;
    const { api, window, server, send } = await drafted((await open()).database, {
      onRcptTo: (_address, _session, callback) =>
        asked++ < CONTACTS.length ? callback(refusing(451, "greylisted, come back")) : callback(),
    });
    expect(await failure(send())).toMatchObject({ code: "MailRefused", details: { retryable: true } });
    const [still] = await api.notices.list({ windowId: window.id });
    expect(still).toMatchObject({ state: "draft", attempt: { state: "failed", to: CONTACTS } });
    expect(still!.attempt!.reason).toContain("greylisted");
    expect((await send()).state).toBe("sent");
    expect(server.caught).toHaveLength(1);
  });

  test("a line cut after the message is a doubt: sent again only when somebody says so, under the same id", async () => {
    const { api, window, server, send } = await drafted((await open()).database, { cuts: 1 });
    expect(await failure(send())).toMatchObject({ code: "DecisionNeeded" });
    expect(await failure(send())).toMatchObject({ code: "DecisionNeeded" });
    expect((await api.notices.list({ windowId: window.id }))[0]).toMatchObject({ attempt: { state: "doubt" } });
    expect((await send({ again: true })).state).toBe("sent");
    const ids = server.caught.map(({ text }) => /^Message-ID:\s*(.+)$/im.exec(text)![1]);
    expect(ids).toEqual([ids[0], ids[0]]);
  });

  test("a console that died between sending and recording leaves a doubt, not a second message", async () => {
    const { database } = await open();
    const { notice, server, post, window } = await drafted(database);
    // As a kill leaves it: the attempt is recorded, the message is out, the outcome is not.
    const killed = calendarOn(database, NOW, undefined, {
      ...post,
      mail: {
        ...post.mail,
        send: async (order) => {
          await post.mail.send(order);
          return new Promise<never>(() => undefined);
        },
      },
    });
    killed.clock.now = new Date("2026-01-12T09:06:00Z");
    void killed.api.notices.send({ noticeId: notice.id, requestId: randomUUID(), again: false });
    await expect.poll(() => server.caught.length).toBe(1);

    const next = calendarOn(database, "2026-01-12T09:07:00Z", undefined, post);
    const again = { noticeId: notice.id, requestId: randomUUID(), again: false };
    expect(await failure(next.api.notices.send(again))).toMatchObject({ code: "DecisionNeeded" });
    const other = calendarOn(database, "2026-01-12T09:07:00Z", undefined, { ...post, machine: "desk-2" });
    expect((await other.api.notices.list({ windowId: window.id }))[0]).toMatchObject({ attempt: { state: "doubt" } });
    expect(server.caught).toHaveLength(1);
  });

  test("without contacts, without a server, and for a window that moved since, nothing leaves", async () => {
    const { database } = await open();
    const lonely = await drafted(database, {}, [], "2026-01-21");
    expect(await failure(lonely.send())).toMatchObject({ code: "InvalidInput" });

    const { api, clock, window, server, send } = await drafted(database);
    clock.now = new Date("2026-01-12T09:10:00Z");
    await api.move({
      ...{ windowId: window.id, requestId: randomUUID(), startsAt: "2026-01-27T22:00" },
      overrides: { overlap: "both at once" },
    });
    expect(await failure(send())).toMatchObject({ code: "Conflict" });
    expect([lonely.server.caught, server.caught]).toEqual([[], []]);

    const none = calendarOn(database, "2026-01-12T09:12:00Z");
    const fresh = await none.api.notices.draft({ windowId: window.id, language: "en" });
    const input = { noticeId: fresh.id, requestId: randomUUID(), again: false };
    expect(await failure(none.api.notices.send(input))).toMatchObject({ code: "NotFound" });
  });
});
