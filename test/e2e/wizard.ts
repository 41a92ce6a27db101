import { request } from "node:https";
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import type { Client } from "../../main/hosts/connect.ts";
import { expect } from "./console.ts";
import { openScreen } from "./screens.ts";

export const wizardStep = (page: Page, name: string) => page.getByRole("button", { name: new RegExp(name) });

/** Opens the wizard anew and fills in what has no default. */
export async function beginOrder(page: Page, customer: string): Promise<void> {
  await openScreen(page, "#/new-tenant", "New tenant");
  await page.getByRole("button", { name: "Start over" }).click();
  await page.getByRole("textbox", { name: "Customer" }).fill(customer);
  await wizardStep(page, "Licence & people").click();
  await page.getByRole("combobox", { name: "Partner" }).fill("Northwind Partners");
}

/** Goes to the plan and sends the order; gives the id of the job whose page opens. */
export async function order(page: Page): Promise<string> {
  await wizardStep(page, "Plan").click();
  await expect(page.getByRole("heading", { name: "What will be made" })).toBeVisible();
  await page.getByRole("button", { name: "Provision", exact: true }).click();
  await expect(page).toHaveURL(/#\/jobs\/[0-9a-f-]{36}$/);
  return page.url().split("/").at(-1)!;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A GET as a customer's browser does it: certificate checked against the lab's authority and the contract's name. */
export async function getOverHttps(client: Client, slug: string, path: string): Promise<Answer> {
  const [tenant, status] = await Promise.all([client.tenant.get({ tenant: slug }), client.settings.status()]);
  const production = tenant.environments.find(({ kind }) => kind === "production");
  if (!production?.reachedAt || !status.lab) throw new Error(`${slug} has no address yet`);
  const at = new URL(production.reachedAt);
  const ca = await readFile(status.lab.ca);
  const servername = new URL(production.url).hostname;
  return new Promise((resolve, reject) => {
    const call = request(
      { host: at.hostname, port: at.port || 443, path, servername, ca, headers: { host: servername }, agent: false },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          body += part;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    call.on("error", reject).end();
  });
}
