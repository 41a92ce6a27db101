import type { Page } from "@playwright/test";
import { expect } from "./console.ts";

/** Every screen by the address that reaches it and the heading it shows. */
export const SCREENS = [
  ["#/fleet", "Fleet"],
  ["#/new-tenant", "New tenant"],
  ["#/jobs", "Jobs"],
  ["#/calendar", "Calendar"],
  ["#/notices", "Notices"],
  ["#/terminals", "Terminals"],
  ["#/versions", "Versions"],
  ["#/sla", "SLA"],
  ["#/expiry", "Expiry"],
  ["#/policy", "Policy profiles"],
  ["#/maintenance", "Maintenance"],
  ["#/maintenance/runbooks", "Runbooks"],
  ["#/maintenance/new", "New run"],
  ["#/access", "Who may log in"],
  ["#/lab", "Lab"],
  ["#/settings/general", "Settings"],
  ["#/settings/accounts", "Settings"],
  ["#/settings/mail", "Settings"],
  ["#/settings/vault", "Settings"],
  ["#/settings/about", "Settings"],
] as const;

/** The pages of one tenant, likewise. */
export const screensOfTenant = (slug: string, customer: string) =>
  [
    [`#/tenants/${slug}`, customer],
    [`#/tenants/${slug}/contract`, `${customer}: Contract`],
    [`#/tenants/${slug}/restore`, `${customer}: Restores`],
    [`#/tenants/${slug}/snapshots`, `${customer}: Snapshots`],
    [`#/tenants/${slug}/access`, `${customer}: Access`],
    [`#/tenants/${slug}/metrics`, `${customer}: Metrics`],
    [`#/tenants/${slug}/sla`, `${customer}: SLA`],
  ] as const;

/** Goes to a screen as a link would and waits for its heading. */
export async function openScreen(page: Page, address: string, heading: string | RegExp): Promise<void> {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, address);
  await expect(page.getByRole("heading", { level: 1, name: heading })).toBeVisible();
}

/** Opens the palette, types and takes the first thing found. */
export async function command(page: Page, words: string): Promise<void> {
  await page.keyboard.press("ControlOrMeta+k");
  const search = page.getByRole("searchbox").or(page.getByPlaceholder("Screen, tenant, job or act…")).first();
  await search.fill(words);
  await page.keyboard.press("Enter");
  await expect(search).toBeHidden();
}
