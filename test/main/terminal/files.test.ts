import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createRouterClient } from "@orpc/server";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { connectSsh } from "../../../main/adapters/ssh/connection.ts";
import { remoteFiles } from "../../../main/adapters/ssh/sftp.ts";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { silentLog } from "../../../main/log.ts";
import { type Place, terminalArea } from "../../../main/terminal/index.ts";
import { ByteHub } from "../../../shared/byte-hub.ts";
import { TransferEvent } from "../../../shared/terminal/files.ts";
import { lineTo, wireTo } from "../../support/byte-reader.ts";
import { scratchHome } from "../../support/database.ts";
import { type OpenSsh, startOpenSsh } from "../../support/openssh.ts";
import { ByteLine } from "../../../shared/byte-line.ts";

// Files over Debian's own SFTP server, whose disk the test can read.
const MIB = 1024 * 1024;
const hub = new ByteHub();
const endings: (() => Promise<unknown>)[] = [];
let openSsh: OpenSsh;
let database: Database;
let area: ReturnType<typeof terminalArea>;
let place: Place;
let folder: string;
/** sshd's processes that serve SFTP, by what they say. */
let canHash = true;

const nobody = async (): Promise<never> => {
  throw new Error("not part of this test");
};

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
  area = terminalArea({
    pool: database.pool,
    bytes: hub,
    now: () => new Date(),
    recordings: join(home.folder, "recordings"),
    machine: "test",
    operator: () => "tester",
    place: async () => place,
    openShell: nobody,
    async openFiles(_, __, signal) {
      const connection = await connectSsh(openSsh.target, signal);
      return remoteFiles(await connection.files(), () => connection.end());
    },
    async run(_, words, signal) {
      if (!canHash) return { exitCode: 127, stdout: "" };
      const connection = await connectSsh(openSsh.target, signal);
      try {
        return await connection.run(words, { signal });
      } finally {
        connection.end();
      }
    },
    shownHostKeys: nobody,
    printedHostKeys: nobody,
    pin: nobody,
    changed: () => undefined,
    log: () => undefined,
  });
  endings.push(() => area.stop());
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-"));
  const { chmod } = await import("node:fs/promises");
  await chmod(folder, 0o777);
  canHash = true;
});
afterEach(async () => {
  await area.stop();
  await rm(folder, { recursive: true, force: true });
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const api = () => createRouterClient(area.router).files;
const open = async () => (await api().open({ environmentId: "e-1", reason: "a test of files" })).sessionId;
const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** What a window does: sends the file at the console's pace, and reads what the stream tells. */
function send(line: ByteLine, streamId: number, content: Uint8Array, upTo = content.length) {
  const events: TransferEvent[] = [];
  let sent = 0;
  const ended = new Promise<string>((resolve) => {
    const stream = line.attach(streamId, {
      onData: (_, consumed) => consumed(),
      onEvent: (payload) => events.push(TransferEvent.parse(JSON.parse(new TextDecoder().decode(payload)))),
      onDrain: () => flow(),
      onEnd: resolve,
    });
    function flow(): void {
      while (sent < upTo) {
        const part = content.subarray(sent, Math.min(sent + 64 * 1024, upTo));
        sent += part.length;
        if (!stream.write(part)) return;
      }
      if (upTo === content.length) stream.end();
    }
    flow();
  });
  return { events, ended, last: () => events.at(-1), sent: () => sent };
}

async function upload(sessionId: string, name: string, content: Uint8Array, overwrite = false) {
  const begun = await api().upload({ sessionId, folder, name, size: content.length, overwrite });
  const sending = send(lineTo(hub), begun.streamId, content);
  await sending.ended;
  return { ...begun, ...sending };
}

function receive(streamId: number) {
  const parts: Uint8Array[] = [];
  const events: TransferEvent[] = [];
  let bytes = 0;
  const ended = new Promise<string>((resolve) => {
    lineTo(hub).attach(streamId, {
      onData(part, consumed) {
        parts.push(part.slice());
        bytes += part.length;
        consumed();
      },
      onEvent: (payload) => events.push(TransferEvent.parse(JSON.parse(new TextDecoder().decode(payload)))),
      onEnd: resolve,
    });
  });
  return { ended, bytes: () => bytes, events, content: () => Buffer.concat(parts) };
}

test("R101: a file goes up and comes down unchanged, and the session's record has its hash", async () => {
  const sessionId = await open();
  const content = randomBytes(3 * MIB + 17);
  const up = await upload(sessionId, "ein name 'mit' $(allem).bin", content);
  expect(up.last()).toEqual({ type: "done", sha256: sha(content), checked: "sha256", bytes: content.length });
  const path = join(folder, "ein name 'mit' $(allem).bin");
  expect(sha(await readFile(path))).toBe(sha(content));
  expect(await readdir(folder)).toEqual(["ein name 'mit' $(allem).bin"]);

  const down = await api().download({ sessionId, path });
  const got = receive(down.streamId);
  await got.ended;
  expect(sha(got.content())).toBe(sha(content));
  expect(await api().acts({ sessionId })).toMatchObject([
    { act: "download", path, state: "done", sha256: sha(content), checked: "sha256", bytes: content.length },
    { act: "upload", path, state: "done", sha256: sha(content), checked: "sha256" },
  ]);
});

test("empty files, and hosts that cannot hash", async () => {
  canHash = false;
  const sessionId = await open();
  expect((await upload(sessionId, "empty", new Uint8Array(0))).last()).toMatchObject({ type: "done", checked: "size" });
  expect((await stat(join(folder, "empty"))).size).toBe(0);
});

test("what is there is overwritten only when that was said, and in one step", async () => {
  const sessionId = await open();
  await upload(sessionId, "there.txt", Buffer.from("one"));
  await expect(upload(sessionId, "there.txt", Buffer.from("two"))).rejects.toMatchObject({
    code: "Conflict",
    details: { exists: true },
  });
  expect((await upload(sessionId, "there.txt", Buffer.from("two"), true)).last()).toMatchObject({ type: "done" });
  expect(await readFile(join(folder, "there.txt"), "utf8")).toBe("two");
});

test("a window that goes leaves a part behind; the same file goes on from there, another begins anew", async () => {
  const sessionId = await open();
  const content = randomBytes(4 * MIB);
  const begun = await api().upload({ sessionId, folder, name: "cut.bin", size: content.length });
  const wire = wireTo(hub);
  const wires = [wire];
  const once = async () => {
    const next = wires.pop();
    if (!next) throw new Error("the window is gone");
    return next;
  };
  const first = send(new ByteLine(once), begun.streamId, content, 2 * MIB);
  const part = join(folder, ".cut.bin.fleetwright-part");
  while ((await stat(part).catch(() => undefined))?.size !== 2 * MIB) await wait(20);
  wire.close();
  expect(await first.ended).toBe("lost");
  while ((await api().acts({ sessionId }))[0]?.state === "running") await wait(20);
  expect((await api().acts({ sessionId }))[0]?.state).toBe("interrupted");

  const other = randomBytes(4 * MIB);
  const wrong = await upload(sessionId, "cut.bin", other);
  expect(wrong.events).toContainEqual({ type: "again" });
  expect(await readdir(folder)).toEqual([]);

  const again = await api().upload({ sessionId, folder, name: "cut.bin", size: content.length });
  const half = send(lineTo(hub), again.streamId, content, MIB);
  while ((await stat(part).catch(() => undefined))?.size !== MIB) await wait(20);
  await api().close({ sessionId });
  await half.ended;

  const next = await open();
  const last = await upload(next, "cut.bin", content);
  expect(last.offset).toBe(MIB);
  expect(sha(await readFile(join(folder, "cut.bin")))).toBe(sha(content));
});

/** The processes of sshd that serve connections end with the server's session. */
async function cutSsh(): Promise<void> {
  await openSsh.cut();
}

test("a cut of SSH is waited for in both directions, and nothing is lost or doubled", async () => {
  const sessionId = await open();
  const content = randomBytes(24 * MIB);
  const begun = await api().upload({ sessionId, folder, name: "ssh-cut.bin", size: content.length });
  const up = send(lineTo(hub), begun.streamId, content);
  while (!up.events.some((event) => event.type === "progress" && event.bytes > MIB)) await wait(5);
  await cutSsh();
  await openSsh.start();
  await up.ended;
  expect(up.last()).toMatchObject({ type: "done", sha256: sha(content), checked: "sha256" });

  const path = join(folder, "ssh-cut.bin");
  const down = receive((await api().download({ sessionId, path })).streamId);
  while (down.bytes() < MIB) await wait(5);
  await cutSsh();
  await openSsh.start();
  await down.ended;
  expect(sha(down.content())).toBe(sha(content));
});

test("a cancelled upload leaves nothing behind", async () => {
  const sessionId = await open();
  const begun = await api().upload({ sessionId, folder, name: "no.bin", size: 2 * MIB });
  send(lineTo(hub), begun.streamId, randomBytes(2 * MIB), MIB);
  while ((await readdir(folder)).length === 0) await wait(10);
  await api().cancel({ transferId: begun.transferId });
  expect(await readdir(folder)).toEqual([]);
  while ((await api().acts({ sessionId }))[0]?.state === "running") await wait(10);
  expect((await api().acts({ sessionId }))[0]?.state).toBe("cancelled");
});

test("folders are listed, made, renamed and removed; on production the name is typed", async () => {
  const sessionId = await open();
  await api().makeFolder({ sessionId, folder, name: "new" });
  expect(await api().makeFolder({ sessionId, folder, name: "new" })).toMatchObject({ made: false });
  await writeFile(join(folder, ".hidden"), "x");
  const { entries } = await api().list({ sessionId, path: folder });
  expect(entries.map(({ name, kind }) => `${kind} ${name}`).toSorted()).toEqual(["file .hidden", "folder new"]);
  await api().rename({ sessionId, path: join(folder, "new"), name: "renamed" });
  const path = join(folder, "renamed");
  await expect(api().remove({ sessionId, path })).rejects.toMatchObject({ code: "ConfirmationNeeded" });
  await api().remove({ sessionId, path, confirm: "renamed" });
  expect(await readdir(folder)).toEqual([".hidden"]);
  await expect(api().list({ sessionId, path })).rejects.toMatchObject({ code: "NotFound" });
});
