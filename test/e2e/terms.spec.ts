import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test("an end that is recorded starts its clocks, and the expiry board shows them", async ({ page, host }) => {
  const { rows } = await host.client.fleet.list();
  // One of the lab's own: a tenant that another spec ordered today has hardly begun.
  const row = rows.find(({ customer }) => customer === "Ibérica Moda S.L.")!;
  await openScreen(page, `#/tenants/${row.slug}`, row.customer);
  await page.getByRole("link", { name: "Contract", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: `${row.customer}: Contract` })).toBeVisible();

  await page.getByRole("button", { name: "Record: End of the contract" }).click();
  const dialog = page.getByRole("dialog", { name: "Record: End of the contract" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("Letter of the customer");
  await dialog.getByRole("button", { name: "Record", exact: true }).click();
  await expect(dialog).toBeHidden();
  const clocks = page.getByRole("region", { name: "Clocks" });
  await expect(clocks.getByText("Retrieval ends")).toBeVisible();
  await expect(page.getByText("Data can be fetched")).toBeVisible();
  expect((await host.client.terms.get({ tenant: row.slug })).state).toBe("retrieval");

  await openScreen(page, "#/expiry", "Expiry");
  await page.getByRole("checkbox", { name: "Only ending contracts" }).check();
  const board = page.getByRole("treegrid", { name: "Expiries" });
  const ending = board.getByRole("row").filter({ hasText: row.customer });
  await expect(ending).toContainText("Retrieval ends");
  await expect(ending).toContainText("60 days");
  await expect(ending).toContainText("R89");

  await host.client.terms.record({
    ...{ requestId: crypto.randomUUID(), tenant: row.slug, reason: "Renewed after all" },
    entry: { kind: "end", on: null },
  });
  await expect(ending).toBeHidden();
});

test("the version board is grouped by service, most urgent first", async ({ page, host }) => {
  const { versions } = await host.client.terms.board();
  await openScreen(page, "#/versions", "Versions");
  const board = page.getByRole("treegrid", { name: "Versions" });
  await expect(board).toHaveAttribute("aria-rowcount", String(versions.length + 2 + 1));
  await expect(board.getByRole("row").nth(1)).toContainText("Openbravo Cloud");
  const first = versions.find(({ service }) => service === "openbravo")!;
  await expect(board.getByRole("row").nth(2)).toContainText(first.customer);
});
