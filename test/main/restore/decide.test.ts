import { expect, test } from "vitest";
import { verdictWords } from "../../../renderer/app/i18n/verdicts.ts";
import { type DecideFacts, planRestore } from "../../../main/restore/decide.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { standingRefusals } from "../../../shared/policy/verdict.ts";
import type { RestoreOrder, RestoreSource } from "../../../shared/restore/model.ts";

const at = (text: string) => new Date(text);
const manifest = {
  tenantId: "acme",
  environment: "production",
  version: "26Q2",
  licenceFingerprint: "9f",
  systemIdentifier: "77",
  relations: [{ name: "orders", rows: 100 }],
  newestTransactionAt: at("2026-03-02T19:00:00Z"),
  databaseBytes: 1000,
};
const source: RestoreSource = {
  id: "snap-1",
  kind: "snapshot",
  region: "eu-west-1",
  tenantId: "acme",
  environment: "production",
  version: "26Q2",
  systemIdentifier: "77",
  label: "before the import",
  takenAt: at("2026-03-02T19:00:00Z"),
  sizeGiB: 100,
  grade: "quiesced",
  isComplete: true,
  manifest,
  isAtRest: true,
  keptUntil: null,
};
const host = { tenantId: "acme", licence: { installed: true, valid: true, fingerprint: "9f" } };
const production: NonNullable<DecideFacts["target"]> = {
  ...{ kind: "production", name: "acme production", domain: "acme.example", version: "26Q2", region: "eu-west-1" },
  ...{ instanceType: "m6i.large", volumeGiB: 100, host },
  manifest: {
    ...manifest,
    relations: [{ name: "orders", rows: 130 }],
    newestTransactionAt: at("2026-03-02T20:50:00Z"),
  },
};
const facts: DecideFacts = {
  ...{ purpose: "restore", tenantId: "acme", customerZone: "Europe/Madrid", profile: profileOf("openbravo") },
  ...{ source, target: production, productionGiB: 100, productionVersion: "26Q2", residency: null },
  images: ["26Q1", "26Q2", "26Q3"].map((version) => ({ imageId: `ami-${version}`, version })),
  ...{ quota: { limit: 20, used: 3 }, work: [], openCase: null },
  now: at("2026-03-02T21:00:00Z"),
};
const order: Omit<RestoreOrder, "tenant" | "source"> = {
  ...{ target: "production", reason: "vendor", keepDays: 7, overrides: {} },
  papers: { approval: null, fee: null, evaluation: null, bestEffortAcceptedBy: null },
};
const refusals = (changedOrder: Partial<typeof order> = {}, changed: Partial<DecideFacts> = {}) =>
  standingRefusals(planRestore({ ...order, ...changedOrder }, { ...facts, ...changed }).verdicts).map(
    ({ rule, facts: told }) => String(told?.["case"] ?? rule),
  );

test("at night, by the vendor, of a whole copy: nothing stands in the way, and what is lost is counted", () => {
  const plan = planRestore(order, facts);
  expect(plan.allowed).toBe(true);
  expect(plan.losses).toEqual({
    relations: [{ name: "orders", now: 130, copied: 100 }],
    newestNow: at("2026-03-02T20:50:00Z"),
    newestThen: at("2026-03-02T19:00:00Z"),
  });
  expect(plan.identity.map(({ side, tenantId }) => [side, tenantId])).toEqual([
    ["tags", "acme"],
    ["data", "acme"],
    ["host", "acme"],
  ]);
  expect(plan.keptUntil).toEqual(at("2026-03-09T21:00:00Z"));
});

test("a copy in another region is allowed, and the plan says that it is brought home first", () => {
  const plan = planRestore(order, { ...facts, source: { ...source, region: "us-east-1" } });
  expect(plan.allowed).toBe(true);
  expect(plan.verdicts).toContainEqual(
    expect.objectContaining({
      allowed: true,
      facts: { case: "source.region", region: "us-east-1", target: production.region },
    }),
  );
});

