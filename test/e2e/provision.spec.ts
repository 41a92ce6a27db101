import { expect, test } from "./console.ts";
import { command, openScreen } from "./screens.ts";
import { beginOrder, getOverHttps, order, wizardStep } from "./wizard.ts";

test("a tenant is provisioned from the wizard with live steps and answers over HTTPS", async ({ page, host }) => {
  await beginOrder(page, "Albatross Trading");
  const jobId = await order(page);

  await expect(page.getByRole("heading", { level: 1, name: "Provision: Albatross Trading" })).toBeVisible();
  const steps = page.getByRole("list", { name: "Steps" });
  await expect(steps.getByLabel("Running")).toHaveCount(1, { timeout: 30_000 });
  await expect(page.getByText("Done", { exact: true }).first()).toBeVisible({ timeout: 150_000 });
  const { job, steps: done } = await host.client.jobs.get({ jobId });
  expect(job.state).toBe("done");
  await expect(steps.getByLabel("Done")).toHaveCount(done.length);

  const health = await getOverHttps(host.client, "albatross-trading", "/health");
  expect(health.status).toBe(200);
  expect(JSON.parse(health.body)).toMatchObject({ product: "openbravo" });

  await openScreen(page, "#/tenants/albatross-trading", "Albatross Trading");
  await expect(page.getByRole("region", { name: "Production" }).getByText("Up", { exact: true })).toBeVisible();
  await expect(page.getByText("Handed over in time")).toBeVisible();
  await openScreen(page, "#/fleet", "Fleet");
  await expect(page.getByRole("row").filter({ hasText: "Albatross Trading" })).toHaveCount(2);
});

test("a provisioning that fails says why, and goes on from the failed step once the cause is gone", async ({
  page,
  host,
}) => {
  const fault = await host.client.lab.injectFault({ name: "no-capacity", action: "RunInstances" });
  await beginOrder(page, "Blue Heron Stores");
  await order(page);
  await expect(page.getByText("AWS has no capacity for it now").first()).toBeVisible({ timeout: 120_000 });
  await host.client.lab.clearFault({ id: fault.id });
  const retry = page.getByRole("button", { name: "Retry from the failed step" });
  const done = page.getByText("Done", { exact: true }).first();
  await expect(retry.or(done)).toBeVisible({ timeout: 120_000 });
  if (await retry.isVisible()) await retry.click();
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Blue Heron Stores");
  await expect(done).toBeVisible({ timeout: 150_000 });
  expect((await getOverHttps(host.client, "blue-heron-stores", "/health")).status).toBe(200);
});

test("refusals show their rule beside the plan, and a reason overrides where the contract lets it", async ({
  page,
  host,
}) => {
  const { rows } = await host.client.fleet.list();
  const taken = rows.find((row) => row.service === "openbravo")!;
  await beginOrder(page, "Cormorant Foods");
  await wizardStep(page, "Region & address").click();
  const prefix = page.getByRole("textbox", { name: "URL prefix" });
  const address = taken.url.replace(/^https:\/\//, "").split(".")[0]!;

  await prefix.fill(address);
  await expect(page.getByLabel("Refused").locator("..")).toContainText("R10");
  await prefix.fill("-not a prefix-");
  await expect(page.getByLabel("Refused").locator("..").first()).toContainText("R10");
  await prefix.fill("cormorant-foods");
  await expect(page.getByText("Every rule allows it")).toBeVisible();

  await page
    .getByRole("combobox", { name: "Region" })
    .or(page.getByRole("textbox", { name: "Region" }))
    .first()
    .click();
  await page.getByRole("option", { name: "ca-central-1" }).click();
  await expect(page.getByLabel("Refused").locator("..").filter({ hasText: "R14" })).toBeVisible();
  await wizardStep(page, "Plan").click();
  const provision = page.getByRole("button", { name: "Provision", exact: true });
  await expect(provision).toBeDisabled();
  await page.getByRole("textbox", { name: "Reason for going ahead despite R14" }).fill("Exception agreed on 3 March");
  await expect(provision).toBeEnabled();
  await page.getByRole("button", { name: "Start over" }).click();
});

test("a draft survives a visit to another screen", async ({ page }) => {
  await beginOrder(page, "Dunlin Press");
  await command(page, "jobs");
  await command(page, "new tenant");
  await expect(page.getByRole("textbox", { name: "Customer" })).toHaveValue("Dunlin Press");
  await page.getByRole("button", { name: "Start over" }).click();
});
