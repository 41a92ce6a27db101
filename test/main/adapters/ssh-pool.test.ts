import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { fingerprint, type SshTarget } from "../../../main/adapters/ssh/connection.ts";
import { type SshPool, sshPool } from "../../../main/adapters/ssh/pool.ts";
import { type OpenSsh, startOpenSsh } from "../../support/openssh.ts";

// Against Debian's sshd: how often it logged somebody in is what its own processes say.
let openSsh: OpenSsh;
let pool: SshPool;
const quietly = () => ({ signal: new AbortController().signal });
/** The process of sshd that serves the connection. */
const server = async (target: SshTarget) => (await pool.run(target, ["sh", "-c", "echo $PPID"], quietly())).stdout;

beforeAll(async () => {
  openSsh = await startOpenSsh();
});
afterEach(() => pool.stop());
afterAll(() => openSsh.stop());

test("commands on one host share one connection, one after the other and side by side", async () => {
  pool = sshPool();
  const { target } = openSsh;
  const first = await server(target);
  const more = await Promise.all([server(target), server(target), server(target)]);
  expect(new Set([first, ...more]).size).toBe(1);
  expect(pool.size()).toBe(1);
});

test("a connection takes as many commands as the host lets it; the next one gets another", async () => {
  pool = sshPool({ mostChannels: 2 });
  const leases = await Promise.all([1, 2, 3].map(() => pool.lease(openSsh.target)));
  expect(new Set(leases.map(({ connection }) => connection)).size).toBe(2);
  for (const { release } of leases) release();
});

test("beyond what the host allows, commands still run, on connections of their own", async () => {
  pool = sshPool({ mostChannels: 20 });
  const all = await Promise.all(
    Array.from({ length: 14 }, (_, index) =>
      pool.run(openSsh.target, ["sh", "-c", `sleep 0.3; echo ${index}`], quietly()),
    ),
  );
  expect(all.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 14 }, (_, index) => index));
});

test("a broken connection is replaced by the next command", async () => {
  pool = sshPool();
  const first = await server(openSsh.target);
  await openSsh.cut();
  await pool.run(openSsh.target, ["sh", "-c", `kill -9 ${first}`], quietly()).catch(() => undefined);
  await openSsh.start();
  expect(await server(openSsh.target)).not.toBe(first);
});

test("a connection that nobody uses ends, and one in use does not", async () => {
  pool = sshPool({ idleMs: 50 });
  const { release } = await pool.lease(openSsh.target);
  await wait(200);
  expect(pool.size()).toBe(1);
  release();
  while (pool.size() > 0) await wait(10);
});

test("another pinned key fails closed, however good the kept connection is", async () => {
  pool = sshPool();
  await server(openSsh.target);
  const other = { ...openSsh.target, hostKeys: [fingerprint(Buffer.from("another"))] };
  await expect(server(other)).rejects.toMatchObject({ code: "HostKeyChanged" });
});

test("who gives up does not take the connection from the others", async () => {
  pool = sshPool();
  const impatient = new AbortController();
  const given = pool.run(openSsh.target, ["sleep", "20"], { signal: impatient.signal });
  const other = pool.run(openSsh.target, ["echo", "here"], quietly());
  impatient.abort();
  await expect(given).rejects.toMatchObject({ code: "HostUnreachable" });
  expect((await other).stdout).toBe("here\n");
});
