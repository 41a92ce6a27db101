import { expect, test } from "./console.ts";
import { command } from "./screens.ts";

const SCREENS = [
  ["fleet", /#\/fleet/, "Fleet"],
  ["new tenant", /#\/new-tenant/, "New tenant"],
  ["jobs", /#\/jobs/, "Jobs"],
  ["lab", /#\/lab/, "Lab"],
  ["settings general", /#\/settings\/general/, "Settings"],
  ["settings accounts", /#\/settings\/accounts/, "Settings"],
  ["settings vault", /#\/settings\/vault/, "Settings"],
  ["settings about", /#\/settings\/about/, "Settings"],
] as const;

test("the palette reaches every screen", async ({ page }) => {
  for (const [words, address, heading] of SCREENS) {
    await command(page, words);
    await expect(page).toHaveURL(address);
    await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
  }
});

test("the palette reaches every tenant", async ({ page, host }) => {
  const { rows } = await host.client.fleet.list();
  const last = rows.at(-1)!;
  await command(page, last.slug);
  await expect(page).toHaveURL(new RegExp(`#/tenants/${last.slug}$`));
  await expect(page.getByRole("heading", { level: 1 })).toContainText(last.customer);
});

test("the go-to keys work on every screen, and the list of shortcuts names them", async ({ page }) => {
  for (const [key, address] of [
    ["j", /#\/jobs/],
    ["l", /#\/lab/],
    ["n", /#\/new-tenant/],
    ["s", /#\/settings/],
    ["f", /#\/fleet/],
  ] as const) {
    await page.getByRole("heading", { level: 1 }).focus();
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await expect(page).toHaveURL(address);
  }
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog").getByText("Go to the fleet")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
});
