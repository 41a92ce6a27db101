import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import type { Client } from "../../main/hosts/connect.ts";
import { REPOSITORY } from "../support/console.ts";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";
import { beginOrder, order, wizardStep } from "./wizard.ts";

const FOLDER = path.join(REPOSITORY, "docs/images");

/** Production environments that run and were not asked yet how they are. */
async function unknownHealth(client: Client): Promise<number> {
  const { rows } = await client.fleet.list();
  return rows.filter((row) => row.kind === "production" && row.state === "running" && row.health.state === "unknown")
    .length;
}

test("pictures of every screen in both themes, for the README and the guide", async ({ page, host }) => {
  test.setTimeout(300_000);
  await mkdir(FOLDER, { recursive: true });
  await expect.poll(() => unknownHealth(host.client), { timeout: 90_000 }).toBe(0);
  const { rows } = await host.client.fleet.list();
  const tenant = rows.find(({ kind }) => kind === "test")!;
  const production = rows.find((row) => row.kind === "production" && row.service === "openbravo" && row.hostKey)!;
  const { slug, customer } = production;
  const { jobId } = await host.client.snapshot.take({
    ...{ requestId: randomUUID(), tenant: slug, environment: "production", label: "before the import", overrides: {} },
  });
  await expect.poll(async () => (await host.client.jobs.get({ jobId })).job.state, { timeout: 120_000 }).toBe("done");
  const picture = async (name: string, theme: string) => {
    for (const close of await page.getByRole("button", { name: "Close" }).all()) await close.click(); // notifications
    await page.mouse.move(0, 0);
    await page.waitForTimeout(400); // transitions
    await page.screenshot({ path: path.join(FOLDER, `${name}-${theme}.png`), animations: "disabled" });
  };

  for (const theme of ["light", "dark"] as const) {
    await host.client.settings.update({ theme });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", theme);
    await openScreen(page, "#/fleet", "Fleet");
    await picture("fleet", theme);
    await openScreen(page, `#/tenants/${tenant.slug}`, tenant.customer);
    await picture("tenant", theme);
    await openScreen(page, `#/tenants/${slug}/metrics`, `${customer}: Metrics`);
    await expect(page.getByRole("img", { name: /Busy: last/ })).toBeVisible({ timeout: 60_000 });
    await picture("metrics", theme);
    await openScreen(page, `#/tenants/${slug}/snapshots`, `${customer}: Snapshots`);
    await expect(page.getByText("before the import")).toBeVisible();
    await picture("snapshots", theme);
    await openScreen(page, `#/tenants/${slug}/restore`, `${customer}: Restores`);
    await expect(page.getByText("before the import").first()).toBeVisible();
    await picture("restore", theme);
    await openScreen(page, `#/tenants/${slug}/contract`, `${customer}: Contract`);
    await picture("contract", theme);
    for (const name of ["calendar", "sla"] as const) {
      await openScreen(page, `#/${name}`, name === "sla" ? "SLA" : "Calendar");
      await picture(name, theme);
    }
    await openScreen(page, "#/lab", "Lab");
    await picture("lab", theme);
    await openScreen(page, "#/settings/accounts", "Settings");
    await picture("settings", theme);
    await page.keyboard.press("ControlOrMeta+k");
    await expect(page.getByPlaceholder("Screen, tenant, job or act…")).toBeVisible();
    await picture("palette", theme);
    await page.keyboard.press("Escape");

    await beginOrder(page, theme === "light" ? "Fulmar Outdoor" : "Gannet Logistics");
    await wizardStep(page, "Plan").click();
    await expect(page.getByText("Every rule allows it")).toBeVisible();
    await picture("wizard", theme);
    await order(page);
    await expect(page.getByRole("list", { name: "Steps" }).getByLabel("Done").nth(11)).toBeVisible({ timeout: 60_000 });
    await picture("job", theme);
    await expect(page.getByText("Done", { exact: true }).first()).toBeVisible({ timeout: 150_000 });
    await openScreen(page, "#/jobs", "Jobs");
    await picture("jobs", theme);
  }
});
