import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hashOfRecording, recordingFile } from "../../../main/terminal/index.ts";
import { readCast, transcriptOf } from "../../../shared/terminal/asciicast.ts";
import type { OpenTerminal } from "../../../shared/terminal/model.ts";
import { lineTo, read } from "../../support/byte-reader.ts";
import { inProcessConsole, type InProcessConsole } from "../../support/in-process-console.ts";

let running: InProcessConsole;
let environmentId: string;
let slug: string;
const MIB = 1024 * 1024;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "demo" });
  await running.api.fleet.refresh({});
  const { rows } = await running.api.fleet.list();
  const row = rows.find(
    ({ kind, sshAddress, hostKey, state }) => kind === "production" && sshAddress && hostKey && state === "running",
  );
  environmentId = row!.id;
  slug = row!.slug;
});
afterAll(() => running.end());

async function open(change: Partial<OpenTerminal> = {}) {
  const session = await running.api.terminal.open({
    environmentId,
    reason: "a test of the terminal",
    contractReference: "T-1",
    columns: 100,
    rows: 30,
    ...change,
  });
  const line = lineTo(running.console.bytes);
  return { session, line, shown: read(line, session.streamId) };
}

async function wholeRecording(sessionId: string): Promise<string> {
  let text = "";
  for (let from: number | null = 0; from !== null; ) {
    const part: { text: string; next: number | null } = await running.api.terminal.recording({ sessionId, from });
    text += part.text;
    from = part.next;
  }
  return text;
}

test("R101: a shell shows the screen's size, follows it, and leaves reason, operator, bytes and a recording", async () => {
  const { session, shown } = await open();
  expect(session).toMatchObject({
    tenantSlug: slug,
    state: "open",
    reason: "a test of the terminal",
    kind: "production",
  });
  shown.type("stty size\n");
  await shown.until("30 100");
  await running.api.terminal.resize({ sessionId: session.id, columns: 132, rows: 43 });
  // The lab's host hands the new size on in a moment of its own.
  shown.type("until stty size | grep -q '43 132'; do sleep 0.1; done; echo now $(stty size)\n");
  await shown.until("now 43 132");
  shown.type("printf '\\303\\251\\342\\202\\254\\n'; exit 3\n");
  await shown.until("é€");
  expect(await shown.untilEvent("exit")).toMatchObject({ code: 3, error: null });
  expect(await shown.ended).toBe("ended");

  const stored = await running.api.terminal.close({ sessionId: session.id });
  expect(stored).toMatchObject({
    state: "ended",
    exitCode: 3,
    operator: session.operator,
    contractReference: "T-1",
    recording: { complete: true },
  });
  expect(stored.bytesOut).toBe(shown.bytes());
  expect(stored.bytesIn).toBeGreaterThan(0);
  const folder = join(running.home, "recordings");
  expect(stored.recording!.sha256).toBe(await hashOfRecording(folder, session.id));
  expect((await stat(recordingFile(folder, session.id))).mode & 0o777).toBe(0o600);
  const cast = readCast(await wholeRecording(session.id));
  expect(cast).toMatchObject({ columns: 100, rows: 30 });
  expect(cast.entries.map(({ type }) => type)).toContain("r");
  expect(transcriptOf(cast)).toContain("now 43 132");
  expect((await running.api.terminal.history({ tenant: slug }))[0]).toMatchObject({ id: session.id, state: "ended" });
});

test("a size that comes while the shell still starts is the one that holds", async () => {
  const { session, shown } = await open();
  await running.api.terminal.resize({ sessionId: session.id, columns: 141, rows: 37 });
  shown.type("until stty size | grep -q '37 141'; do sleep 0.1; done; sleep 0.5; echo settled $(stty size)\n");
  await shown.until("settled 37 141");
  await running.api.terminal.close({ sessionId: session.id });
});

test("full-screen programs get the other screen, and the shell comes back after them", async () => {
  const { session, shown } = await open();
  shown.type("printf '\\033[?1049h'; printf 'inside %s' alternate; printf '\\033[?1049l'; echo back again\n");
  await shown.until("\u001b[?1049hinside alternate\u001b[?1049lback again");
  await running.api.terminal.close({ sessionId: session.id });
  await shown.ended;
});

