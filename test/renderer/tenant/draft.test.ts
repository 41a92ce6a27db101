import { expect, test } from "vitest";
import { type Draft, EMPTY_DRAFT, halfSize, orderOf, parseDraft, prefixFrom } from "../../../renderer/tenant/draft.ts";
import { createFakeConsole } from "../fake-client.ts";

const options = await createFakeConsole().client.tenant.provisionOptions({});
const order = (part: Partial<Draft>) =>
  orderOf({ ...EMPTY_DRAFT, customer: "Gull & Tern", ...part }, { options, today: "2026-03-01", zone: "Europe/Paris" });

test.each([
  ["Gull & Tern Trading", "gull-tern-trading"],
  ["Érable & Fils", "erable-fils"],
  ["  --x--  ", "x"],
  ["日本", ""],
  ["a".repeat(60), "a".repeat(40)],
])("the prefix of %j is %j", (customer, prefix) => {
  expect(prefixFrom(customer)).toBe(prefix);
});

test("an untouched draft orders the newest version in a default region, with half of production for tests (R8)", () => {
  expect(order({})).toMatchObject({
    customer: "Gull & Tern",
    edition: "commerce",
    region: "eu-west-1",
    version: "26Q2",
    prefix: "gull-tern",
    environments: [
      { kind: "production", instanceType: "m6i.xlarge", volumeGiB: 100 },
      { kind: "test", instanceType: "m6i.large", volumeGiB: 50 },
    ],
    users: 10,
    posTerminals: 20,
    invoiceDate: "2026-03-01",
    zone: "Europe/Paris",
  });
});

test("Acumatica brings its own editions, versions and a sandbox", () => {
  const { edition, version, environments } = order({ service: "acumatica" });
  expect([edition, version, environments.map(({ kind }) => kind)]).toEqual([
    "essentials",
    "2026 R1",
    ["production", "sandbox"],
  ]);
});

test("what was typed stays, and what follows from it follows", () => {
  const grown = order({ productionType: "m6i.2xlarge", productionGiB: 201, prefix: "gull" });
  expect(grown.prefix).toBe("gull");
  expect(grown.environments[1]).toEqual({ kind: "test", instanceType: "m6i.xlarge", volumeGiB: 100 });
});

test("a choice that the account or the service does not offer falls back to the default", () => {
  const strange = order({ region: "mars-1", version: "99Q9", edition: "prime", accountId: "gone" });
  expect([strange.region, strange.version, strange.edition, strange.accountId]).toEqual([
    "eu-west-1",
    "26Q2",
    "commerce",
    "lab",
  ]);
});

test("half of the smallest size is the smallest size, for the rule to judge", () => {
  expect(halfSize(options.sizes, "t3.medium", 50)?.instanceType).toBe("t3.medium");
});

test("reasons shorter than three characters are not sent yet", () => {
  expect(order({ overrides: { R8: "ok", R14: "agreed" } }).overrides).toEqual({ R14: "agreed" });
});

test("a draft of an older window is completed, and nonsense is forgotten", () => {
  expect(parseDraft({ customer: "Old" })).toEqual({ ...EMPTY_DRAFT, customer: "Old" });
  expect(parseDraft("nonsense")).toBeUndefined();
});
