import { expect, test } from "./console.ts";
import { command } from "./screens.ts";

test("the language switches live and is remembered", async ({ page, host }) => {
  await page.getByRole("button", { name: "Language" }).click();
  await page.getByRole("menu").getByText("Français").click();
  await expect(page.getByRole("navigation").getByRole("link", { name: "Réglages" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "fr");
  await expect.poll(async () => (await host.client.settings.get()).language).toBe("fr");

  await page.reload();
  await expect(page.getByRole("navigation").getByRole("link", { name: "Réglages" })).toBeVisible();
});

test("the theme switches live, from the menu and from the palette", async ({ page, host }) => {
  const scheme = page.locator("html");
  await expect(scheme).toHaveAttribute("data-mantine-color-scheme", "light");
  await page.getByRole("button", { name: "Theme" }).click();
  await page.getByRole("menu").getByText("Dark", { exact: true }).click();
  await expect(scheme).toHaveAttribute("data-mantine-color-scheme", "dark");
  await command(page, "theme light");
  await expect(scheme).toHaveAttribute("data-mantine-color-scheme", "light");
  await expect.poll(async () => (await host.client.settings.get()).theme).toBe("light");
});

test("a change on another window of this console is followed live", async ({ page, host }) => {
  await host.client.settings.update({ theme: "dark" });
  await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", "dark");
});
