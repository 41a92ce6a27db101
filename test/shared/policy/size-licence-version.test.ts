import fc from "fast-check";
import { expect, test } from "vitest";
import { checkEdition, checkLicence, checkMigration } from "../../../shared/policy/edition-and-licence.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { checkEnvironmentKinds, checkResize, checkTestSize } from "../../../shared/policy/size.ts";
import { checkFreeSandbox, trainDays, updateTrain } from "../../../shared/policy/update-train.ts";
import { checkFixes, checkVersion, compareVersions, versionSupport } from "../../../shared/policy/version-support.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const production = { vcpus: 4, memoryMiB: 16_384, diskGiB: 101 };

test.each([
  ["exactly half", { vcpus: 2, memoryMiB: 8_192, diskGiB: 50.5 }, true],
  ["half, rounded down", { vcpus: 2, memoryMiB: 8_192, diskGiB: 50 }, true],
  ["disk rounded up", { vcpus: 2, memoryMiB: 8_192, diskGiB: 51 }, false],
  ["one MiB more", { vcpus: 2, memoryMiB: 8_193, diskGiB: 50 }, false],
  ["one vCPU more", { vcpus: 3, memoryMiB: 8_192, diskGiB: 50 }, false],
])("R8: a test environment of %s of production", (_, size, allowed) => {
  const verdict = checkTestSize(OB, "test", production, size);
  expect(verdict).toMatchObject({ rule: "R8", allowed, source: "OB:44" });
  expect(verdict.overridable ?? false).toBe(!allowed);
});

test("R8: growing production never turns an allowed test environment into a refused one", { timeout: 60_000 }, () => {
  const size = fc.record({ vcpus: fc.nat(200), memoryMiB: fc.nat(1_000_000), diskGiB: fc.nat(16_384) });
  fc.assert(
    fc.property(size, size, size, (test, small, growth) => {
      const big = {
        vcpus: small.vcpus + growth.vcpus,
        memoryMiB: small.memoryMiB + growth.memoryMiB,
        diskGiB: small.diskGiB + growth.diskGiB,
      };
      return !checkTestSize(OB, "test", small, test).allowed || checkTestSize(OB, "test", big, test).allowed;
    }),
  );
});

test.each([
  ["R1 one production", OB, ["production"], [["R1", true]]],
  ["R1 none", OB, [], [["R1", false]]],
  ["R1 two", OB, ["production", "production"], [["R1", false]]],
  [
    "R8 two tests",
    OB,
    ["production", "test", "test"],
    [
      ["R1", true],
      ["R8", false],
    ],
  ],
  [
    "R8 a sandbox at Openbravo (gap h)",
    OB,
    ["production", "sandbox"],
    [
      ["R1", true],
      ["R8", false],
    ],
  ],
  [
    "R27 a test host at Acumatica",
    AC,
    ["production", "test"],
    [
      ["R1", true],
      ["R27", false],
    ],
  ],
  [
    "R28 two sandboxes at Acumatica",
    AC,
    ["production", "sandbox", "sandbox"],
    [
      ["R1", true],
      ["R28", true],
    ],
  ],
] as const)("environments: %s", (_, profile, kinds, expected) => {
  expect(checkEnvironmentKinds(profile, kinds).map((one) => [one.rule, one.allowed])).toEqual(expected);
});

test.each([
  ["R2", OB, "production", true],
  ["R2", OB, "test", false],
  ["R25", AC, "production", true],
  ["R25", AC, "sandbox", false],
] as const)("%s: scaling of %s.id %s", (rule, profile, kind, allowed) => {
  expect(checkResize(profile, kind)).toMatchObject({ rule, allowed });
});

test.each([
  [OB, "commerce", "R76", true],
  [OB, "business", "R76", true],
  [OB, "enterprise", "R76", false],
  [AC, "prime", "R76", true],
  [AC, "commerce", "R76", false],
  [AC, "enterprise-private-cloud", "R112", true],
] as const)("R76 and R112: %s.id sold with %s", (profile, edition, rule, allowed) => {
  expect(checkEdition(profile, edition)).toMatchObject({ rule, allowed });
});

