import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test.afterEach(async ({ host }) => {
  for (const { id } of await host.client.terminal.list()) await host.client.terminal.close({ sessionId: id });
});

test("a host key that nothing explains blocks, and only a reason, a second person and the typed name let anybody in", async ({
  page,
  host,
}) => {
  const { rows } = await host.client.fleet.list();
  const row = rows.find((one) => one.kind === "production" && one.state === "running" && one.sshAddress)!;
  const { environments } = await host.client.tenant.get({ tenant: row.slug });
  const { instanceId } = environments.find(({ id }) => id === row.id)!;
  await host.client.lab.injectFault({ name: "host-key-changed", ...(instanceId && { instance: instanceId }) });

  await openScreen(page, `#/tenants/${row.slug}`, row.customer);
  await page.getByRole("region", { name: "Production" }).getByRole("link", { name: "Open terminal" }).click();
  const dialog = page.getByRole("dialog", { name: "Open terminal" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("a look at the host");
  const logIn = dialog.getByRole("button", { name: "Log in" });
  await logIn.click();
  await expect(dialog.getByText("The host key is not the pinned one")).toBeVisible();
  await dialog.getByRole("link", { name: "Look at the host keys" }).click();

  await expect(page.getByRole("heading", { level: 1, name: "Host keys" })).toBeVisible();
  await expect(page.getByText("Changed and unexplained: nobody is let in")).toBeVisible();
  for (const theme of ["dark", "light"] as const) {
    await host.client.settings.update({ theme });
    await expect(page.locator("html")).toHaveAttribute("data-mantine-color-scheme", theme);
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.html}`))).toEqual([]);
  }

  await page.getByRole("button", { name: "Pin the changed key" }).click();
  const repin = page.getByRole("dialog", { name: "Pin the changed key" });
  await repin.getByRole("textbox", { name: "Reason" }).fill("the machine's keys were made anew by hand");
  await repin.getByRole("textbox", { name: `Type ${row.slug} to confirm` }).fill(row.slug);
  // The machine printed other keys: its console cannot be the second look.
  await repin.getByRole("button", { name: "Pin this key" }).click();
  await expect(repin.getByRole("alert").last()).toContainText("AWS console");
  await repin.getByRole("radio", { name: /A second person/ }).check();
  await repin.getByRole("textbox", { name: "Name of the second person" }).fill("Second person");
  await repin.getByRole("button", { name: "Pin this key" }).click();
  await expect(repin).toBeHidden();
  await expect(page.getByRole("table", { name: "Pinned now" })).toContainText("Second look: Second person");

  await openScreen(page, `#/tenants/${row.slug}`, row.customer);
  await page.getByRole("region", { name: "Production" }).getByRole("link", { name: "Open terminal" }).click();
  await dialog.getByRole("textbox", { name: "Reason" }).fill("a look at the host");
  await logIn.click();
  const pane = page.getByRole("region", { name: `${row.customer}, Production` });
  await expect(pane.locator(".xterm-rows")).toContainText("$");
});
