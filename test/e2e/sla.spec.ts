import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test("the SLA lists every production once, and a row opens the month with its stretches", async ({ page, host }) => {
  const { rows } = await host.client.fleet.list();
  const productions = rows.filter(({ kind }) => kind === "production");
  const month = new Date().toISOString().slice(0, 7);
  const shown = await host.client.sla.month({ month });
  expect(shown.rows.map(({ slug }) => slug).toSorted()).toEqual(productions.map(({ slug }) => slug).toSorted());

  const row = rows.find(({ customer }) => customer === "Ibérica Moda S.L.")!;
  await openScreen(page, "#/sla", "SLA");
  await page.getByRole("textbox", { name: "Filter" }).fill(row.customer);
  const table = page.getByRole("treegrid", { name: "Availability of the month" });
  await expect(table.getByRole("row").filter({ hasText: row.customer })).toBeVisible();
  await table.focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: `${row.customer}: SLA` })).toBeVisible();
  await expect(page.getByRole("region", { name: "Windows of the month" })).toContainText("nothing is excluded");

  // Until the console first looked nobody knew; since then the host is up.
  const looked = () => host.client.sla.report({ tenant: row.slug, month });
  await expect.poll(async () => (await looked()).stretches.at(-1)?.class, { timeout: 120_000 }).toBe("up");
  expect((await looked()).stretches[0]?.class).toBe("unknown");
  await page.reload();
  const stretches = page.getByRole("region", { name: "Every stretch" });
  await expect(stretches.getByText("Unknown")).toBeVisible();
  await page.getByRole("button", { name: "Earlier month" }).click();
  await expect(page).toHaveURL(/\/sla\/\d{4}-\d\d$/);
});
