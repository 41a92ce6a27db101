import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createRouterClient } from "@orpc/server";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connectSsh } from "../../../main/adapters/ssh/connection.ts";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { silentLog } from "../../../main/log.ts";
import { type Place, terminalArea } from "../../../main/terminal/index.ts";
import { ByteHub } from "../../../shared/byte-hub.ts";
import type { OpenTerminal } from "../../../shared/terminal/model.ts";
import { lineTo, read } from "../../support/byte-reader.ts";
import { scratchHome } from "../../support/database.ts";
import { type OpenSsh, startOpenSsh } from "../../support/openssh.ts";

// Debian's OpenSSH server with its real terminals: what the lab's host imitates.
const MIB = 1024 * 1024;
const hub = new ByteHub();
const endings: (() => Promise<unknown>)[] = [];
let openSsh: OpenSsh;
let database: Database;
let area: ReturnType<typeof areaOf>;
let place: Place;

const nobody = async (): Promise<never> => {
  throw new Error("not part of this test");
};
const noFilesNorKeys = { openFiles: nobody, run: nobody, shownHostKeys: nobody, printedHostKeys: nobody, pin: nobody };

const areaOf = (recordings: string) =>
  terminalArea({
    pool: database.pool,
    bytes: hub,
    now: () => new Date(),
    recordings,
    machine: "test",
    operator: () => "tester",
    place: async (id) => (id === place.environmentId ? place : undefined),
    async openShell(_, order, listener, signal) {
      const connection = await connectSsh(openSsh.target, signal);
      return connection.shell(order, {
        ...listener,
        onEnd(exit) {
          connection.end();
          listener.onEnd(exit);
        },
      });
    },
    ...noFilesNorKeys,
    changed: () => undefined,
    log: () => undefined,
  });

beforeAll(async () => {
  openSsh = await startOpenSsh();
  endings.push(() => openSsh.stop());
  const { home, remove } = await scratchHome();
  endings.push(remove);
  database = await openDatabase({ home, url: undefined, log: silentLog });
  endings.push(() => database.stop());
  const { host, port, user, hostKeys } = openSsh.target;
  place = {
    tenantId: "t-1",
    tenantSlug: "acme",
    customer: "Acme",
    environmentId: "e-1",
    kind: "production",
    accountId: "a-1",
    address: host,
    port,
    user,
    hostKey: hostKeys[0]!,
  };
  area = areaOf(join(home.folder, "recordings"));
  endings.push(() => area.stop());
});
afterEach(() => area.stop());
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const api = () => createRouterClient(area.router);

async function open(change: Partial<OpenTerminal> = {}) {
  const session = await api().open({ environmentId: "e-1", reason: "a test", columns: 80, rows: 24, ...change });
  return { session, shown: read(lineTo(hub), session.streamId, 200_000) };
}

/** A shell whose prompt and start files do not depend on the machine. */
async function openQuiet() {
  const opened = await open({ command: ["env", "PS1=ready> ", "TERM=xterm-256color", "sh", "-i"] });
  await opened.shown.until("ready> ");
  return opened;
}

const bytesOut = async (sessionId: string) => (await api().list()).find(({ id }) => id === sessionId)?.bytesOut ?? 0;

/** Waits until the host sends no more. */
async function untilHeldBack(sessionId: string): Promise<number> {
  for (let before = -1; ; ) {
    const now = await bytesOut(sessionId);
    if (now === before) return now;
    before = now;
    await wait(400);
  }
}

test.each([
  ["yes", "yes flood"],
  ["noise", "cat /dev/urandom | base64"],
])(
  "back-pressure: %s that nobody draws stops at the host, and Ctrl-C is answered after what was under way",
  async (_, command) => {
    const { session, shown } = await openQuiet();
    shown.type(`${command}\n`);
    while (shown.bytes() < MIB) await wait(10);
    shown.stall(true);
    const held = await untilHeldBack(session.id);
    // One window of ours, ssh2's own window and buffer; not a byte more however long one waits.
    expect(held - shown.bytes()).toBeLessThan(6 * MIB);

    shown.type("\u0003");
    shown.stall(false);
    shown.type("echo calm-$((6+6))\n");
    await shown.until("calm-12");
    expect(shown.bytes() - held).toBeLessThan(8 * MIB);
  },
);

test("with the reader back, a flood flows on for as long as it is read", async () => {
  const { shown } = await openQuiet();
  shown.type("yes flood\n");
  for (let round = 1; round <= 3; round++) {
    const goal = shown.bytes() + 2 * MIB;
    while (shown.bytes() < goal) await wait(5);
    shown.stall(true);
    await wait(50);
    shown.stall(false);
  }
  shown.type("\u0003");
  await shown.until(/\^C\s+ready> $/);
});

test("the host learns that this terminal has true colour and speaks UTF-8, and both arrive", async () => {
  const { shown } = await open({ command: ["sh", "-c", 'echo "<$TERM $COLORTERM $LANG>"; cat'] });
  await shown.until(/<xterm-256color truecolor \S+UTF-8>/);
  shown.type("caf\u00e9 \u65e5\u672c \u001b[38;2;10;200;30mgreen\u001b[0m\n");
  await shown.until("caf\u00e9 \u65e5\u672c");
});

