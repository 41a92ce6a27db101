import { expect, test } from "vitest";
import { environmentTags, fromTags } from "../../../main/tenant/tags.ts";
import { ProvisionInput } from "../../../main/tenant/provision-tenant.ts";

const input = ProvisionInput.parse({
  tenantId: "11111111-2222-4333-8444-555555555555",
  slug: "obrien",
  orderedAt: "2026-03-02T10:00:00.000Z",
  orderedBy: "ana",
  imageId: "ami-1",
  sshUser: "ubuntu",
  sshFrom: ["198.51.100.0/24"],
  environments: [{ kind: "production", instanceType: "m6i.xlarge", volumeGiB: 100, domain: "obrien.acumatica.com" }],
  request: {
    customer: `O'Brien <b>&"Sons" 株式会社; drop table tenant`,
    service: "acumatica",
    edition: "select",
    prefix: "obrien",
    version: "2026R2",
    accountId: "lab",
    region: "us-east-1",
    environments: [{ kind: "production", instanceType: "m6i.xlarge", volumeGiB: 100 }],
    users: 7,
    posTerminals: 0,
    invoiceDate: "2026-03-01",
    owner: "Partner Inc",
    zone: "America/New_York",
  },
});
const tags = environmentTags(input, input.environments[0]!);
const found = {
  accountId: "lab",
  region: "us-east-1",
  tags,
  instance: {
    instanceId: "i-1",
    state: "running",
    instanceType: "m6i.xlarge",
    imageId: "ami-1",
    address: "203.0.113.7",
    securityGroupId: "sg-1",
    launchedAt: "2026-03-02T10:01:00.000Z",
  },
  volume: { volumeId: "vol-1", sizeGiB: 100 },
  lastBackupAt: null,
  readAt: new Date("2026-03-03T00:00:00Z"),
};

test("what a console writes into tags, another reads back whole", () => {
  const read = fromTags({ ...found, tags: { ...tags, "fleetwright:handed-over": "2026-03-02T11:00:00.000Z" } })!;
  expect(read.tenant).toEqual({
    id: input.tenantId,
    slug: "obrien",
    customer: input.request.customer,
    service: "acumatica",
    edition: "select",
    prefix: "obrien",
    owner: "Partner Inc",
    users: 7,
    posTerminals: 0,
    invoiceDate: "2026-03-01",
    zone: "America/New_York",
    accountId: "lab",
    orderedAt: input.orderedAt,
    handedOverAt: new Date("2026-03-02T11:00:00.000Z"),
  });
  expect(read.environment).toMatchObject({
    kind: "production",
    domain: "obrien.acumatica.com",
    version: "2026R2",
    facts: { volumeId: "vol-1" },
  });
});

test("an order without a hand-over is still being provisioned", () => {
  expect(fromTags(found)?.tenant.handedOverAt).toBeNull();
});

test.each([
  ["no tenant id", { "fleetwright:tenant-id": "" }],
  ["an unknown service", { "fleetwright:service": "sap" }],
  ["a date that is none", { "fleetwright:invoice-date": "2026-13-45" }],
])("tags with %s are not guessed at", (_, change) => {
  expect(fromTags({ ...found, tags: { ...tags, ...change } })).toBeUndefined();
});

test("a zone that this machine does not know counts as UTC, and counts that are none as 0", () => {
  const read = fromTags({
    ...found,
    tags: { ...tags, "fleetwright:zone": "Mars/Olympus", "fleetwright:users": "many" },
  });
  expect(read?.tenant).toMatchObject({ zone: "UTC", users: 0 });
});