test.each([
  ["commerce", 10, 20, true],
  ["commerce", 9, 20, false],
  ["commerce", 10, 19, false],
  ["business", 20, 0, true],
  ["business", 19, 0, false],
] as const)("R77: %s with %i users and %i POS terminals", (edition, users, posTerminals, allowed) => {
  expect(checkLicence(OB, { edition, users, posTerminals })).toMatchObject({ rule: "R77", allowed });
});

test("R78: no number of users or terminals is too high", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.integer({ min: 20 }), fc.integer({ min: 20 }), (users, posTerminals) => {
      return checkLicence(OB, { edition: "commerce", users, posTerminals }).allowed;
    }),
  );
});

test("R78: a profile with a maximum refuses above it", () => {
  const capped = { ...OB, editions: { ...OB.editions, maximumUsers: 30 } };
  const licence = { edition: "commerce", posTerminals: 20 } as const;
  expect(checkLicence(capped, { ...licence, users: 30 }).allowed).toBe(true);
  expect(checkLicence(capped, { ...licence, users: 31 })).toMatchObject({ rule: "R78", allowed: false });
});

test("R26: Acumatica asks for no number of users", () => {
  expect(checkLicence(AC, { edition: "select", users: 0, posTerminals: 0 })).toMatchObject({
    rule: "R26",
    allowed: true,
  });
});

test.each([
  ["commerce", "RR15Q2", true],
  ["commerce", "RR15Q1.9", false],
  ["commerce", "RR15Q2.1", true],
  ["business", "PR15Q2", true],
  ["business", "PR14Q4", false],
  ["business", "3.0PR24Q1", true],
  ["business", "unknown", false],
] as const)("R92: %s migrates in with %s", (edition, version, allowed) => {
  expect(checkMigration(OB, edition, version)).toMatchObject({ rule: "R92", allowed });
});

test.each([
  ["PR24Q2", "PR24Q3", -1],
  ["PR24Q4", "PR25Q1", -1],
  ["PR24Q2", "PR24Q2.1", -1],
  ["PR24Q2.10", "PR24Q2.9", 1],
  ["RR24Q2", "PR24Q2", 0],
  ["2024 R2", "2025 R1", -1],
  ["24.210.0015", "24.209.9999", 1],
  ["one", "two", undefined],
])("version %s against %s", (left, right, sign) => {
  const order = compareVersions(left, right);
  expect(order === undefined ? undefined : Math.sign(order)).toBe(sign);
});

const releases = ["PR24Q3", "PR24Q4", "PR25Q1", "PR25Q2", "PR25Q3"];

test.each([
  ["PR25Q3", "current", 3],
  ["PR25Q3.2", "current", 3],
  ["PR25Q4", "current", 3],
  ["PR25Q2", "supported", 2],
  ["PR25Q1", "supported", 1],
  ["PR24Q4", "last", 0],
  ["PR24Q4.1", "last", 0],
  ["PR24Q3", "unsupported", null],
  ["PR24Q3.9", "unsupported", null],
  ["PR19Q1", "unsupported", null],
  ["unreadable", "unknown", null],
])("R42: %s is %s and leaves support in %s releases", (version, state, leavesInReleases) => {
  expect(versionSupport(OB, version, releases)).toEqual({ state, leavesInReleases });
  expect(checkVersion(OB, version, releases)).toMatchObject({
    rule: "R42",
    allowed: state !== "unsupported" && state !== "unknown",
  });
});

test("R42: with fewer releases than are supported every known one is in support", () => {
  expect(versionSupport(OB, "PR25Q2", ["PR25Q2", "PR25Q3"])).toEqual({ state: "supported", leavesInReleases: 2 });
  expect(versionSupport(OB, "PR25Q2", [])).toEqual({ state: "unknown", leavesInReleases: null });
  expect(versionSupport(OB, null, releases)).toEqual({ state: "unknown", leavesInReleases: null });
});

test("R42: a new release never lengthens the support of an older one", { timeout: 60_000 }, () => {
  const rank = ["current", "supported", "last", "unsupported"];
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(11), (count, index) => {
      const known = Array.from({ length: count }, (_, one) => `r${one + 1}`);
      const version = known[index % count]!;
      const before = versionSupport(OB, version, known).state;
      const after = versionSupport(OB, version, [...known, `r${count + 1}`]).state;
      return rank.indexOf(after) >= rank.indexOf(before);
    }),
  );
});

