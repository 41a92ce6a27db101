import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { FRENCH_VERDICTS, verdictWords } from "../../../renderer/app/i18n/verdicts.ts";
import { checkMajorChange, checkWeeklyAverage } from "../../../shared/policy/counters.ts";
import { checkEdition, checkLicence, checkMigration } from "../../../shared/policy/edition-and-licence.ts";
import { checkImpact, checkNotice } from "../../../shared/policy/notice.ts";
import { checkCertificate, checkCustomDomain, checkPrefix } from "../../../shared/policy/prefix-and-domain.ts";
import type { PolicyProfile } from "../../../shared/policy/profile.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { type AccountQuota, checkProvisioning } from "../../../shared/policy/provisioning.ts";
import { checkCompliance, checkRegion, checkResidency } from "../../../shared/policy/region.ts";
import {
  checkCleanUp,
  checkExportFile,
  checkSnapshotDeletion,
  checkSnapshotSpace,
} from "../../../shared/policy/restore.ts";
import { checkEnvironmentKinds, checkResize, checkTestSize } from "../../../shared/policy/size.ts";
import { checkExclusion, checkMonth, type MonthEvents, slaMonth } from "../../../shared/policy/sla.ts";
import { checkFreeSandbox } from "../../../shared/policy/update-train.ts";
import type { Verdict } from "../../../shared/policy/verdict.ts";
import { checkFixes, checkVersion } from "../../../shared/policy/version-support.ts";
import {
  checkBackupOverlap,
  checkBusinessHours,
  checkOffPeak,
  checkStandardWindow,
} from "../../../shared/policy/windows.ts";
import { ProvisionRequest } from "../../../shared/tenant/model.ts";
import { DAY_MS } from "../../../shared/time.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const NOW = new Date("2026-03-01T10:00:00Z");
const at = (text: string) => new Date(text);
const window = (start: string, hours: number) => ({
  startsAt: at(start),
  endsAt: new Date(at(start).getTime() + hours * 3_600_000),
});

const strict: PolicyProfile = {
  ...OB,
  fromContract: {
    ...OB.fromContract,
    prefixRestrictions: { minimumLength: 3, maximumLength: 10, forbiddenWords: ["erp"] },
  },
};
const prefixes = [
  "gull",
  "",
  "a".repeat(70),
  "Gull",
  "gu_ll",
  "-gull",
  "gu--ll",
  "www",
  "gu",
  "a".repeat(11),
  "anerp",
  "taken",
].map((prefix) => checkPrefix(strict, prefix, ["taken"]));

const domains = [
  checkCustomDomain(OB, "erp.gull.example", true),
  checkCustomDomain(AC, "gull", true),
  checkCustomDomain(AC, "erp.gull.example", false),
  checkCustomDomain(AC, "erp.gull.example", true),
  checkCertificate(AC, NOW, NOW),
  checkCertificate(AC, new Date(NOW.getTime() + 100 * DAY_MS), NOW),
];

const exception = { region: "ca-central-1", document: "mail-12" };
const regions = [
  checkRegion(AC, "eu-west-1", [], NOW),
  checkRegion(OB, "eu-west-1", [], NOW),
  checkRegion(OB, "ca-central-1", [], NOW),
  checkRegion(OB, "ca-central-1", [exception], NOW),
  checkRegion(OB, "ca-central-1", [{ ...exception, until: "2026-01-01" }], NOW),
  checkResidency(AC, null, "eu-west-1"),
  checkResidency(AC, "CA", "eu-west-1"),
  checkResidency(AC, "CA", "ca-central-1"),
  checkResidency(AC, "XX", "eu-west-1"),
  checkCompliance([{ name: "HDS", examined: true }]),
  checkCompliance([{ name: "HDS", examined: false }]),
];

