import { randomUUID } from "node:crypto";
import { expect, test } from "@playwright/test";
import { launchConsole } from "../support/console.ts";
import { endProcessesOf } from "../support/processes.ts";
import { provisionRequest } from "../support/provision-request.ts";
import { scratchFolder } from "../support/scratch.ts";
import { whenReady } from "./host.ts";

test("a killed console is told, and the next one takes the job up and shows it live to its end", async ({ page }) => {
  const { folder: home, remove } = await scratchFolder("killed");
  try {
    const first = await launchConsole(home, "empty");
    const firstLine = await first.connect();
    const client = await whenReady(firstLine);
    await page.goto(first.url);
    const request = await provisionRequest(client, { customer: "Heron Survives", prefix: "heron-survives" });
    const { jobId } = await client.tenant.provision({ ...request, requestId: randomUUID() });
    await page.goto(`${new URL(first.url).origin}/#/jobs/${jobId}`);
    const done = page.getByRole("list", { name: "Steps" }).getByLabel("Done");
    await expect(done.nth(3)).toBeVisible({ timeout: 60_000 });

    firstLine.close();
    await first.kill();
    await expect(page.getByText("Connection to the console lost, trying again").first()).toBeVisible();

    const second = await launchConsole(home, "empty");
    await page.goto(second.url);
    await expect(page.getByRole("navigation")).toBeVisible({ timeout: 60_000 });
    await page.goto(`${new URL(second.url).origin}/#/jobs/${jobId}`);
    await expect(page.getByRole("heading", { level: 1, name: "Provision: Heron Survives" })).toBeVisible();
    await expect(page.getByText("Done", { exact: true }).first()).toBeVisible({ timeout: 120_000 });
    const secondLine = await second.connect();
    const tenant = await secondLine.client.tenant.get({ tenant: "heron-survives" });
    expect(tenant.environments.map(({ state }) => state)).toEqual(["running", "running"]);
    const lab = await secondLine.client.lab.status();
    expect(lab?.hosts).toHaveLength(2);
    secondLine.close();
    await second.stop();
  } finally {
    await endProcessesOf(home);
    await remove();
  }
});
