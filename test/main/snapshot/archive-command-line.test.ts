import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { REPOSITORY, launchConsole, type RunningConsole } from "../../support/console.ts";
import { order, untilJob } from "../../support/in-process-console.ts";
import { endProcessesOf } from "../../support/processes.ts";
import { scratchFolder } from "../../support/scratch.ts";

// Against tests that hang: each waits for whole archives.
vi.setConfig({ testTimeout: 120_000 });

const TENANT = "acme";
let scratch: Awaited<ReturnType<typeof scratchFolder>>;
let running: RunningConsole;
let fetched: string;
beforeAll(async () => {
  scratch = await scratchFolder("archive-cli");
  running = await launchConsole(scratch.folder, "empty");
  const { client, close } = await running.connect();
  const { jobId } = await client.tenant.provision({ requestId: randomUUID(), ...order(TENANT) });
  await untilJob(client, jobId, "done");
  close();
  fetched = path.join(scratch.folder, "fetched");
  await mkdir(fetched);
}, 300_000);
afterAll(async () => {
  await running.stop();
  await endProcessesOf(scratch.folder);
  await scratch.remove();
});

function fleetwright(...words: string[]): Promise<{ status: number; answer: Record<string, unknown> }> {
  const program = path.join(REPOSITORY, "scripts/fleetwright.mjs");
  return new Promise((resolve, reject) => {
    const all = [program, ...words, "--json", "--home", scratch.folder];
    execFile(process.execPath, all, (error, stdout) => {
      const status = error ? Number(error.code) : 0;
      try {
        resolve({ status, answer: JSON.parse(stdout) as Record<string, unknown> });
      } catch {
        reject(new Error(`${words.join(" ")}: ${status} ${stdout}`, { cause: error }));
      }
    });
  });
}

test("export --to prepares an archive and fetches it, and needs a reason for that", async () => {
  const to = ["--to", fetched];
  expect((await fleetwright("snapshot", "export", TENANT, ...to)).status).toBe(2);
  const { status } = await fleetwright(
    "snapshot",
    "export",
    TENANT,
    "--label",
    "out",
    ...to,
    "--reason",
    "ticket 4711",
  );
  expect(status).toBe(0);
  const { answer } = await fleetwright("snapshot", "list", TENANT);
  expect(answer["snapshots"]).toMatchObject([{ kind: "archive", label: "out", file: { origin: "export" } }]);
});

test("import brings it back in, a restore can be planned from it, and delete takes the typed name", async () => {
  const file = path.join(fetched, `${TENANT}-production.tar.gz`);
  expect((await fleetwright("snapshot", "import", file, "--tenant", TENANT, "--label", "in")).status).toBe(0);
  const { answer } = await fleetwright("restore", "sources", TENANT);
  const brought = (answer["sources"] as { id: string; kind: string; label: string }[]).find(
    (one) => one.label === "in",
  )!;
  expect(brought.kind).toBe("archive");
  const order = ["--source", brought.id, "--to", "beside", "--reason", "drill"];
  expect(await fleetwright("restore", "plan", TENANT, ...order)).toMatchObject({
    status: 0,
    answer: { allowed: true },
  });

  expect(await fleetwright("snapshot", "delete", brought.id, "--confirm", "i")).toMatchObject({
    answer: { error: { code: "ConfirmationNeeded" } },
  });
  expect((await fleetwright("snapshot", "delete", brought.id, "--confirm", TENANT)).status).toBe(0);
  const left = (await fleetwright("snapshot", "list", TENANT)).answer["snapshots"];
  expect(left).toMatchObject([{ label: "out" }]);
});
