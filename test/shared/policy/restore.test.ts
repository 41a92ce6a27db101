import { expect, test } from "vitest";
import { profileOf } from "../../../shared/policy/profiles.ts";
import {
  checkBestEffort,
  checkCleanUp,
  checkExportFile,
  checkRefresh,
  checkRestore,
  checkSnapshotDeletion,
  checkSnapshotSpace,
  checkSourceVersion,
  type RestoreFacts,
  storageBar,
} from "../../../shared/policy/restore.ts";
import { standingRefusals } from "../../../shared/policy/verdict.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const at = (text: string) => new Date(text);
const facts: RestoreFacts = {
  reason: "vendor",
  approval: null,
  fee: null,
  evaluation: null,
  bestEffortAcceptedBy: null,
  overwritesProduction: false,
  freshSnapshot: false,
  startsAt: at("2026-03-02T21:00:00Z"),
  customerZone: "Europe/Madrid",
  sourceVersion: "PR25Q1",
  targetVersion: "PR25Q1",
  exported: false,
};

test.each<[string, "openbravo" | "acumatica", Partial<RestoreFacts>, string[]]>([
  ["the vendor's own", "openbravo", {}, []],
  ["R52 caused by the customer, without papers", "openbravo", { reason: "customer-caused" }, ["R52"]],
  ["R52 without the fee", "openbravo", { reason: "customer-caused", approval: "mail.eml" }, ["R52"]],
  ["R52 with approval and fee", "openbravo", { reason: "customer-caused", approval: "mail.eml", fee: "fee 12" }, []],
  ["R64 caused by the customer, with its fee", "acumatica", { reason: "customer-caused", fee: "fee 12" }, []],
  ["R64 caused by the customer, without", "acumatica", { reason: "customer-caused" }, ["R64"]],
  ["R66 a kept copy without evaluation", "acumatica", { reason: "kept-copy", fee: "fee 12" }, ["R66"]],
  ["R66 a kept copy, evaluated", "acumatica", { reason: "kept-copy", fee: "fee 12", evaluation: "case 9" }, []],
  ["R67 individual, not accepted", "acumatica", { reason: "individual" }, ["R67"]],
  ["R67 individual, accepted", "acumatica", { reason: "individual", bestEffortAcceptedBy: "J. Doe" }, []],
  ["R71 exported, other version", "acumatica", { exported: true, sourceVersion: "PR24Q4" }, ["R71"]],
  ["R71 exported, same version", "acumatica", { exported: true }, []],
  ["R71 stored, other version", "acumatica", { sourceVersion: "PR24Q4" }, []],
  ["R72 over production without a snapshot", "acumatica", { overwritesProduction: true }, ["R72"]],
  ["R72 over production at night", "acumatica", { overwritesProduction: true, freshSnapshot: true }, []],
  [
    "R72 over production at noon",
    "acumatica",
    { overwritesProduction: true, freshSnapshot: true, startsAt: at("2026-03-02T11:00:00Z") },
    ["R72"],
  ],
  [
    "R72 in a disaster at noon",
    "acumatica",
    { reason: "disaster", overwritesProduction: true, freshSnapshot: true, startsAt: at("2026-03-02T11:00:00Z") },
    [],
  ],
])("restore: %s", (_, service, more, refused) => {
  expect(standingRefusals(checkRestore(profileOf(service), { ...facts, ...more })).map((one) => one.rule)).toEqual(
    refused,
  );
});

test("R67: blanks are no acceptance", () => {
  expect(checkBestEffort(AC, "  ")).toMatchObject({ rule: "R67", allowed: false });
});

test.each([
  [100, 40, 20, true],
  [100, 40, 21, false],
  [100, 120, 0, false],
])(
  "R68: of %i bought bytes, a database of %i beside %i of snapshots leaves room for one more: %s",
  (purchasedBytes, databaseBytes, snapshotBytes, allowed) => {
    const storage = { purchasedBytes, databaseBytes, snapshotBytes };
    expect(checkSnapshotSpace(AC, storage)).toMatchObject({ rule: "R68", allowed });
    expect(storageBar(storage).freeBytes).toBeGreaterThanOrEqual(0);
  },
);