test("vi draws on the other screen, follows the size, and leaves the shell as it was", async () => {
  const { session, shown } = await openQuiet();
  shown.type("f=$(mktemp) && vi -u NONE $f\n");
  await shown.until("\u001b[?1049h");
  await shown.until("~");
  await api().resize({ sessionId: session.id, columns: 132, rows: 50 });
  shown.type("ihello from vi\u001b:wq\r");
  await shown.until("\u001b[?1049l");
  shown.type("cat $f; stty size; rm $f\n");
  await shown.until("hello from vi\r\n50 132");
});

test("tmux fills the size it is given and survives a second one", async () => {
  const { session, shown } = await openQuiet();
  shown.type("export LC_ALL=C.UTF-8; s=ft-$$; tmux -L $s -f /dev/null new -s main\n");
  await shown.until("\u001b[?1049h");
  await shown.until("[main]");
  await api().resize({ sessionId: session.id, columns: 120, rows: 40 });
  shown.type("while [ \"$(stty size)\" != '39 120' ]; do sleep 0.1; done; echo width-$(tput cols)\r");
  await shown.until("width-120");
  shown.type("tmux kill-server\r");
  await shown.until("\u001b[?1049l");
});

test("htop draws over and over, takes the new size, and its keys", async () => {
  const { session, shown } = await openQuiet();
  shown.type("htop -d 5\n");
  await shown.until("\u001b[?1049h");
  await shown.until("Quit");
  await api().resize({ sessionId: session.id, columns: 140, rows: 45 });
  // Its first column of keys moves only once it drew for the new size.
  await shown.until((text) => text.split("\u001b[45;").some((rest, at) => at > 0 && /^\d+H/.test(rest)));
  shown.type("q");
  await shown.until("\u001b[?1049l");
});

test("mouse reports reach the program that asked for them", async () => {
  const { shown } = await openQuiet();
  // Every program that wants mouse reports says so, and reads them as typed.
  shown.type("printf '\\033[?1000h\\033[?1006h'; IFS= read -r report; printf '%s' \"$report\" | od -c | head -1\n");
  await shown.until("\u001b[?1006h");
  shown.type("\u001b[<0;10;5M\n");
  await shown.until(/033 {3}\[ {3}< {3}0 {3}; {3}1 {3}0 {3}; {3}5 {3}M/);
});

test("a cut is told, a new shell comes on the pinned host, and what was typed meanwhile does not run", async () => {
  const { shown, session } = await open();
  shown.type("echo here-$((1+1))\n");
  await shown.until("here-2");
  await openSsh.cut();
  // sshd's children of this log-in may outlive it: end ours from inside.
  shown.type("kill -9 $PPID\n");
  await shown.untilEvent("lost");
  shown.type("echo lost-$((2+2))\n");
  await openSsh.start();
  await shown.untilEvent("back");
  shown.type("echo again-$((3+3))\n");
  await shown.until("again-6");
  expect(shown.text()).not.toContain("lost-4");
  expect((await api().list())[0]).toMatchObject({ id: session.id, state: "open" });
});

test("a command whose connection is cut ends with an error instead of running twice", async () => {
  const { shown } = await open({ command: ["sh", "-c", "echo begun; kill -9 $PPID; sleep 60"], terminal: false });
  expect(await shown.untilEvent("exit")).toMatchObject({ code: null, error: { code: "HostUnreachable" } });
  expect(await shown.ended).toBe("ended");
});

test("R5, fail closed: root, no address and no pinned key are refused before a connection is made", async () => {
  const good = place;
  const refused = async (change: Partial<Place>) => {
    place = { ...good, ...change };
    return open().then(
      () => "opened",
      (error: { code: string }) => error.code,
    );
  };
  const codes = [await refused({ user: "root" }), await refused({ address: null }), await refused({ hostKey: null })];
  place = good;
  expect(codes).toEqual(["RefusedByRule", "HostUnreachable", "HostKeyChanged"]);
});

test("a session that nobody looks at is hung up after its time", async () => {
  const unseen = await api().open({ environmentId: "e-1", reason: "a test", columns: 80, rows: 24, holdSeconds: 0 });
  while ((await api().list()).some(({ id }) => id === unseen.id)) await wait(20);
  const history = await api().history({ limit: 10 });
  expect(history.find(({ id }) => id === unseen.id)).toMatchObject({ state: "ended", error: null });
});

test("sessions of a killed console are settled at the next start", async () => {
  await database.pool.query(
    `insert into access_session (id, tenant_id, tenant_slug, customer, environment_id, kind, host, operator, reason, machine,
       started_at) values ('left', 't-1', 'acme', 'Acme', 'e-1', 'production', 'h', 'tester', 'r', 'test', now())`,
  );
  await area.start();
  const left = (await api().history({ limit: 1000 })).find(({ id }) => id === "left");
  expect(left).toMatchObject({ state: "ended", endedAt: expect.any(Date), error: { message: expect.any(String) } });
});
