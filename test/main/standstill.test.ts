import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { clockJump } from "../../main/standstill.ts";
import type { LiveEvent } from "../../shared/jobs/model.ts";
import { launchConsole } from "../support/console.ts";
import { order, untilJob } from "../support/in-process-console.ts";
import { endProcessesOf } from "../support/processes.ts";
import { scratchFolder } from "../support/scratch.ts";

const endings: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

test.each([
  ["on time", 5_000, undefined],
  ["late on a busy machine", 14_000, undefined],
  ["asleep for a night", 8 * 3_600_000, { kind: "stoodStill", ms: 8 * 3_600_000 }],
  ["steered by a time server", -1_500, undefined],
  ["set back by an hour", -3_600_000, { kind: "setBack", ms: 3_600_000 }],
] as const)("the clock between two looks: %s", (_, passed, jump) => {
  const before = Date.UTC(2026, 2, 2);
  expect(clockJump(before, before + passed, 5_000)).toEqual(jump);
});

test("a console that stood still in the middle of a job says so there and to its windows, and the job goes on", async () => {
  const { folder: home, remove } = await scratchFolder("standstill");
  endings.push(remove, () => endProcessesOf(home));
  const running = await launchConsole(home, "empty");
  const { client, close } = await running.connect();
  endings.push(
    () => running.stop(),
    async () => close(),
  );
  const seen: LiveEvent[] = [];
  const events = await client.jobs.watch({});
  const watching = (async () => {
    for await (const event of events) if (event.type === "standstill") seen.push(event);
  })().catch(() => undefined);

  const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order("acme") });
  await untilJob(client, jobId, "running");
  const { pid } = await client.settings.status();
  process.kill(pid, "SIGSTOP");
  await wait(17_000);
  process.kill(pid, "SIGCONT");

  expect(await untilJob(client, jobId, "done", "failed")).toMatchObject({ state: "done" });
  await expect.poll(() => seen).toMatchObject([{ kind: "stoodStill" }]);
  expect(seen).toMatchObject([{ ms: expect.toSatisfy((ms: number) => ms >= 17_000 && ms < 120_000) }]);
  const lines = (await client.jobs.logs({ jobId, after: 0 })).map(({ level, text }) => `${level} ${text}`);
  expect(lines).toContainEqual(expect.stringMatching(/^warning This console stood still for \d+ s; it looks/));
  await events.return?.(undefined);
  await watching;
});
