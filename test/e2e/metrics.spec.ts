import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test("R95: a tenant's figures arrive by themselves, in charts, in tables and in files", async ({ page, host }) => {
  test.slow();
  const { rows } = await host.client.fleet.list();
  const row = rows.find(({ kind, state, hostKey }) => kind === "production" && state === "running" && hostKey)!;
  await openScreen(page, `#/tenants/${row.slug}`, row.customer);
  await page.getByRole("link", { name: "Metrics", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: `${row.customer}: Metrics` })).toBeVisible();
  await expect(page.getByRole("status").getByText("Live")).toBeVisible({ timeout: 60_000 });
  for (const family of ["CPU", "Memory", "Disk space", "Disk activity", "Network", "Database", "Application"])
    await expect(page.getByRole("region", { name: family, exact: true })).toBeVisible();

  const cpu = page.getByRole("region", { name: "CPU", exact: true });
  await expect(cpu.getByRole("img", { name: /Busy: last/ })).toBeVisible({ timeout: 60_000 });
  const before = await cpu.getByRole("img", { name: /Busy: last/ }).getAttribute("aria-label");
  await expect(cpu.getByRole("img", { name: /Busy: last/ })).not.toHaveAttribute("aria-label", before!, {
    timeout: 60_000,
  });

  await page.keyboard.press("1");
  await expect(page.getByRole("radio", { name: "5 min" })).toBeChecked();
  await page.keyboard.press("+");
  await expect(page.getByRole("button", { name: "Reset zoom" })).toBeEnabled();
  await page.keyboard.press("0");
  await expect(page.getByRole("button", { name: "Reset zoom" })).toBeDisabled();

  const saved = async (name: string, scope = page.getByRole("main")) =>
    (await host.saved(page, () => scope.getByRole("button", { name, exact: true }).click())).content;
  expect((await saved("PNG of all")).subarray(1, 4).toString()).toBe("PNG");
  expect((await saved("Save CPU as PNG", cpu)).subarray(1, 4).toString()).toBe("PNG");
  const csv = (await saved("CSV")).toString();
  expect(csv).toMatch(/^time_utc,time_data_centre/);
  expect(csv).toContain(",cpu.busy,percent,");

  await page.getByRole("switch", { name: "Tables" }).click();
  await expect(cpu.getByRole("cell", { name: "Busy" }).first()).toBeVisible();
});