test("R46: Acumatica refuses no known version; only the contract can name a number of supported releases", () => {
  expect(checkVersion(AC, "2023 R1", ["2023 R1", "2023 R2"])).toMatchObject({ rule: "R46", allowed: true });
  const counted = { ...AC, fromContract: { supportedReleases: 1 } };
  expect(checkVersion(counted, "2023 R1", ["2023 R1", "2023 R2"])).toMatchObject({ rule: "R46", allowed: false });
});

test("R46 and R47: updates come monthly and upgrades half-yearly, by themselves unless the customer keeps the timing", () => {
  const tenant = { lastUpdateOn: "2026-01-31", lastUpgradeOn: "2025-08-31", isFlex: false };
  expect(updateTrain(AC, tenant)).toEqual({
    rule: "R46",
    source: "AC:3,4",
    updateOn: "2026-02-28",
    upgradeOn: "2026-02-28",
    isAutomatic: true,
  });
  expect(updateTrain(AC, { ...tenant, isFlex: true })).toMatchObject({ rule: "R47", isAutomatic: false });
  expect(updateTrain(OB, tenant)).toBeNull();
});

const train = { lastUpdateOn: "2026-01-31", lastUpgradeOn: "2025-10-31", isFlex: false };

test("R46: a day that passed is overdue, unless the newest release runs: then the next day of the train counts", () => {
  expect(updateTrain(AC, train, "2026-06-10")).toMatchObject({ updateOn: "2026-02-28", upgradeOn: "2026-04-30" });
  const newest = { ...train, isNewest: true };
  expect(updateTrain(AC, newest, "2026-06-10")).toMatchObject({ updateOn: "2026-06-30", upgradeOn: "2026-10-31" });
  expect(updateTrain(AC, newest, "2026-06-30")).toMatchObject({ updateOn: "2026-06-30" });
});

test("R46, R47: the train has a day each month, an upgrade takes the update's place, and Flex lifts them all", () => {
  const days = trainDays(AC, train, "2026-02-01", "2026-06-01").map(({ kind, on }) => `${on} ${kind}`);
  expect(days).toEqual(["2026-02-28 update", "2026-03-31 update", "2026-04-30 upgrade", "2026-05-31 update"]);
  expect(trainDays(AC, { ...train, isFlex: true }, "2026-02-01", "2026-06-01")).toEqual([]);
  expect(trainDays(OB, train, "2026-02-01", "2026-06-01")).toEqual([]);
});

test("R46: days of the train never drift, are one a month, and do not depend on where the range begins", () => {
  const day = fc
    .date({ min: new Date("2024-01-01"), max: new Date("2026-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 10));
  fc.assert(
    fc.property(day, day, (anchor, from) => {
      const facts = { lastUpdateOn: anchor, lastUpgradeOn: anchor, isFlex: false };
      const all = trainDays(AC, facts, anchor, "2028-01-01").map(({ on }) => on);
      expect(new Set(all.map((on) => on.slice(0, 7))).size).toBe(all.length);
      for (const on of all) expect(on > anchor && on.slice(8) <= anchor.slice(8)).toBe(true);
      expect(trainDays(AC, facts, from, "2028-01-01").map(({ on }) => on)).toEqual(all.filter((on) => on >= from));
      const next = updateTrain(AC, { ...facts, isNewest: true }, from)!;
      expect(next.updateOn >= from && next.updateOn > anchor && next.upgradeOn >= next.updateOn).toBe(true);
    }),
  );
});

test.each([
  ["before the automatic upgrade", train, "2026-04-30", true],
  ["after it was due", train, "2026-05-01", false],
  ["for a customer who keeps the timing", { ...train, isFlex: true }, "2026-03-01", false],
] as const)("R30: a sandbox is free %s", (_, facts, today, allowed) => {
  expect(checkFreeSandbox(AC, facts, today)).toMatchObject({ rule: "R30", allowed, source: "AC:4" });
});

test.each([
  ["PR25Q3", true],
  ["PR24Q3", false],
])("R113: %s gets fixes: %s", (version, allowed) => {
  expect(checkFixes(OB, version, releases)).toMatchObject({ rule: "R113", allowed });
});