test("R69: the storage bar adds up", () => {
  expect(storageBar({ purchasedBytes: 100, databaseBytes: 40, snapshotBytes: 21 })).toEqual({
    dataBytes: 40,
    snapshotBytes: 21,
    freeBytes: 39,
  });
});

test.each([
  ["2026-03-08T00:00:00Z", true],
  ["2026-03-09T00:00:00Z", false],
])("R70: a snapshot of 2 March is left alone on %s: %s", (now, allowed) => {
  expect(checkCleanUp(AC, at("2026-03-02T00:00:00Z"), at(now))).toMatchObject({ rule: "R70", allowed });
});

test("R73: a snapshot is deleted only by its name typed in full, and a missing copy is said", () => {
  const asked = { name: "before-upgrade", typed: "before", hasExportedCopy: false };
  const verdict = checkSnapshotDeletion(AC, asked);
  expect(verdict).toMatchObject({ rule: "R73", allowed: false });
  expect(verdict.reason).toMatch(/No exported copy/);
  expect(checkSnapshotDeletion(AC, { ...asked, typed: "before-upgrade" }).allowed).toBe(true);
});

test("R74: an export file's end is known once the contract names its days", () => {
  const prepared = at("2026-03-02T00:00:00Z");
  expect(checkExportFile(AC, prepared, at("2027-01-01T00:00:00Z")).allowed).toBe(true);
  const named = { ...AC, fromContract: { exportFileDays: 3 } };
  expect(checkExportFile(named, prepared, at("2026-03-05T00:00:00Z"))).toMatchObject({ rule: "R74", allowed: true });
  expect(checkExportFile(named, prepared, at("2026-03-05T00:00:01Z")).allowed).toBe(false);
});

test("R75 and R93: the copies of both services may leave for the customer's own premises", () => {
  expect([AC.restores.targets.rule, OB.restores.targets.rule]).toEqual(["R75", "R93"]);
});

const refreshed = {
  ...{ target: "sandbox" as const, fee: null, neededGiB: 100, targetGiB: 50 },
  lastChangeAt: at("2026-03-01T09:30:00Z"),
};
test("R28: a refresh says when the test data was changed last, since that is lost", () => {
  expect(checkRefresh(OB, refreshed)[0]).toMatchObject({
    ...{ rule: "R28", allowed: true },
    facts: { case: "refresh.loses", changedAt: "2026-03-01T09:30:00Z" },
  });
  expect(checkRefresh(OB, { ...refreshed, lastChangeAt: null })[0]?.facts).toMatchObject({
    case: "refresh.losesUnknown",
  });
});

test.each<[string, "openbravo" | "acumatica", string | null, string[]]>([
  ["R29: Acumatica charges it", "acumatica", null, ["R29"]],
  ["R29: with its fee line it runs", "acumatica", "ledger 7", []],
  ["R29: Openbravo's text names no fee", "openbravo", null, []],
])("%s", (_, service, fee, refused) => {
  const verdicts = checkRefresh(profileOf(service), { ...refreshed, fee });
  expect(standingRefusals(verdicts).map(({ rule }) => rule)).toEqual(refused);
});

test("R29: production's data has to fit, so that a test volume may grow beyond R8's share", () => {
  expect(checkRefresh(OB, refreshed)[1]).toMatchObject({ allowed: true, facts: { case: "refresh.grows" } });
  expect(checkRefresh(OB, { ...refreshed, targetGiB: 100 })[1]).toMatchObject({ facts: { case: "refresh.fits" } });
});

test.each<[string, string | null, string | null, boolean, boolean, string]>([
  ["the same", "26Q2", "26Q2", true, true, "same"],
  ["an older copy is upgraded", "26Q1", "26Q2", true, true, "older"],
  ["a newer copy, with an image of its version", "26Q3", "26Q2", true, false, "newer"],
  ["a newer copy, without one", "26Q3", "26Q2", false, false, "newerNoImage"],
  ["a copy of unknown version", null, "26Q2", true, false, "unknown"],
  ["a target of unknown version", "26Q2", null, true, false, "unknown"],
])("R71: %s", (_, sourceVersion, targetVersion, hasImage, allowed, name) => {
  expect(checkSourceVersion(OB, { sourceVersion, targetVersion, hasImage })).toMatchObject({
    ...{ rule: "R71", allowed, facts: { case: `copyVersion.${name}` } },
  });
});