const licence = (users: number) => ({ edition: "business" as const, users, posTerminals: 0 });
const capped: PolicyProfile = { ...OB, editions: { ...OB.editions, maximumUsers: 30 } };
const editions = [
  checkEdition(OB, "business"),
  checkEdition(OB, "prime"),
  checkEdition(OB, "enterprise-private-cloud"),
  checkEdition(AC, "enterprise-private-cloud"),
  checkLicence(OB, licence(20)),
  checkLicence(OB, licence(1)),
  checkLicence(capped, licence(40)),
  checkLicence(AC, { edition: "prime", users: 1, posTerminals: 0 }),
  checkMigration(AC, "prime", "24.209"),
  ...["PR08", "RR26Q1", "?"].flatMap((version) => checkMigration(OB, "business", version)),
];

const RELEASES = ["24Q4", "25Q1", "25Q2", "25Q3", "25Q4", "26Q1", "26Q2"];
const versions = [
  ...RELEASES.flatMap((one) => [checkVersion(OB, one, RELEASES), checkVersion(AC, one, RELEASES)]),
  checkVersion(OB, "?", RELEASES),
  checkVersion(OB, "26Q2", []),
  checkVersion(AC, "26Q2", []),
  ...["26Q2", "24Q4", "?"].map((version) => checkFixes(OB, version, RELEASES)),
];

const size = (vcpus: number) => ({ vcpus, memoryMiB: vcpus * 4_096, diskGiB: vcpus * 25 });
const environments = [
  ...checkEnvironmentKinds(OB, []),
  ...checkEnvironmentKinds(OB, ["production", "test", "sandbox"]),
  ...checkEnvironmentKinds(OB, ["production", "production", "test"]),
  ...checkEnvironmentKinds(AC, ["production", "test", "sandbox"]),
  checkTestSize(OB, "test", size(4), size(2)),
  checkTestSize(OB, "test", size(4), size(3)),
  checkTestSize(AC, "sandbox", size(4), size(3)),
  checkResize(OB, "production"),
  checkResize(OB, "test"),
];

const order = (quota: AccountQuota | undefined, instanceType = "small") =>
  checkProvisioning({
    request: ProvisionRequest.parse({
      ...{ customer: "Gull", service: "openbravo", edition: "business", prefix: "gull", version: "26Q2" },
      ...{ accountId: "lab", region: "eu-west-1", users: 20, posTerminals: 0, invoiceDate: "2026-03-01" },
      ...{ owner: "Atelier", zone: "Europe/Paris" },
      environments: [
        { kind: "production", instanceType: "large", volumeGiB: 100 },
        { kind: "test", instanceType, volumeGiB: 50 },
      ],
    }),
    profile: OB,
    releases: RELEASES,
    sizes: [
      { instanceType: "large", vcpus: 4, memoryMiB: 16_384 },
      { instanceType: "small", vcpus: 2, memoryMiB: 8_192 },
    ],
    takenPrefixes: [],
    ...(quota && { quota }),
    now: NOW,
  });
const full = { used: 9, limit: 10 };
const orders = [
  ...order(undefined),
  ...order({ instances: { used: 0, limit: 10 } }),
  ...order({ instances: full, vcpus: full, volumes: full, volumeGiB: full, securityGroups: full }),
  ...order(undefined, "unheard-of"),
];

