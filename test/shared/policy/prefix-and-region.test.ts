import { expect, test } from "vitest";
import {
  checkCertificate,
  checkCustomDomain,
  checkPrefix,
  labelFault,
} from "../../../shared/policy/prefix-and-domain.ts";
import type { PolicyProfile } from "../../../shared/policy/profile.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { checkCompliance, checkRegion, checkResidency } from "../../../shared/policy/region.ts";

const OB = profileOf("openbravo");
const AC = profileOf("acumatica");
const now = new Date("2026-03-02T12:00:00Z");

test.each([
  ["acme", true],
  ["a", true],
  ["3m", true],
  ["a".repeat(63), true],
  ["a".repeat(64), false],
  ["", false],
  ["Acme", false],
  ["acme_foods", false],
  ["acme.foods", false],
  ["-acme", false],
  ["acme-", false],
  ["xn--acme", false],
  ["ácme", false],
  ["acme foods", false],
  ["acme'; drop table tenant;--", false],
  ["www", false],
  ["admin", false],
  ["globex", false],
])("R10 and R12: the prefix %j is allowed: %s", (prefix, allowed) => {
  const verdicts = [OB, AC].map((profile) => checkPrefix(profile, prefix, ["Globex"]));
  expect(verdicts.map((one) => [one.rule, one.allowed])).toEqual([
    ["R10", allowed],
    ["R12", allowed],
  ]);
});

test("R10: the restrictions of the contract are applied once somebody entered them (gap e)", () => {
  const restricted: PolicyProfile = {
    ...OB,
    fromContract: { prefixRestrictions: { minimumLength: 4, maximumLength: 8, forbiddenWords: ["Bank"] } },
  };
  const allowed = (prefix: string) => checkPrefix(restricted, prefix, []).allowed;
  expect(["abc", "abcd", "abcdefgh", "abcdefghi", "mybank"].map(allowed)).toEqual([false, true, true, false, false]);
  expect(checkPrefix(OB, "abc", []).allowed).toBe(true);
});

test("a label is at fault or free of it, never both", () => {
  expect(labelFault("acme")).toBeUndefined();
  expect(labelFault("ac--me")).toMatch(/international/);
});

test.each([
  ["R11", OB, "erp.acme.example", true, false],
  ["R12", AC, "erp.acme.example", true, true],
  ["R12", AC, "erp.acme.example", false, false],
  ["R12", AC, "localhost", true, false],
  ["R12", AC, "erp..example", true, false],
  ["R12", AC, "erp.acme example", true, false],
] as const)("%s: a domain of the customer's own, case %#", (rule, profile, domain, hasCertificate, allowed) => {
  expect(checkCustomDomain(profile, domain, hasCertificate)).toMatchObject({ rule, allowed });
});

test.each([
  ["2026-05-02T12:00:00Z", true, null],
  ["2026-05-01T12:00:00Z", true, 60],
  ["2026-04-01T12:00:00Z", true, 30],
  ["2026-03-09T12:00:00Z", true, 7],
  ["2026-03-02T12:00:00Z", false, 7],
])("R13: a certificate that ends %s reaches the step of the watch", (notAfter, allowed, stepDays) => {
  const verdict = checkCertificate(AC, new Date(notAfter), now);
  expect([verdict.rule, verdict.allowed, verdict.facts?.stepDays]).toEqual(["R13", allowed, stepDays]);
});

test.each([
  ["a default region", "eu-west-1", [], true],
  ["the other default region", "us-east-1", [], true],
  ["another region", "ca-central-1", [], false],
  ["a recorded exception", "ca-central-1", [{ region: "ca-central-1", document: "exception.pdf" }], true],
  ["an exception for another region", "ca-central-1", [{ region: "eu-west-3", document: "exception.pdf" }], false],
  ["an exception without a document", "ca-central-1", [{ region: "ca-central-1", document: " " }], false],
  ["an exception on its last day", "eu-west-3", [{ region: "eu-west-3", document: "d", until: "2026-03-02" }], true],
  ["an ended exception", "eu-west-3", [{ region: "eu-west-3", document: "d", until: "2026-03-01" }], false],
])("R14: %s", (_, region, exceptions, allowed) => {
  expect(checkRegion(OB, region, exceptions, now)).toMatchObject({ rule: "R14", allowed });
});

test("R14 names no list for Acumatica, so every region is allowed there", () => {
  expect(checkRegion(AC, "ap-south-1", [], now)).toMatchObject({ allowed: true });
});

test.each([
  [null, "us-east-1", true],
  ["CA", "ca-central-1", true],
  ["ca", "ca-central-1", true],
  ["CA", "us-east-1", false],
  ["XX", "us-east-1", false],
  ["__proto__", "us-east-1", false],
])("R15: residency %s in %s", (residency, region, allowed) => {
  expect(checkResidency(AC, residency, region)).toMatchObject({ rule: "R15", allowed });
});

test("R16: a compliance need is open until it was examined", () => {
  const need = { name: "data centre audit", examined: false };
  expect(checkCompliance([need])).toMatchObject({ rule: "R16", allowed: false });
  expect(checkCompliance([{ ...need, examined: true }]).allowed).toBe(true);
});
