import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { restoreSteps, SWAP_STEPS } from "../../../shared/restore/steps.ts";
import { type InProcessConsole, inProcessConsole, untilJob } from "../../support/in-process-console.ts";
import { cutSsh, type StrikeOptions, tellStruck, underStrikes } from "../../support/kill-matrix.ts";
import { placesOrder, rebootHost } from "../../support/lab-data.ts";
import { CHANGES, expectOnlyKept, environmentOf, everythingOf, provisionPair, served } from "./restore-for-tests.ts";

const TENANT = "acme";
const STEPS = [...restoreSteps("refresh"), ...SWAP_STEPS];
let running: InProcessConsole;
beforeAll(async () => {
  running = await inProcessConsole({ lab: "empty" });
  await provisionPair(running.api, TENANT);
}, 400_000);
afterEach(() => running.api.lab.clearFaults());
afterAll(() => running.end());

/** Refreshes and activates under strikes, and proves that production was only read and that nothing is left over. */
async function refreshUnder(
  how: string,
  strike: (step: string) => Promise<unknown>,
  options: StrikeOptions & { readonly mayGoBack?: boolean },
) {
  const { api, home } = running;
  const before = await everythingOf(home, TENANT);
  const production = await environmentOf(api, TENANT, "production");
  const test_ = await environmentOf(api, TENANT, "test");
  const caseId = randomUUID();
  const order = { tenant: TENANT, target: "test" as const, fee: null, keepDays: 3, overrides: {} };
  await api.restore.refresh({ ...order, requestId: caseId });
  const prepared = await underStrikes(api, caseId, strike, options);
  expect(prepared.job).toMatchObject({ state: "done", error: null });
  const activate = async () => {
    const { jobId } = await api.restore.activate({ caseId, requestId: randomUUID(), confirm: TENANT, overrides: {} });
    return jobId;
  };
  const activated = await underStrikes(api, await activate(), strike, options);
  const hit = tellStruck(how, { ...activated, struck: [...prepared.struck, ...activated.struck] }, STEPS);
  if (options.mayGoBack && activated.job.state === "failed") {
    // It took itself back: the copy stands ready to be activated again.
    expect((await api.restore.get({ caseId })).state).toBe("ready");
    expect(await untilJob(api, await activate(), "done", "failed")).toMatchObject({ state: "done", error: null });
  } else expect(activated.job).toMatchObject({ state: "done", error: null });

  await api.fleet.refresh();
  const after = await environmentOf(api, TENANT, "test");
  expect(after.volumeId).not.toBe(test_.volumeId);
  expect((await environmentOf(api, TENANT, "production")).volumeId).toBe(production.volumeId);
  expect(await placesOrder(running, TENANT)).toBe(201);
  expect(await served(home, after)).toMatchObject({ status: "up", environment: "test", lockout: null });
  const { checks } = await api.restore.get({ caseId });
  expect(checks).toContainEqual({ name: "neutralised", expected: "yes", found: "yes", ok: true });
  await expectOnlyKept(home, TENANT, before);
  return hit;
}

test("R28: SSH cut in every step of a refresh and its activation", { timeout: 400_000 }, async () => {
  const hit = await refreshUnder("SSH cut", () => cutSsh(running.api), { each: [0, 20, 60] });
  expect(hit).toBeGreaterThan(STEPS.length / 2);
});

test("R28: replies of AWS lost after the effect, twice at every call of a refresh that changes something", {
  timeout: 400_000,
}, async () => {
  let lost = false;
  async function loseReplies() {
    if (lost) return;
    lost = true;
    for (const action of CHANGES) await running.api.lab.injectFault({ name: "lost-reply", action, count: 2 });
  }
  await refreshUnder("replies lost", loseReplies, { each: [0] });
  const struck = (await running.api.lab.status())!.faults.filter(({ name }) => name === "lost-reply");
  console.log(`replies lost: ${struck.map(({ action, struck: times }) => `${action} ${times}`).join(", ")}`);
  expect(struck.filter((fault) => fault.struck < 1)).toEqual([]);
});

test("R28: production's host, which is only read, restarted in every step of a refresh", {
  timeout: 400_000,
}, async () => {
  const hit = await refreshUnder("restarted", () => rebootHost(running, TENANT), { each: [10], mayGoBack: true });
  expect(hit).toBeGreaterThan(STEPS.length / 2);
});
