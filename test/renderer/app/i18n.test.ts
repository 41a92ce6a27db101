import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { en } from "../../../renderer/app/i18n/en.ts";
import { fr } from "../../../renderer/app/i18n/fr.ts";
import { FRENCH_VERDICTS, verdictWords } from "../../../renderer/app/i18n/verdicts.ts";
import { ERROR_CODES } from "../../../shared/errors.ts";
import { JOB_STATES } from "../../../shared/jobs/model.ts";
import { FAULT_NAMES } from "../../../shared/lab/model.ts";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { checkProvisioning } from "../../../shared/policy/provisioning.ts";
import { EDITIONS, ProvisionRequest } from "../../../shared/tenant/model.ts";
import { provisionSteps, ROLL_BACK_STEPS } from "../../../shared/tenant/provision-steps.ts";

const facts = (text: string) =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => `${match[1]}`).toSorted((a, b) => a.localeCompare(b));

test("French has every key of English and no other", () => {
  expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
});

test("no message is empty, and both languages put in the same facts", () => {
  for (const [key, words] of Object.entries(en)) {
    const french = fr[key as keyof typeof fr];
    expect([key, french.trim() === "", words.trim() === ""]).toEqual([key, false, false]);
    expect([key, facts(french)]).toEqual([key, facts(words)]);
  }
});

test("French punctuation keeps its space before colons, semicolons and question marks", () => {
  const careless = Object.entries(fr).filter(([, words]) => /[^\s\d](?::(?!\/)|;|\?|!)(\s|$)/.test(words));
  expect(careless).toEqual([]);
});

test("everything the console names has words", () => {
  const steps = [...provisionSteps(["production"]), ...ROLL_BACK_STEPS].map((step) =>
    step.replace(/^production: /, ""),
  );
  const keys = [
    ...ERROR_CODES.map((code) => `error.${code}`),
    ...JOB_STATES.map((state) => `jobState.${state}`),
    ...FAULT_NAMES.map((name) => `lab.faultName.${name}`),
    ...EDITIONS.map((edition) => `edition.${edition}`),
    ...steps.map((step) => `step.${step}`),
  ];
  expect(keys.filter((key) => !(key in en))).toEqual([]);
});

test("every key that the window asks for exists", () => {
  const root = path.resolve(import.meta.dirname, "../../../renderer");
  const known = new Set(Object.keys(en).flatMap((key) => [key, key.replace(/_(one|other)$/, "")]));
  const missing = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .flatMap((file) =>
      [...readFileSync(path.join(root, file), "utf8").matchAll(/\bt\("([^"]+)"/g)].map((match) => `${match[1]}`),
    )
    .filter((key) => !known.has(key));
  expect(missing).toEqual([]);
});

const request = (part: Partial<ProvisionRequest>) =>
  ProvisionRequest.parse({
    customer: "Gull",
    service: "openbravo",
    edition: "business",
    prefix: "gull",
    version: "26Q2",
    accountId: "lab",
    region: "eu-west-1",
    environments: [
      { kind: "production", instanceType: "large", volumeGiB: 100 },
      { kind: "test", instanceType: "small", volumeGiB: 50 },
    ],
    users: 20,
    posTerminals: 0,
    invoiceDate: "2026-03-01",
    owner: "Atelier",
    zone: "Europe/Paris",
    ...part,
  });

const verdictsOf = (part: Partial<ProvisionRequest>) =>
  checkProvisioning({
    request: request(part),
    profile: profileOf("openbravo"),
    releases: ["25Q2", "25Q3", "25Q4", "26Q1", "26Q2"],
    sizes: [
      { instanceType: "large", vcpus: 4, memoryMiB: 16_384 },
      { instanceType: "small", vcpus: 2, memoryMiB: 8_192 },
    ],
    takenPrefixes: [],
    now: new Date("2026-03-01T10:00:00Z"),
  });

test("verdicts of a sound order are told in French", () => {
  const untold = verdictsOf({}).filter((verdict) => verdictWords(verdict, "fr") === verdict.reason);
  expect(untold).toEqual([]);
});

test.each([
  [
    "R8",
    {
      environments: [
        { kind: "production", instanceType: "large", volumeGiB: 100 },
        { kind: "test", instanceType: "large", volumeGiB: 80 },
      ],
    },
  ],
  ["R14", { region: "ca-central-1" }],
  ["R42", { version: "25Q2" }],
  ["R76", { edition: "prime" }],
  ["R77", { users: 3 }],
] as const)("a refusal by %s is told in French with its figures", (rule, part) => {
  const verdict = verdictsOf(part as Partial<ProvisionRequest>).find((one) => one.rule === rule);
  expect(verdict?.allowed).toBe(false);
  const words = verdictWords(verdict!, "fr");
  expect(words).not.toBe(verdict!.reason);
  expect(words).not.toContain("{{");
});

test("a verdict without the facts that a sentence needs falls back to the rule's own words", () => {
  const verdict = { rule: "R8", allowed: false, reason: "Too large.", source: "OB:44", facts: { case: "size.above" } };
  expect(Object.keys(FRENCH_VERDICTS)).toContain("size.above");
  expect(verdictWords(verdict, "fr")).toBe("Too large.");
  expect(verdictWords({ ...verdict, facts: { case: "size.of-a-newer-console" } }, "fr")).toBe("Too large.");
});