test.each<[string, Partial<typeof order>, Partial<DecideFacts>, string[]]>([
  ["R52: what the customer lost itself, without papers", { reason: "customer-caused" }, {}, ["papers.missing"]],
  ["R67: an individual restore nobody accepted", { reason: "individual" }, {}, ["papers.notAccepted"]],
  ["R72: over production at noon in Madrid", {}, { now: at("2026-03-02T11:00:00Z") }, ["businessHours.inside"]],
  [
    "R72: overridden with a reason",
    { overrides: { R72: "The customer asked for it by phone." } },
    { now: at("2026-03-02T11:00:00Z") },
    [],
  ],
  ["a disaster waits for no hours", { reason: "disaster" }, { now: at("2026-03-02T11:00:00Z") }, []],
  ["a copy of another tenant", {}, { source: { ...source, tenantId: "bolt" } }, ["identity.tags"]],
  [
    "an override does not reach identity",
    { overrides: { identity: "sure" } },
    { source: { ...source, tenantId: "bolt" } },
    ["identity.tags"],
  ],
  ["a copy without a manifest", {}, { source: { ...source, manifest: null } }, ["identity.noManifest"]],
  ["a copy that is not complete", {}, { source: { ...source, isComplete: false } }, ["source.partial"]],
  ["no room in the account", {}, { quota: { limit: 3, used: 3 } }, ["source.quotaFull"]],
  ["another restore is open", {}, { openCase: "other" }, ["source.open"]],
  ["a target that is silent", {}, { target: { ...production, host: null } }, ["identity.silent"]],
])("%s", (_, changedOrder, changed, expected) => {
  expect(refusals(changedOrder, changed)).toEqual(expected);
  const { verdicts } = planRestore({ ...order, ...changedOrder }, { ...facts, ...changed });
  const untold = verdicts.filter(
    (one) => /\{\{|undefined/.test(verdictWords(one, "fr")) || verdictWords(one, "fr") === one.reason,
  );
  expect(untold).toEqual([]);
});

test("R71: a copy that is newer than the target is refused, and the way that is open is offered", () => {
  const newer = { ...source, version: "26Q3", manifest: { ...manifest, version: "26Q3" } };
  const plan = planRestore(order, { ...facts, source: newer });
  expect(standingRefusals(plan.verdicts).map(({ rule }) => rule)).toEqual(["R71"]);
  expect(plan.remedy).toEqual({ target: "beside", onVersion: "26Q3", imageId: "ami-26Q3" });
  // The way that was offered is open.
  expect(planRestore({ ...order, target: "beside", onVersion: "26Q3" }, { ...facts, source: newer }).allowed).toBe(
    true,
  );
});

test("R71: without an image of the copy's version no way is offered", () => {
  const lost = { ...source, version: "27Q1", manifest: { ...manifest, version: "27Q1" } };
  const plan = planRestore(order, { ...facts, source: lost });
  expect([plan.allowed, plan.remedy]).toEqual([false, null]);
});

const test1 = { ...production, kind: "test" as const, name: "acme test", volumeGiB: 50 };
const refreshFacts: Partial<DecideFacts> = { purpose: "refresh", source: null, target: test1 };

test("R28: a refresh says what the test environment loses and that its volume grows", () => {
  const plan = planRestore({ ...order, target: "test" }, { ...facts, ...refreshFacts });
  expect(plan.allowed).toBe(true);
  expect(plan.volumeGiB).toBe(100);
  expect(plan.verdicts.map(({ facts: told }) => told?.["case"])).toEqual(
    expect.arrayContaining(["refresh.loses", "refresh.grows"]),
  );
  expect(plan.losses?.relations).toEqual([{ name: "orders", now: 130, copied: null }]);
});

test("R29: Acumatica charges a refresh, Openbravo's text is silent", () => {
  const acumatica = { ...refreshFacts, profile: profileOf("acumatica") };
  expect(refusals({ target: "sandbox" }, { ...acumatica, target: { ...test1, kind: "sandbox" } })).toEqual([
    "papers.missing",
  ]);
  const papers = { ...order.papers, fee: "ledger 12" };
  expect(refusals({ target: "sandbox", papers }, { ...acumatica, target: { ...test1, kind: "sandbox" } })).toEqual([]);
});

test("a refresh near a planned upgrade is refused until after it, or overridden", () => {
  const work = [
    {
      ...{ environment: "production" as const, kind: "application", title: "26Q3" },
      ...{ startsAt: at("2026-03-05T21:00:00Z"), endsAt: at("2026-03-05T23:00:00Z") },
    },
  ];
  const plan = planRestore({ ...order, target: "test" }, { ...facts, ...refreshFacts, work });
  expect(standingRefusals(plan.verdicts)).toMatchObject([
    { rule: "overlap", earliest: "2026-03-05T23:00:00.000Z", overridable: true },
  ]);
  expect(refusals({ target: "test", overrides: { overlap: "asked for" } }, { ...refreshFacts, work })).toEqual([]);
});
