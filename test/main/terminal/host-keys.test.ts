import { afterAll, beforeAll, expect, test } from "vitest";
import type { FleetRow } from "../../../shared/fleet/model.ts";
import { inProcessConsole, type InProcessConsole } from "../../support/in-process-console.ts";

// A lab host that shows another key on request, and whose AWS console still prints the true one.
let running: InProcessConsole;
let row: FleetRow;
let instance: string;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "demo" });
  await running.api.fleet.refresh({});
  const { rows } = await running.api.fleet.list();
  row = rows.find(
    ({ kind, sshAddress, hostKey, state }) => kind === "production" && sshAddress && hostKey && state === "running",
  )!;
  const tenant = await running.api.tenant.get({ tenant: row.slug });
  instance = tenant.environments.find(({ id }) => id === row.id)!.instanceId!;
});
afterAll(() => running.end());

const environment = () => ({ environmentId: row.id });
const open = () =>
  running.api.terminal.open({
    ...environment(),
    reason: "a look at the key",
    columns: 80,
    rows: 24,
    command: ["true"],
  });
const repin = (change: object) =>
  running.api.terminal.repinHostKey({
    ...environment(),
    fingerprint: "SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    reason: "the machine was made anew by hand",
    secondLook: { kind: "console" },
    confirm: row.slug,
    ...change,
  });

test("a host with its pinned keys is let in, and both its keys are known with what the machine printed", async () => {
  await open();
  const look = await running.api.terminal.lookAtHostKeys(environment());
  expect(look).toMatchObject({ verdict: "match", shown: { error: null }, printed: { error: null } });
  expect(look.printed.keys!.map(({ fingerprint }) => fingerprint)).toEqual(
    expect.arrayContaining(look.shown.keys!.map(({ fingerprint }) => fingerprint)),
  );
  expect(await running.api.terminal.hostKeyAlarms()).toEqual([]);
});

test("changed and unexplained: blocked, told, and pinned again only with a reason and a second look", async () => {
  const before = await running.api.terminal.hostKeys(environment());
  const { id: fault } = await running.api.lab.injectFault({ name: "host-key-changed", instance });
  await expect(open()).rejects.toMatchObject({ code: "HostKeyChanged" });

  const [alarm] = await running.api.terminal.hostKeyAlarms();
  expect(alarm).toMatchObject({ environmentId: row.id, tenantSlug: row.slug, times: 1 });
  const look = await running.api.terminal.lookAtHostKeys(environment());
  expect(look.verdict).toBe("changedUnexplained");
  const fingerprint = look.shown.keys![0]!.fingerprint;
  expect(alarm!.offered[0]!.fingerprint).toBe(fingerprint);

  const codes = [];
  for (const change of [
    { fingerprint, confirm: "somebody-else" },
    // The AWS console still prints the old key.
    { fingerprint },
    { fingerprint, secondLook: { kind: "operator", name: " OPERATOR " } },
    // A key that the host does not show.
    { secondLook: { kind: "operator", name: "Second person" } },
  ]) {
    codes.push(
      await repin(change).then(
        () => "pinned",
        (error: { code: string }) => error.code,
      ),
    );
  }
  expect(codes).toEqual(["ConfirmationNeeded", "Conflict", "InvalidInput", "Conflict"]);
  await expect(open()).rejects.toMatchObject({ code: "HostKeyChanged" });

  const after = await repin({ fingerprint, secondLook: { kind: "operator", name: "Second person" } });
  expect(after.alarm).toBeNull();
  expect(after.pinned[0]).toMatchObject({
    how: "operator",
    operator: "operator",
    reason: "the machine was made anew by hand",
    secondLook: { kind: "operator", name: "Second person" },
  });
  await open();

  // The true keys come back: blocked again, and this time the AWS console is the second look.
  await running.api.lab.clearFault({ id: fault });
  await expect(open()).rejects.toMatchObject({ code: "HostKeyChanged" });
  const back = await repin({ fingerprint: before.pinned[0]!.fingerprint });
  expect(back.pinned.map((pin) => pin.fingerprint).toSorted()).toEqual(
    before.pinned.map((pin) => pin.fingerprint).toSorted(),
  );
  expect(back.past.map((pin) => pin.fingerprint)).toContain(fingerprint);
  await open();
});
