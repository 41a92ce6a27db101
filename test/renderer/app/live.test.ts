import { QueryClient } from "@tanstack/react-query";
import { expect, test, vi } from "vitest";
import { createApi } from "../../../renderer/app/api.ts";
import { applyEvents, startLive, withJob, withLines } from "../../../renderer/app/live.ts";
import type { Job, JobLogLine } from "../../../shared/jobs/model.ts";
import { jobOf, stepsOf } from "../demo-jobs.ts";
import { createFakeConsole, fakeConnection } from "../fake-client.ts";

const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 10, minute));
const job = (id: string, minute: number, part: Partial<Job> = {}) =>
  jobOf({ id, subject: id, tenantId: "t-0", tenantSlug: "albatros-voyages", createdAt: at(minute), ...part });
const line = (seq: number): JobLogLine => ({ jobId: "a", seq, at: at(seq), level: "info", step: null, text: `${seq}` });
const ids = (list: readonly Job[]) => list.map(({ id }) => id);

async function filled() {
  const fake = createFakeConsole();
  const api = createApi(fake.client);
  const cache = new QueryClient();
  await cache.fetchQuery(api.fleet.list.queryOptions());
  await cache.fetchQuery(api.tenant.get.queryOptions({ input: { tenant: "albatros-voyages" } }));
  return { fake, api, cache };
}

test("a new job enters lists in the order of its creation, and only lists that ask for its state and tenant", () => {
  const list = [job("c", 3), job("a", 1)];
  expect(ids(withJob(list, job("b", 2), {}))).toEqual(["c", "b", "a"]);
  expect(ids(withJob(list, job("b", 2, { state: "done" }), { states: ["queued"] }))).toEqual(["c", "a"]);
  expect(ids(withJob(list, job("b", 2), { tenant: "another" }))).toEqual(["c", "a"]);
});

test("a job leaves a list whose states it no longer has", () => {
  expect(ids(withJob([job("a", 1)], job("a", 1, { state: "failed" }), { states: ["queued", "running"] }))).toEqual([]);
});

test("log lines stay in order and each stays once, also when a refetch overlaps the stream", () => {
  expect(withLines([line(1), line(2)], [line(2), line(3)]).map(({ seq }) => seq)).toEqual([1, 2, 3]);
  expect(withLines([line(1), line(4)], [line(2)]).map(({ seq }) => seq)).toEqual([1, 2, 4]);
});

test("a running job shows at once in its page, in the fleet and at its tenant", async () => {
  const { api, cache } = await filled();
  const key = api.jobs.get.queryKey({ input: { jobId: "a" } });
  cache.setQueryData(key, { job: job("a", 1), steps: [], decisions: [] });

  applyEvents(cache, api, [{ type: "job", job: job("a", 1, { state: "running", percent: 40 }) }]);

  expect(cache.getQueryData(key)?.job.percent).toBe(40);
  const row = cache.getQueryData(api.fleet.list.queryKey())?.rows[0];
  expect(row?.activeJob).toEqual({ id: "a", kind: "tenant.provision", state: "running", percent: 40 });
  const tenant = cache.getQueryData(api.tenant.get.queryKey({ input: { tenant: "albatros-voyages" } }));
  expect(tenant?.activeJob?.id).toBe("a");
});

test("an ended job is no tenant's active job any more", async () => {
  const { api, cache } = await filled();
  applyEvents(cache, api, [{ type: "job", job: job("a", 1, { state: "running" }) }]);
  applyEvents(cache, api, [{ type: "job", job: job("a", 1, { state: "failed" }) }]);
  expect(cache.getQueryData(api.fleet.list.queryKey())?.rows[0]?.activeJob).toBeNull();
});

test("a job that waits does not push the running one aside, and its end does not end it", async () => {
  const { api, cache } = await filled();
  applyEvents(cache, api, [
    { type: "job", job: job("a", 1, { state: "running" }) },
    { type: "job", job: job("b", 2, { state: "waiting" }) },
    { type: "job", job: job("b", 2, { state: "cancelled" }) },
  ]);
  expect(cache.getQueryData(api.fleet.list.queryKey())?.rows[0]?.activeJob?.id).toBe("a");
});

