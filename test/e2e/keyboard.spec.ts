import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./console.ts";

/** Presses Tab until the wanted element has the focus. */
async function tabTo(page: Page, wanted: Locator) {
  for (let presses = 0; presses < 60; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("Tab does not reach it within 60 presses");
}

test("a tenant is ordered and followed to its end without a mouse", async ({ page, host }) => {
  await page.getByRole("heading", { level: 1 }).focus();
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await expect(page.getByRole("heading", { level: 1, name: "New tenant" })).toBeVisible();
  await tabTo(page, page.getByRole("textbox", { name: "Customer" }));
  await page.keyboard.type("Egret Ltd");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Environments" })).toBeVisible();
  await tabTo(page, page.getByRole("button", { name: "Next" }));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("textbox", { name: "URL prefix" })).toHaveValue("egret-ltd");
  await tabTo(page, page.getByRole("button", { name: "Next" }));
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("combobox", { name: "Partner" }));
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type("Egret Partners");
  await page.keyboard.press("Escape");
  await tabTo(page, page.getByRole("button", { name: "Next" }));
  await page.keyboard.press("Enter");
  const provision = page.getByRole("button", { name: "Provision", exact: true });
  await expect(provision).toBeEnabled();
  await tabTo(page, provision);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Provision: Egret Ltd" })).toBeVisible();
  await expect(page.getByText("Done", { exact: true }).first()).toBeVisible({ timeout: 150_000 });
  expect((await host.client.tenant.get({ tenant: "egret-ltd" })).handOver?.handedOverAt).toBeInstanceOf(Date);
});
