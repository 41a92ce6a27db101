import { createServer, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { SMTPServerOptions } from "smtp-server";
import { checkSmtp, sendSmtp, type SmtpServer } from "../../../main/adapters/mail/smtp.ts";
import { type LabCa, openCa } from "../../../main/lab/hosts/ca.ts";
import { errorFacts } from "../../../shared/errors.ts";
import { scratchFolder } from "../../support/scratch.ts";
import { catchMail, refusing } from "../../support/smtp-catcher.ts";

let ca: LabCa;
let withTls: SMTPServerOptions;
let removeFolder: () => Promise<void>;
const endings: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const { folder, remove } = await scratchFolder("smtp");
  removeFolder = remove;
  ca = await openCa(folder);
  const { certificate, key } = await ca.issue({ names: ["mail.example", "localhost"], ips: ["127.0.0.1"], days: 3 });
  withTls = { cert: certificate, key };
});
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});
afterAll(() => removeFolder());

const AUTH: SMTPServerOptions = {
  authOptional: false,
  onAuth: ({ username, password }, _session, callback) =>
    password === "correct horse battery" ? callback(null, { user: username }) : callback(refusing(535, "no")),
};

async function catcher(options: SMTPServerOptions) {
  const server = await catchMail(options);
  endings.push(server.close);
  return server;
}

const serverAt = (port: number, change: Partial<SmtpServer> = {}): SmtpServer => ({
  ...{ host: "127.0.0.1", port, tls: "starttls", user: null, password: null, caFile: ca.certificateFile },
  ...change,
});
const ENVELOPE = { from: "ops@fleet.example", to: ["it@albatros.example", "ops@albatros.example"] };
const MESSAGE = Buffer.from("Subject: Maintenance\r\n\r\nTonight.\r\n.leading dot\r\n");

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => expect.unreachable("it was not refused"),
    (error: unknown) => {
      const { code, details, message } = errorFacts(error);
      return { code, retryable: details.retryable, message };
    },
  );

test.each([
  ["STARTTLS", "starttls", {}],
  ["TLS from the first byte", "tls", { secure: true }],
] as const)("over %s with a log-in the very bytes arrive", async (_, tls, options) => {
  const { port, caught } = await catcher({ ...withTls, ...AUTH, ...options });
  const server = serverAt(port, { tls, user: "fleet", password: "correct horse battery" });
  expect(await checkSmtp(server)).toMatchObject({ greeting: expect.stringMatching(/^235/) });
  const taken = await sendSmtp(server, ENVELOPE, MESSAGE);
  expect(taken).toEqual({ answer: "250 Ok: queued as 4F1", accepted: ENVELOPE.to, refused: [] });
  expect(caught).toEqual([{ ...ENVELOPE, user: "fleet", secure: true, text: MESSAGE.toString() }]);
});

test("a wrong password, an unknown authority and a server without STARTTLS are refused by name; nothing is sent", async () => {
  const { port, caught } = await catcher({ ...withTls, ...AUTH });
  const wrong = serverAt(port, { user: "fleet", password: "something else" });
  expect(await codeOf(sendSmtp(wrong, ENVELOPE, MESSAGE))).toMatchObject({ code: "MailRefused", retryable: false });
  const stranger = serverAt(port, { caFile: null });
  expect(await codeOf(sendSmtp(stranger, ENVELOPE, MESSAGE))).toMatchObject({ code: "CertificateInvalid" });
  const plain = await catcher({ disabledCommands: ["STARTTLS"] });
  expect(await codeOf(sendSmtp(serverAt(plain.port), ENVELOPE, MESSAGE))).toMatchObject({ code: "MailRefused" });
  expect([caught, plain.caught]).toEqual([[], []]);
});

test("a password never goes to another machine unencrypted", async () => {
  const open = serverAt(25, { host: "mail.example", tls: "none", user: "fleet", password: "correct horse battery" });
  expect(await codeOf(checkSmtp(open))).toMatchObject({ code: "InvalidInput" });
});

test.each([
  ["greylisting may be tried again", 451, true],
  ["a refusal stays one", 550, false],
] as const)("%s", async (_, smtpCode, retryable) => {
  const { port, caught } = await catcher({
    ...withTls,
    onRcptTo: (_address, _session, callback) => callback(refusing(smtpCode, "not now, not you")),
  });
  const answer = await codeOf(sendSmtp(serverAt(port), ENVELOPE, MESSAGE));
  expect(answer).toMatchObject({ code: "MailRefused", retryable });
  expect(answer.message).toContain(`${smtpCode} not now, not you`);
  expect(caught).toEqual([]);
});

test("a message that is refused after it was read whole was not delivered, and is no doubt", async () => {
  const { port } = await catcher({
    ...withTls,
    onData: (stream, _session, callback) => {
      stream.on("end", () => callback(refusing(554, "spam")));
      stream.resume();
    },
  });
  expect(await codeOf(sendSmtp(serverAt(port), ENVELOPE, MESSAGE))).toMatchObject({ code: "MailRefused" });
});

test("an address that is refused alone is told beside those that were taken", async () => {
  const { port, caught } = await catcher({
    ...withTls,
    onRcptTo: ({ address }, _session, callback) =>
      address === "it@albatros.example" ? callback(refusing(550, "left the company")) : callback(),
  });
  expect(await sendSmtp(serverAt(port), ENVELOPE, MESSAGE)).toMatchObject({
    accepted: ["ops@albatros.example"],
    refused: ["it@albatros.example"],
  });
  expect(caught).toHaveLength(1);
});

/** Speaks SMTP up to a point, and hangs up there. */
async function cutting(at: "greeting" | "recipient" | "message") {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    if (at === "greeting") return void socket.destroy();
    socket.write("220 ready\r\n");
    let message: string | undefined;
    socket.on("data", (data: Buffer) => {
      const text = data.toString();
      if (message !== undefined) {
        message += text;
        if (message.endsWith("\r\n.\r\n")) socket.destroy();
      } else if (/^RCPT/i.test(text) && at === "recipient") socket.destroy();
      else if (/^DATA/i.test(text)) {
        message = "";
        socket.write("354 go on\r\n");
      } else socket.write("250 ok\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  endings.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return serverAt((server.address() as AddressInfo).port, { tls: "none" });
}

test.each([
  ["before the greeting", "greeting", "MailUnreachable"],
  ["at the addressees", "recipient", "MailUnreachable"],
  ["after the message and before the answer", "message", "DecisionNeeded"],
] as const)("a line that is cut %s is told as what it is", async (_, at, code) => {
  expect(await codeOf(sendSmtp(await cutting(at), ENVELOPE, MESSAGE))).toMatchObject({ code });
});

test("a server that is not there is unreachable, and may be tried again", async () => {
  const { port, close } = await catchMail();
  await close();
  expect(await codeOf(sendSmtp(serverAt(port), ENVELOPE, MESSAGE))).toMatchObject({
    code: "MailUnreachable",
    retryable: true,
  });
});