test("steps and log lines grow the job's page, and nothing is made up for a job nobody looks at", async () => {
  const { api, cache } = await filled();
  const steps = stepsOf("a", 1, "running", at(0));
  const page = api.jobs.get.queryKey({ input: { jobId: "a" } });
  const log = api.jobs.logs.queryKey({ input: { jobId: "a", after: 0 } });

  applyEvents(cache, api, [
    { type: "step", step: steps[1]! },
    { type: "log", line: line(1) },
  ]);
  expect([cache.getQueryData(page), cache.getQueryData(log)]).toEqual([undefined, undefined]);

  cache.setQueryData(page, { job: job("a", 1), steps: [steps[0]!, { ...steps[1]!, state: "pending" }], decisions: [] });
  cache.setQueryData(log, [line(1)]);
  applyEvents(cache, api, [
    { type: "step", step: steps[1]! },
    { type: "log", line: line(2) },
    { type: "log", line: line(3) },
  ]);
  expect(cache.getQueryData(page)?.steps.map(({ state }) => state)).toEqual(["done", "running"]);
  expect(cache.getQueryData(log)?.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test.each([
  ["fleet", undefined, { fleet: true, tenant: false }],
  ["tenant", "t-0", { fleet: false, tenant: true }],
  ["settings", undefined, { fleet: false, tenant: false }],
] as const)("a stale %s is marked to be refetched and nothing else is", async (area, id, expected) => {
  const { api, cache } = await filled();
  applyEvents(cache, api, [{ type: "stale", area, ...(id ? { id } : {}) }]);
  const stale = (key: readonly unknown[]) => cache.getQueryState(key)?.isInvalidated;
  expect({
    fleet: stale(api.fleet.list.queryKey()),
    tenant: stale(api.tenant.get.queryKey({ input: { tenant: "albatros-voyages" } })),
  }).toEqual(expected);
});

test("a push leaves what is stale stale", async () => {
  const { api, cache } = await filled();
  applyEvents(cache, api, [{ type: "stale", area: "fleet" }]);
  applyEvents(cache, api, [{ type: "job", job: job("a", 1, { state: "running" }) }]);
  expect(cache.getQueryState(api.fleet.list.queryKey())?.isInvalidated).toBe(true);
});

test("the stream is followed, ends are told once, and a regained connection refetches everything", async () => {
  const { fake, api, cache } = await filled();
  const connection = fakeConnection(fake.client);
  const ended: string[] = [];
  const stop = startLive({
    ...{ connection, api, cache },
    onJobNotice: ({ id, state }) => void ended.push(`${id} ${state}`),
    onStandstill: ({ kind, ms }) => void ended.push(`${kind} ${ms}`),
  });

  const done = job("a", 1, { state: "done", endedAt: at(9) });
  await vi.waitFor(() => {
    fake.push({ type: "job", job: done });
    expect(ended).toEqual(["a done"]);
  });
  fake.push({ type: "job", job: done });

  connection.become("lost");
  connection.become("open");
  await vi.waitFor(() => expect(cache.getQueryState(api.fleet.list.queryKey())?.isInvalidated).toBe(true));
  await vi.waitFor(() => {
    fake.push({ type: "job", job: job("b", 2, { state: "failed", endedAt: at(9) }) });
    expect(ended).toEqual(["a done", "b failed"]);
  });

  cache.setQueryData(api.fleet.list.queryKey(), (known) => known && { ...known });
  fake.push({ type: "standstill", kind: "stoodStill", ms: 60_000 });
  await vi.waitFor(() => expect(ended.at(-1)).toBe("stoodStill 60000"));
  expect(cache.getQueryState(api.fleet.list.queryKey())?.isInvalidated).toBe(true);
  stop();
});
