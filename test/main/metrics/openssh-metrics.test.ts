import { execFile } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { createRouterClient } from "@orpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectSsh } from "../../../main/adapters/ssh/connection.ts";
import { type Database, openDatabase } from "../../../main/database/index.ts";
import { silentLog } from "../../../main/log.ts";
import { type MeteredEnvironment, metricsArea } from "../../../main/metrics/index.ts";
import type { MetricsNow } from "../../../shared/metrics/model.ts";
import { MINUTE_MS } from "../../../shared/time.ts";
import { scratchHome } from "../../support/database.ts";
import { type OpenSsh, startOpenSsh } from "../../support/openssh.ts";

// Debian's own SSH server and dash, and no erpctl: the plainest host there is.
const endings: (() => Promise<unknown>)[] = [];
let openSsh: OpenSsh;
let database: Database;
let area: ReturnType<typeof metricsArea>;
let environment: MeteredEnvironment;

const areaOf = () =>
  metricsArea({
    pool: database.pool,
    now: () => new Date(),
    shared: true,
    environments: async () => [environment],
    async openChannel(target, words, listener, signal) {
      const connection = await connectSsh({ ...openSsh.target, hostKeys: target.hostKeys }, signal);
      return connection.shell(
        { command: words },
        {
          ...listener,
          onEnd() {
            connection.end();
            listener.onEnd();
          },
        },
      );
    },
    intervals: () => ({ metricsSeconds: 10, healthSeconds: 30 }),
    operator: () => "tester",
    changed: () => undefined,
    log: () => undefined,
  });
const api = () => createRouterClient(area.router);

beforeAll(async () => {
  openSsh = await startOpenSsh();
  endings.push(() => openSsh.stop());
  const { home, remove } = await scratchHome();
  endings.push(remove);
  database = await openDatabase({ home, url: undefined, log: silentLog });
  endings.push(() => database.stop());
  environment = {
    ...{ tenantId: "t-1", tenantSlug: "acme", service: "openbravo", environmentId: "e-1", kind: "production" },
    ...{ unprotected: false, state: "running", accountId: "a-1" },
    ...{ address: openSsh.target.host, user: openSsh.target.user, hostKeys: openSsh.target.hostKeys },
  };
  area = areaOf();
  await area.start();
});
afterAll(async () => {
  await area.stop();
  for (const end of endings.reverse()) await end();
});

async function until(matches: (now: MetricsNow) => boolean): Promise<MetricsNow> {
  for (;;) {
    const [found] = await api().now({ tenant: "acme" });
    if (found && matches(found)) return found;
    await wait(100);
  }
}

/** Processes of the sampler that this host's account runs. */
async function samplers(): Promise<number> {
  const { stdout } = await promisify(execFile)("ps", ["-u", openSsh.target.user, "-o", "args", "-ww"]).catch(() => ({
    stdout: "",
  }));
  return stdout.split("\n").filter((line) => line.includes("fleetwright-sampler 3") && line.includes("/bin/sh -c"))
    .length;
}

test("a host without the ERP's command tells processor, memory, disk and network", async () => {
  const live = await until((one) => one.contact === "live" && one.values.some(({ series }) => series === "cpu.busy"));
  expect(live.values.map(({ series }) => series)).toEqual(
    expect.arrayContaining(["memory.used", "disk.used", "cpu.load"]),
  );
  expect(live.values.some(({ series }) => series.startsWith("database."))).toBe(false);
});

test("a connection that is cut is opened again, and what was stored in between is a gap", async () => {
  await openSsh.cut();
  const cut = await until((one) => one.contact === "waiting");
  expect(cut.error?.code).toBe("HostUnreachable");
  await openSsh.start();
  await until((one) => one.contact === "live");
  const to = new Date(Date.now() + 1_000);
  const stored = await api().query({
    ...{ tenant: "acme", from: new Date(to.getTime() - 10 * MINUTE_MS), to, series: ["cpu.load"], points: 500 },
  });
  expect(new Set(stored.series[0]!.at).size).toBe(stored.series[0]!.at.length);
});

test("a host that is stopped is left alone, and read again once it runs", async () => {
  await until((one) => one.contact === "live");
  environment = { ...environment, state: "stopped" };
  area.changed();
  await until((one) => one.contact === "off");
  while ((await samplers()) > 0) await wait(100);
  environment = { ...environment, state: "running" };
  area.changed();
  await until((one) => one.contact === "live");
});

test("another pinned key than the host's is refused, not tried again, and mended by the right one", async () => {
  const right = environment.hostKeys;
  environment = { ...environment, hostKeys: ["SHA256:of-another-host"] };
  area.changed();
  const refused = await until((one) => one.contact === "refused");
  expect(refused.error?.code).toBe("HostKeyChanged");
  environment = { ...environment, hostKeys: right };
  area.changed();
  await until((one) => one.contact === "live");
});

test("of two consoles on one database one reads the host, and the other one takes over when it ends", async () => {
  const second = areaOf();
  await second.start();
  const other = createRouterClient(second.router);
  expect((await other.now({}))[0]?.contact).toBe("elsewhere");
  await area.stop();
  for (;;) {
    if ((await other.now({}))[0]?.contact === "live") break;
    await wait(100);
  }
  area = second;
});

test("the sampler ends with its console: nothing is left on the host", async () => {
  await area.stop();
  while ((await samplers()) > 0) await wait(100);
  expect(await samplers()).toBe(0);
});
