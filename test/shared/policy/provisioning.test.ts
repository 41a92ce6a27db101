import { expect, test } from "vitest";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { checkProvisioning, type ProvisioningFacts } from "../../../shared/policy/provisioning.ts";
import { standingRefusals } from "../../../shared/policy/verdict.ts";
import { ProvisionRequest } from "../../../shared/tenant/model.ts";

const request = ProvisionRequest.parse({
  customer: "Acme Foods",
  service: "openbravo",
  edition: "commerce",
  prefix: "acme-foods",
  version: "PR25Q4",
  accountId: "main",
  region: "eu-west-1",
  environments: [
    { kind: "production", instanceType: "m6i.xlarge", volumeGiB: 100 },
    { kind: "test", instanceType: "m6i.large", volumeGiB: 50 },
  ],
  users: 10,
  posTerminals: 20,
  invoiceDate: "2026-01-15",
  owner: "Partner One",
  zone: "Europe/Madrid",
});

const facts: ProvisioningFacts = {
  request,
  profile: profileOf("openbravo"),
  releases: ["PR24Q4", "PR25Q1", "PR25Q2", "PR25Q3", "PR25Q4"],
  sizes: [
    { instanceType: "m6i.xlarge", vcpus: 4, memoryMiB: 16_384 },
    { instanceType: "m6i.large", vcpus: 2, memoryMiB: 8_192 },
  ],
  takenPrefixes: ["globex"],
  now: new Date("2026-01-15T10:00:00Z"),
};

const asked = (change: Partial<ProvisionRequest>, more: Partial<ProvisioningFacts> = {}) => ({
  ...facts,
  request: { ...request, ...change },
  ...more,
});
const refusedRules = (input: ProvisioningFacts) =>
  checkProvisioning(input)
    .filter((one) => !one.allowed)
    .map((one) => one.rule);

test("a sound order gets one allowing verdict for each rule: R10, R14, R76, R77, R1, R8, R42 and the quota", () => {
  const verdicts = checkProvisioning(facts);
  expect(verdicts.map((one) => one.rule)).toEqual(["R10", "R14", "R76", "R77", "R1", "R8", "R42", "quota"]);
  expect(standingRefusals(verdicts)).toEqual([]);
  expect(verdicts.find((one) => one.rule === "R8")?.facts).toMatchObject({
    limitPercent: 50,
    vcpus: 2,
    maximumVcpus: 2,
  });
});

const [production, testEnvironment] = request.environments as [
  ProvisionRequest["environments"][0],
  ProvisionRequest["environments"][0],
];

test.each<[string, ProvisioningFacts, string[]]>([
  ["R10 a prefix of another tenant", asked({ prefix: "globex" }), ["R10"]],
  ["R14 a region outside the list", asked({ region: "ca-central-1" }), ["R14"]],
  ["R15 a region against the residency tag", asked({}, { residency: "CA" }), ["R15"]],
  [
    "R76 an edition of the other service, without a second refusal for its licence",
    asked({ edition: "prime" }),
    ["R76"],
  ],
  ["R77 too few terminals", asked({ posTerminals: 19 }), ["R77"]],
  ["R1 no production", asked({ environments: [testEnvironment] }), ["R1", "R8"]],
  ["R1 two productions", asked({ environments: [production, production] }), ["R1"]],
  [
    "R8 a test disk one GiB above half",
    asked({ environments: [production, { ...testEnvironment, volumeGiB: 51 }] }),
    ["R8"],
  ],
  ["R8 two test environments", asked({ environments: [production, testEnvironment, testEnvironment] }), ["R8"]],
  [
    "R8 an unknown size",
    asked({ environments: [production, { ...testEnvironment, instanceType: "m9.none" }] }),
    ["R8"],
  ],
  ["R42 the fifth version back", asked({ version: "PR24Q4" }), ["R42"]],
  ["the quota of the account", asked({}, { quota: { vcpus: { used: 27, limit: 32 } } }), ["quota"]],
  ["exactly the quota of the account", asked({}, { quota: { vcpus: { used: 26, limit: 32 } } }), []],
  [
    "R1 an existing production counts",
    asked({ environments: [testEnvironment] }, { productionSize: { vcpus: 4, memoryMiB: 16_384, diskGiB: 100 } }),
    [],
  ],
])("provisioning refuses by %s", (_, input, rules) => {
  expect(refusedRules(input)).toEqual(rules);
});

test("a written reason overrides R14 and R42, but never R10 or R77", () => {
  const overrides = { R10: "they insist", R14: "exception 12/2026", R42: "upgrade follows", R77: "pilot" };
  const verdicts = checkProvisioning(
    asked({ prefix: "globex", region: "ca-central-1", version: "PR24Q4", users: 1, overrides }),
  );
  expect(standingRefusals(verdicts).map((one) => one.rule)).toEqual(["R10", "R77"]);
  expect(verdicts.find((one) => one.rule === "R14")).toMatchObject({ allowed: false, override: "exception 12/2026" });
});

test("an Acumatica order is checked by its own profile: R12, R15, R26, R28, R46", () => {
  const verdicts = checkProvisioning(
    asked(
      {
        service: "acumatica",
        edition: "prime",
        version: "2025 R1",
        region: "ca-central-1",
        users: 0,
        posTerminals: 0,
        environments: [production, { ...production, kind: "sandbox" }],
      },
      { profile: profileOf("acumatica"), releases: ["2025 R1", "2025 R2"], residency: "CA" },
    ),
  );
  expect(verdicts.map((one) => one.rule)).toEqual(["R12", "R15", "R76", "R26", "R1", "R28", "R46", "quota"]);
  expect(standingRefusals(verdicts)).toEqual([]);
});

test("the verdicts are a pure function of the facts", () => {
  const frozen = Object.freeze(structuredClone({ ...facts, takenPrefixes: ["globex"] }));
  expect(checkProvisioning(frozen)).toEqual(checkProvisioning(frozen));
});
