import { expect, test } from "vitest";
import { planProvisioning } from "../../../main/tenant/plan.ts";
import { ProvisionRequest } from "../../../shared/tenant/model.ts";

const request = ProvisionRequest.parse({
  customer: "Café Azul",
  service: "openbravo",
  edition: "commerce",
  prefix: "cafe-azul",
  version: "26Q3",
  accountId: "lab",
  region: "eu-west-1",
  environments: [
    { kind: "test", instanceType: "m6i.large", volumeGiB: 50 },
    { kind: "production", instanceType: "m6i.xlarge", volumeGiB: 100 },
  ],
  users: 10,
  posTerminals: 20,
  invoiceDate: "2026-03-01",
  owner: "Partner SA",
  zone: "Europe/Madrid",
  sshFrom: ["198.51.100.0/24"],
});

const facts = {
  account: {
    id: "lab",
    name: "Lab",
    credentials: { kind: "keys" as const, profile: null, accessKeyId: "AKIA" },
    regions: ["eu-west-1"],
    endpoints: {},
    ports: { ssh: 22, https: 443, http: 80 },
    isLab: true,
  },
  images: [{ imageId: "ami-1", service: "openbravo", version: "26Q3", name: "openbravo-26Q3", sshUser: "ubuntu" }],
  sizes: [
    { instanceType: "m6i.large", vcpus: 2, memoryMiB: 8192 },
    { instanceType: "m6i.xlarge", vcpus: 4, memoryMiB: 16384 },
  ],
  quota: { limit: 20, used: 3 },
  releases: ["25Q4", "26Q1", "26Q2", "26Q3"],
  tenants: [],
  sshFrom: [],
  now: new Date("2026-03-02T10:00:00Z"),
};

test("an order within the contract is allowed and lists everything that will be made, production first", () => {
  const { plan, order } = planProvisioning(request, facts);

  expect(plan.verdicts.filter((one) => !one.allowed)).toEqual([]);
  expect(plan.allowed).toBe(true);
  expect(plan.resources.map((one) => `${one.environment} ${one.type} ${one.name}: ${one.detail}`)).toEqual([
    "production keyPair fleetwright-…: this console's public key in eu-west-1; imported once, shared by all tenants",
    "production securityGroup fleetwright-cafe-azul-production: 443 from 0.0.0.0/0, 22 from 198.51.100.0/24",
    "production volume fleetwright-cafe-azul-production-data: 100 GiB gp3, encrypted",
    "production instance fleetwright-cafe-azul-production: m6i.xlarge, 4 vCPU, 16 GiB, ami-1",
    "production licence cafe-azul.cloud.openbravo.com: activation key",
    "production certificate cafe-azul.cloud.openbravo.com: checked for this name",
    "production tags fleetwright-cafe-azul-production: tenant, environment, job and contract facts",
    "test securityGroup fleetwright-cafe-azul-test: 443 from 0.0.0.0/0, 22 from 198.51.100.0/24",
    "test volume fleetwright-cafe-azul-test-data: 50 GiB gp3, encrypted",
    "test instance fleetwright-cafe-azul-test: m6i.large, 2 vCPU, 8 GiB, ami-1",
    "test licence cafe-azul-test.cloud.openbravo.com: activation key",
    "test certificate cafe-azul-test.cloud.openbravo.com: checked for this name",
    "test tags fleetwright-cafe-azul-test: tenant, environment, job and contract facts",
  ]);
  expect(order).toMatchObject({ slug: "cafe-azul", imageId: "ami-1", sshUser: "ubuntu" });
});

test.each([
  [
    "R10: a prefix that is taken",
    {},
    { tenants: [{ slug: "cafe-azul", service: "openbravo", prefix: "cafe-azul" }] },
    "R10",
  ],
  ["R10: a prefix that is no host name", { prefix: "Café!" }, {}, "R10"],
  ["R14: a region outside the list", { region: "ca-central-1" }, {}, "R14"],
  ["R76: an edition of the other service", { edition: "select" as const }, {}, "R76"],
  ["R77: too few terminals", { posTerminals: 19 }, {}, "R77"],
  ["R18: a version without an image there", { version: "26Q2" }, {}, "R18"],
  ["R105: SSH open to everybody", { sshFrom: ["0.0.0.0/0"] }, {}, "R105"],
  ["quota: no instance left", {}, { quota: { limit: 4, used: 3 } }, "quota"],
])("%s is refused before anything is made", (_, change, other, rule) => {
  const { plan, order } = planProvisioning({ ...request, ...change }, { ...facts, ...other });
  expect(plan.verdicts.filter((one) => !one.allowed).map((one) => one.rule)).toContain(rule);
  expect(order).toBeUndefined();
});

test("R8: a test environment above half of production is refused, and allowed with a recorded reason", () => {
  const large = {
    ...request,
    environments: request.environments.map((one) => (one.kind === "test" ? { ...one, volumeGiB: 51 } : one)),
  };
  expect(planProvisioning(large, facts).order).toBeUndefined();
  expect(planProvisioning({ ...large, overrides: { R8: "load test agreed, ticket 4711" } }, facts).order).toBeDefined();
});

test("the same prefix of the other service gets a slug of its own", () => {
  const tenants = [{ slug: "cafe-azul", service: "acumatica", prefix: "cafe-azul" }];
  expect(planProvisioning(request, { ...facts, tenants }).plan.slug).toBe("cafe-azul-openbravo");
});