const PARIS = "Europe/Paris";
const notice = (part: Partial<Parameters<typeof checkNotice>[1]>) => ({
  ...{ kind: "major" as const, startsAt: at("2026-09-20T10:00:00Z"), announcedAt: NOW, interrupts: true },
  ...part,
});
const quick: PolicyProfile = {
  ...OB,
  notices: { ...OB.notices, standard: { ...OB.notices.standard, onlyWhenInterrupting: true } },
};
const standard = checkStandardWindow(OB, PARIS, window("2026-03-18T10:00:00Z", 1), NOW);
const calendar = [
  standard,
  checkStandardWindow(OB, PARIS, window(String(standard.facts?.["startsAt"]), 1), NOW),
  checkStandardWindow(AC, PARIS, window("2026-03-18T10:00:00Z", 1), NOW),
  checkBackupOverlap(OB, PARIS, window("2026-03-18T10:00:00Z", 1)),
  checkBackupOverlap(AC, PARIS, window("2026-03-18T10:00:00Z", 1)),
  checkBackupOverlap(AC, PARIS, window("2026-03-18T00:00:00Z", 1)),
  ...["2026-03-18T10:00:00Z", "2026-03-18T22:00:00Z"].flatMap((start) => [
    checkOffPeak(AC, PARIS, at(start)),
    checkBusinessHours(AC, PARIS, at(start)),
  ]),
  checkNotice(OB, notice({}), NOW),
  checkNotice(OB, notice({ startsAt: at("2026-03-01T11:00:00Z") }), NOW),
  checkNotice(quick, notice({ kind: "standard", interrupts: false }), NOW),
  checkNotice(AC, notice({ kind: "emergency" }), NOW),
  ...[true, false].flatMap((sameRegion) =>
    (["recovery", "disaster", "other"] as const).map((reason) =>
      checkNotice(OB, notice({ kind: "move", move: { sameRegion, reason } }), NOW),
    ),
  ),
  checkImpact(OB, false, ""),
  checkImpact(OB, true, "Tills stop."),
  checkImpact(OB, true, ""),
  checkMajorChange(AC, PARIS, window("2026-03-18T10:00:00Z", 1), []),
  checkMajorChange(OB, PARIS, window("2026-03-18T10:00:00Z", 1), []),
  checkMajorChange(OB, PARIS, window("2026-03-18T10:00:00Z", 90), []),
  checkMajorChange(
    OB,
    PARIS,
    window("2026-03-18T10:00:00Z", 1),
    Array.from({ length: 9 }, () => window("2026-03-02T10:00:00Z", 1)),
  ),
  checkWeeklyAverage(OB, window("2026-03-18T10:00:00Z", 1), []),
  checkWeeklyAverage(AC, window("2026-03-18T10:00:00Z", 1), []),
  checkWeeklyAverage(AC, window("2026-03-18T10:00:00Z", 9), []),
];

const storage = { purchasedBytes: 10_000_000, databaseBytes: 4_000_000, snapshotBytes: 0 };
const exporting: PolicyProfile = { ...AC, fromContract: { ...AC.fromContract, exportFileDays: 3 } };
const snapshots = [
  checkSnapshotSpace(OB, storage),
  checkSnapshotSpace(AC, storage),
  checkSnapshotSpace(AC, { ...storage, snapshotBytes: 4_000_000 }),
  checkCleanUp(OB, NOW, NOW),
  checkCleanUp(AC, NOW, NOW),
  checkCleanUp(AC, NOW, new Date(NOW.getTime() + 100 * DAY_MS)),
  ...[true, false].map((hasExportedCopy) =>
    checkSnapshotDeletion(AC, { name: "before-26q2", typed: "before-26q2", hasExportedCopy }),
  ),
  checkExportFile(AC, NOW, NOW),
  checkExportFile(exporting, NOW, NOW),
  checkExportFile(exporting, NOW, new Date(NOW.getTime() + 4 * DAY_MS)),
];

const slaWindow = {
  ...{ id: "w", kind: "standard" as const, ...window("2026-03-18T22:00:00Z", 1) },
  noticeProvenAt: at("2026-03-01T08:00:00Z"),
};
const promised: PolicyProfile = { ...OB, fromContract: { ...OB.fromContract, uptimePercent: 99.9 } };
const slaOf = (profile: PolicyProfile, part: Partial<MonthEvents> = {}) =>
  checkMonth(
    profile,
    slaMonth(profile, {
      ...{ month: "2026-03", zone: PARIS, environment: "production", down: [], unknown: [], windows: [], ...part },
    }),
  );
