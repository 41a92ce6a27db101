import { randomUUID } from "node:crypto";
import { provisionRequest } from "../support/provision-request.ts";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

const NAMES = [
  `<img src=x onerror="document.title='owned'">`,
  `Robert'); DROP TABLE tenant; --`,
  "$(touch /tmp/owned) `id` ; rm -rf / && echo",
  "../../etc/passwd\u202Egnp.exe",
  "{{constructor}} %s %n ${7*7}",
];

test("hostile customer names are shown as the text they are, on every screen", async ({ page, host }) => {
  for (const [index, customer] of NAMES.entries()) {
    const prefix = `hostile-${index}`;
    const request = await provisionRequest(host.client, { customer, prefix });
    const { jobId, slug } = await host.client.tenant.provision({ ...request, requestId: randomUUID() });

    await openScreen(page, `#/jobs/${jobId}`, `Provision: ${customer.trim()}`);
    await openScreen(page, `#/tenants/${slug}`, customer.trim());
    await host.client.jobs.cancel({ jobId });
  }
  await openScreen(page, "#/jobs", "Jobs");
  for (const customer of NAMES) await expect(page.getByText(customer, { exact: true }).first()).toBeVisible();
  expect(await page.title()).not.toContain("owned");
  expect(await page.locator("img[src='x']").count()).toBe(0);
});
