import { afterAll, beforeAll, expect, test } from "vitest";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { evaluationKey } from "../../../../shared/tenant/licence.ts";
import { openRoom, SETUP, sshOnce, type TestRoom, web } from "./support.ts";

let lab: TestRoom;
let host: HostSpec;
const KEY = evaluationKey({ tenantId: "t-1", service: "openbravo", edition: "commerce", users: 10, posTerminals: 20 });

beforeAll(async () => {
  lab = await openRoom();
  host = await lab.spec("acme");
  await lab.room.powerOn(host);
});
afterAll(() => lab.close());

test("a blank host tells its facts, and nothing of it runs yet", async () => {
  const answer = await sshOnce(lab, host, "erpctl facts");
  expect(answer.stderr).toBe("");
  expect(JSON.parse(answer.stdout)).toEqual({
    contract: 2,
    product: "openbravo",
    version: "26Q2",
    tenant: null,
    tenantId: null,
    environment: null,
    domain: null,
    licence: { installed: false, fingerprint: null, valid: false, edition: null, users: null, posTerminals: null },
    database: { ready: false, major: null, systemIdentifier: null },
    lockout: null,
    quiesce: null,
    neutralised: null,
    dataDevice: "/dev/sdf",
    bootId: expect.any(String),
  });
  expect(lab.room.status(host.instanceId).processes).toBe("asleep");
  await expect(web(lab, host, "GET", "/health")).rejects.toThrow();
});

test("set-up gives a tenant's ERP over HTTPS, and may be repeated", async () => {
  const first = await sshOnce(lab, host, SETUP);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  const facts = JSON.parse(first.stdout);
  expect(facts).toMatchObject({
    tenant: "acme",
    tenantId: "t-1",
    environment: "production",
    domain: "acme.cloud.openbravo.com",
    database: { ready: true, major: 18, systemIdentifier: expect.stringMatching(/^\d{15,20}$/) },
  });
  const again = await sshOnce(lab, host, SETUP);
  expect(JSON.parse(again.stdout)).toEqual(facts);

  const health = await web(lab, host, "GET", "/health");
  expect(health.status).toBe(200);
  expect(JSON.parse(health.body)).toMatchObject({ status: "degraded", licence: "missing", database: "ready" });
});

test("a key is installed from standard input; a malformed one is refused", async () => {
  expect(await sshOnce(lab, host, "erpctl licence install", "FW1-nonsense\n")).toMatchObject({ code: 2, stdout: "" });
  const answer = await sshOnce(lab, host, "erpctl licence install", `${KEY}\n`);
  expect(answer).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(answer.stdout)).toMatchObject({
    installed: true,
    valid: true,
    edition: "commerce",
    users: 10,
    posTerminals: 20,
  });
  const health = await web(lab, host, "GET", "/health");
  expect(JSON.parse(health.body)).toMatchObject({ status: "up", licence: "valid" });
});

test("another tenant's volume is refused and left alone", async () => {
  const answer = await sshOnce(lab, host, SETUP.replace("t-1", "t-2"));
  expect(answer).toMatchObject({ code: 3, stdout: "" });
  expect(answer.stderr).toContain("belongs to the tenant acme (t-1)");
  expect(JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout).tenantId).toBe("t-1");
});

test("the smoke test logs in, orders, reads back and cancels", async () => {
  const answer = await sshOnce(lab, host, "erpctl smoke");
  expect(answer).toMatchObject({ code: 0, stderr: "" });
  const report = JSON.parse(answer.stdout) as { ok: boolean; checks: { name: string; ok: boolean }[] };
  expect(report.ok).toBe(true);
  expect(report.checks.map((check) => check.name)).toEqual([
    "certificate and health",
    "log-in",
    "create an order",
    "read it back",
    "cancel it",
  ]);
});
