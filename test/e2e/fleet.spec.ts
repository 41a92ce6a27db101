import { expect, test } from "./console.ts";

test("the fleet shows the demo tenants of both services in three regions", async ({ page, host }) => {
  const { rows } = await host.client.fleet.list();
  expect(new Set(rows.map((row) => row.tenantId)).size).toBeGreaterThanOrEqual(12);
  expect(new Set(rows.map((row) => row.service))).toEqual(new Set(["openbravo", "acumatica"]));
  expect(new Set(rows.map((row) => row.region))).toEqual(new Set(["eu-west-1", "us-east-1", "ca-central-1"]));

  const fleet = page.getByRole("grid", { name: "Fleet" });
  await expect(fleet).toHaveAttribute("aria-rowcount", String(rows.length + 1));
  await expect(fleet.getByRole("row").filter({ hasText: rows[0]!.customer }).first()).toBeVisible();
  await expect(page.getByText("Lab: nothing here is real AWS").first()).toBeVisible();
});

test("the filter narrows the fleet as one types, and clearing it brings all back", async ({ page, host }) => {
  const { rows } = await host.client.fleet.list();
  const customer = rows[0]!.customer;
  const fleet = page.getByRole("grid", { name: "Fleet" });
  await page.keyboard.press("/");
  await page.keyboard.type(customer);
  const matching = rows.filter((row) => row.customer === customer).length;
  await expect(fleet).toHaveAttribute("aria-rowcount", String(matching + 1));

  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("no such customer anywhere");
  await expect(page.getByText("Nothing matches these filters")).toBeVisible();
  await page.getByRole("button", { name: "Clear filters" }).first().click();
  await expect(fleet).toHaveAttribute("aria-rowcount", String(rows.length + 1));
});

test("arrows move through the fleet and Enter opens the tenant", async ({ page }) => {
  const fleet = page.getByRole("grid", { name: "Fleet" });
  await expect(fleet.getByRole("row").nth(2)).toBeVisible();
  await fleet.press("Home");
  await fleet.press("ArrowDown");
  const active = fleet.locator('[role="row"][data-active]');
  await expect(active).toHaveAttribute("aria-rowindex", "3");
  const customer = await active.getByRole("gridcell").first().innerText();
  await fleet.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText(customer.split("\n")[0]!);
  await expect(page).toHaveURL(/#\/tenants\//);
});

test("a column sorts both ways", async ({ page }) => {
  const fleet = page.getByRole("grid", { name: "Fleet" });
  const region = fleet.getByRole("columnheader", { name: "Region" });
  await region.getByRole("button").click();
  await expect(region).toHaveAttribute("aria-sort", "ascending");
  await expect(fleet.getByRole("row").nth(1)).toContainText("ca-central-1");
  await region.getByRole("button").click();
  await expect(region).toHaveAttribute("aria-sort", "descending");
  await expect(fleet.getByRole("row").nth(1)).toContainText("us-east-1");
});