test("a flood nobody reads stays within the window, and Ctrl-C is answered once it is read again", async () => {
  const { session, shown } = await open();
  shown.type("yes flood-of-lines\n");
  await shown.until("flood-of-lines\r\nflood-of-lines");
  shown.stall(true);
  const stalledAt = shown.bytes();
  const sent = async () => (await running.api.terminal.list()).find(({ id }) => id === session.id)!.bytesOut;
  let held = -1;
  for (let now = await sent(); now !== held; now = await sent()) {
    held = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect(shown.bytes() - stalledAt).toBeLessThan(MIB);
  expect(held - stalledAt).toBeLessThan(6 * MIB);
  shown.type("\u0003");
  shown.stall(false);
  shown.type("echo still-$((40+2))\n");
  await shown.until("still-42");
  await running.api.terminal.close({ sessionId: session.id });
});

test("without a terminal, output, errors, input and exit code of a command stay as they are", async () => {
  const { shown } = await open({ command: ["sh", "-c", "cat; printf e >&2; exit 7"], terminal: false, holdSeconds: 5 });
  const big = "0123456789".repeat(300_000);
  shown.type(big);
  shown.endInput();
  expect(await shown.untilEvent("exit")).toMatchObject({ code: 7 });
  await shown.ended;
  expect(shown.bytes()).toBe(big.length + 1);
  expect(shown.errorText()).toBe("e");
});

test("a second window takes the stream over and sees what was not consumed", async () => {
  const { session, shown } = await open();
  shown.type("echo first-$((1+1))\n");
  await shown.until("first-2");
  const second = read(lineTo(running.console.bytes), session.streamId);
  expect(await shown.ended).toBe("refused");
  second.type("echo second-$((2+2))\n");
  await second.until("second-4");
  await running.api.terminal.close({ sessionId: session.id });
  expect(await running.api.terminal.list()).toEqual([]);
});

test("a cut connection is told with both instants, and a new shell goes on in the same session", async () => {
  const { session, shown } = await open();
  shown.type("echo before-$((5+5))\n");
  await shown.until("before-10");
  const instance = (await running.api.fleet.list()).rows.find(({ id }) => id === environmentId)!.instanceId!;
  await running.api.lab.injectFault({ name: "ssh-cut", instance, count: 1 });
  const lost = await shown.untilEvent("lost");
  await running.api.lab.clearFaults();
  const back = await shown.untilEvent("back");
  expect(back).toMatchObject({ lostAt: (lost as { at: Date }).at });
  shown.type("echo after-$((6+6))\n");
  await shown.until("after-12");
  const stored = await running.api.terminal.close({ sessionId: session.id });
  expect(transcriptOf(readCast(await wholeRecording(session.id)))).toMatch(/before-10[^]*was lost[^]*after-12/);
  expect(stored.recording?.complete).toBe(true);
});

test("a host whose key changed is refused with both keys named, and the try is kept with its reason", async () => {
  const instance = (await running.api.fleet.list()).rows.find(({ id }) => id === environmentId)!.instanceId!;
  const fault = await running.api.lab.injectFault({ name: "host-key-changed", instance });
  await expect(open({ reason: "somebody rebuilt it" })).rejects.toMatchObject({
    code: "HostKeyChanged",
    details: { retryable: false, offered: expect.stringContaining("SHA256:") },
  });
  await running.api.lab.clearFault({ id: fault.id });
  expect((await running.api.terminal.history({ tenant: slug, limit: 1 }))[0]).toMatchObject({
    reason: "somebody rebuilt it",
    state: "ended",
    error: { code: "HostKeyChanged" },
  });
});

test("an unknown environment and a missing reason are refused before anything is opened", async () => {
  await expect(open({ environmentId: "nowhere" })).rejects.toMatchObject({ code: "NotFound" });
  await expect(open({ reason: " " })).rejects.toMatchObject({ code: "BAD_REQUEST" });
});