const sla = [
  checkExclusion(OB, slaWindow),
  checkExclusion(OB, { ...slaWindow, kind: "emergency" }),
  checkExclusion(OB, { ...slaWindow, noticeProvenAt: null }),
  checkExclusion(AC, { ...slaWindow, noticeProvenAt: at("2026-03-18T08:00:00Z") }),
  checkExclusion(OB, { ...slaWindow, kind: "major", noticeProvenAt: at("2025-03-01T08:00:00Z"), majorOfYear: 3 }),
  checkExclusion(AC, { ...slaWindow, minutesLeft: 0 }),
  slaOf(OB, { environment: "test" }),
  slaOf(OB, { unknown: [window("2026-01-01T00:00:00Z", 3_000)] }),
  slaOf(OB),
  slaOf(promised),
];

const train = { lastUpdateOn: "2026-01-31", lastUpgradeOn: "2025-10-31", isFlex: false };
const sandboxes = [
  checkFreeSandbox(OB, train, "2026-03-01"),
  checkFreeSandbox(AC, { ...train, isFlex: true }, "2026-03-01"),
  checkFreeSandbox(AC, train, "2026-03-01"),
  checkFreeSandbox(AC, train, "2026-06-01"),
];

const all: readonly Verdict[] = [
  ...[...prefixes, ...domains, ...regions, ...editions, ...versions],
  ...[...environments, ...orders, ...calendar, ...snapshots, ...sla, ...sandboxes],
];

test("every verdict of provisioning, of the calendar, of snapshots and of the SLA has its French sentence, with every figure put in", () => {
  const untold = all
    .map((verdict) => ({ verdict, words: verdictWords(verdict, "fr") }))
    .filter(({ verdict, words }) => words === verdict.reason || /\{\{|undefined|null/.test(words));
  expect(untold).toEqual([]);
});

/** The calendar's own order is decided in its area, and what the image and the networks allow by the plan. */
const ELSEWHERE = [
  "overlap.allowed",
  "overlap.refused",
  "blackout.allowed",
  "blackout.refused",
  "image.missing",
  "ssh.everybody",
];

/** Told in the tests of the plan of a restore, which gives them. */
const RESTORE = /^(identity|papers|overwrite|copyVersion|refresh|source|overlap\.upgrade)/;

test("every French sentence belongs to a verdict that can be given", () => {
  const given = all.flatMap(({ facts = {} }) =>
    Object.entries(facts).flatMap(([name, value]) => (/(^|\.)case$/.test(name) ? [String(value)] : [])),
  );
  const rest = Object.keys(FRENCH_VERDICTS).filter((one) => !RESTORE.test(one) && !ELSEWHERE.includes(one));
  expect(rest.filter((one) => !given.includes(one))).toEqual([]);
});

test("every sentence that a rule names in its source is known in French", () => {
  const root = path.resolve(import.meta.dirname, "../../../shared/policy");
  const areas = new Set(Object.keys(FRENCH_VERDICTS).map((one) => one.split(".")[0]));
  const named = readdirSync(root).flatMap((file) =>
    [...readFileSync(path.join(root, file), "utf8").matchAll(/"([a-z][A-Za-z]+)\.([A-Za-z]+)"/g)]
      .filter(([, area]) => areas.has(`${area}`))
      .map(([, area, name]) => `${area}.${name}`),
  );
  expect(named.length).toBeGreaterThan(40);
  expect(named.filter((one) => !(one in FRENCH_VERDICTS))).toEqual([]);
});

test("several limits that fall short are all told in French", () => {
  const quota = orders.find((one) => one.rule === "quota" && !one.allowed)!;
  const words = verdictWords(quota, "fr");
  for (const resource of ["instances", "vCPU", "volumes", "Gio de volumes", "groupes de sécurité"])
    expect(words).toContain(`(${resource})`);
});
