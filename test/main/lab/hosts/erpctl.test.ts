import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ERPCTL, HOSTNAME_COMMAND } from "../../../../main/lab/hosts/erp/erpctl.ts";
import type { HostSpec } from "../../../../main/lab/types.ts";
import { evaluationKey } from "../../../../shared/tenant/licence.ts";
import { openRoom, SETUP, sshOnce, type TestRoom, web } from "./support.ts";

let lab: TestRoom;
let host: HostSpec;

beforeAll(async () => {
  lab = await openRoom();
  host = await lab.spec("ctl", { name: "x'; touch /tmp/hostile; '$(id)" });
  await lab.room.powerOn(host);
});
afterAll(() => lab.close());

test.each([
  ["erpctl", ERPCTL],
  ["hostname", HOSTNAME_COMMAND],
])("%s is clean for shellcheck", async (name, text) => {
  const file = path.join(lab.folder, name);
  await writeFile(file, text);
  const { stdout } = await promisify(execFile)("shellcheck", ["-s", "sh", file]).catch(
    (error: { stdout: string }) => error,
  );
  expect(stdout).toBe("");
});

test.each([
  ["", 2, "no command was given"],
  ["dance", 2, "unknown command: dance"],
  ["facts now", 2, "facts takes no arguments"],
  ["setup --tenant acme", 2, "--tenant-id is missing"],
  ["setup --tenant", 2, "--tenant needs a value"],
  ["setup --colour red", 2, "unknown option --colour"],
  ["licence", 2, "licence takes one of: install show"],
  ["licence show me", 2, "licence show takes no arguments"],
  ["lockout on --minutes 0", 2, "minutes|Too small|>=1"],
  ["lockout on --minutes soon", 2, "expected number"],
  ["lockout maybe", 2, "lockout takes one of: on off"],
  ["lockout off --minutes 3", 2, "unknown option --minutes"],
  ["quiesce --id a", 2, "--seconds is missing"],
  ["quiesce --id a --seconds 601", 2, "<=600"],
  ["quiesce --id 'a;b' --seconds 5", 2, "is no id"],
  ["quiesce --id a --seconds 5", 5, "No ERP is set up"],
  ["manifest", 5, "No ERP is set up"],
  ["export --id a --to /etc/passwd", 5, "No ERP is set up"],
  ["update", 2, "update takes one of: stack application"],
  ["update application", 2, "--to is missing"],
  ["certificate shine", 2, "certificate takes one of: show renew install"],
  ["access grant --id a", 2, "no public key line"],
  ["access revoke", 2, "--id is missing"],
  ["smoke", 5, "No ERP is set up"],
])("erpctl %s ends with %i and says why", async (words, code, text) => {
  const answer = await sshOnce(lab, host, `erpctl ${words}`);
  expect(answer).toMatchObject({ code, stdout: "" });
  expect(answer.stderr).toMatch(new RegExp(text));
});

test.each([
  ["--tenant", "a'b"],
  ["--tenant", "ACME"],
  ["--tenant", "$(id)"],
  ["--environment", "staging"],
  ["--domain", "no dots"],
  ["--domain", "a.example.com/../x"],
  ["--zone", "Mars/Olympus"],
  ["--tenant-id", "x".repeat(200)],
])("set-up with a malformed %s changes nothing", async (option, value) => {
  const answer = await sshOnce(lab, host, `${SETUP} ${option} '${value.replaceAll("'", "'\\''")}'`);
  expect(answer).toMatchObject({ code: 2, stdout: "" });
  expect(JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout)).toMatchObject({ tenant: null });
});

test("a hostile name tag stays out of the prompt and the host name", async () => {
  expect(await sshOnce(lab, host, "hostname; echo $HOSTNAME")).toMatchObject({
    stdout: `${host.instanceId}\n${host.instanceId}\n`,
    stderr: "",
  });
  expect(await readFile(path.join(host.folder, "etc", "bashrc"), "utf8")).toContain(`PS1='ubuntu@${host.instanceId}:`);
});

test("without curl the answers are the same", async () => {
  const bin = `PATH=${path.join(host.folder, "usr/local/bin")}:$HOME/only`;
  const links = "mkdir -p only; for each in sh cat sed cut printf; do ln -sf $(command -v $each) only/$each; done";
  const withCurl = await sshOnce(lab, host, "erpctl facts");
  const without = await sshOnce(lab, host, `${links}; ${bin}; ! command -v curl && erpctl facts`);
  expect(without).toEqual(withCurl);
  const key = await sshOnce(lab, host, `${bin}; erpctl licence install`, "FW1-wrong");
  expect(key).toMatchObject({ code: 2, stderr: expect.stringContaining("malformed") });
});

test("a volume with data of nobody knows whom is not overwritten", async () => {
  const strange = await lab.spec("strange");
  await writeFile(path.join(strange.volumes["/dev/sdf"]?.folder ?? "", "family photos"), "dear");
  await lab.room.powerOn(strange);
  expect(await sshOnce(lab, strange, SETUP)).toMatchObject({ code: 3, stdout: "" });
  expect(await readFile(path.join(strange.volumes["/dev/sdf"]?.folder ?? "", "family photos"), "utf8")).toBe("dear");
});

test("a key of another tenant installs, is not valid, and is shown by its fingerprint only", async () => {
  expect((await sshOnce(lab, host, SETUP)).code).toBe(0);
  const key = evaluationKey({
    tenantId: "t-other",
    service: "openbravo",
    edition: "commerce",
    users: 10,
    posTerminals: 20,
  });
  const installed = await sshOnce(lab, host, "erpctl licence install", key);
  expect(JSON.parse(installed.stdout)).toMatchObject({
    installed: true,
    valid: false,
    fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  const shown = await sshOnce(lab, host, "erpctl licence show");
  expect(shown.stdout).toBe(installed.stdout);
  expect(shown.stdout).not.toContain(key.slice(4, 13));
  const health = await web(lab, host, "GET", "/health");
  expect(JSON.parse(health.body)).toMatchObject({ status: "degraded", licence: "invalid" });
});

test("a lock-out closes all but /health, lets the smoke test pass, survives a restart, and ends", async () => {
  const locked = JSON.parse((await sshOnce(lab, host, "erpctl lockout on --minutes 20")).stdout);
  expect(Date.parse(locked.lockout.until) - Date.parse(locked.lockout.since)).toBe(20 * 60_000);
  const page = await web(lab, host, "GET", "/", { headers: { accept: "text/html" } });
  expect(page.status).toBe(503);
  expect(Number(page.headers["retry-after"])).toBeGreaterThan(1_000);
  expect(page.body).toContain("Maintenance");
  expect(
    (await web(lab, host, "POST", "/api/orders", { headers: { "content-type": "application/json" }, body: "{}" }))
      .status,
  ).toBe(503);
  const health = await web(lab, host, "GET", "/health");
  expect([health.status, JSON.parse(health.body).lockout]).toEqual([200, locked.lockout]);
  expect(JSON.parse((await sshOnce(lab, host, "erpctl smoke")).stdout)).toMatchObject({ ok: true });

  await lab.room.powerOff(host.instanceId);
  await lab.room.powerOn(host);
  expect(JSON.parse((await sshOnce(lab, host, "erpctl facts")).stdout).lockout).toEqual(locked.lockout);
  expect((await sshOnce(lab, host, "erpctl lockout off")).stdout).toBe('{"lockout":null}\n');
  expect((await web(lab, host, "GET", "/")).status).toBe(200);
});
