import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test("a snapshot is taken and restored beside, from the tenant's own pages; no target is chosen for the operator", async ({
  page,
  host,
}) => {
  test.setTimeout(600_000);
  const { rows } = await host.client.fleet.list();
  const row = rows.find(
    ({ kind, state, hostKey, service }) =>
      kind === "production" && state === "running" && hostKey && service === "openbravo",
  )!;
  await openScreen(page, `#/tenants/${row.slug}/snapshots`, `${row.customer}: Snapshots`);
  await page.getByRole("main").getByRole("button", { name: "Take snapshot" }).first().click();
  const dialog = page.getByRole("dialog", { name: `Take a snapshot of ${row.customer}` });
  await dialog.getByRole("textbox", { name: "Label" }).fill("before the import");
  await dialog.getByRole("button", { name: "Take snapshot" }).click();
  await expect(dialog).toBeHidden();
  const taken = page.getByRole("grid", { name: "Snapshots" }).getByRole("row", { name: /before the import/ });
  await expect(taken).toContainText("complete", { timeout: 180_000 });
  await expect(taken).toContainText("quiesced");

  await page.getByRole("link", { name: "Restore", exact: true }).click();
  await page
    .getByRole("row", { name: /before the import/ })
    .filter({ hasText: row.region }) // its copy in the second region is a row of its own
    .getByRole("radio")
    .check();
  const form = page.getByRole("region", { name: "New restore" });
  const plan = form.getByRole("button", { name: "Make the plan" });
  await expect(plan).toBeDisabled();
  await form.getByRole("combobox", { name: "2. Where to" }).click();
  await page.getByRole("option", { name: "Beside everything, neutralised" }).click();
  await form.getByRole("combobox", { name: "3. Why" }).click();
  await page.getByRole("option", { name: "Vendor's own fault or precaution" }).click();
  await plan.click();
  await page.getByRole("button", { name: "Restore beside" }).click();
  await expect(page.getByText("Ready to compare").first()).toBeVisible({ timeout: 300_000 });
});
