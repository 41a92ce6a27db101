import AxeBuilder from "@axe-core/playwright";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

test.afterEach(async ({ host }) => {
  for (const { id } of await host.client.terminal.list()) await host.client.terminal.close({ sessionId: id });
  for (const { sessionId } of await host.client.terminal.files.sessions()) {
    await host.client.terminal.files.close({ sessionId });
  }
});

test("a file goes up and comes down beside the terminal, is not overwritten unasked, and is removed by its name", async ({
  page,
  host,
}) => {
  const { rows } = await host.client.fleet.list();
  const row = rows.find((one) => one.kind === "production" && one.state === "running" && one.sshAddress)!;
  await openScreen(page, `#/tenants/${row.slug}`, row.customer);
  await page.getByRole("region", { name: "Production" }).getByRole("link", { name: "Open terminal" }).click();
  const dialog = page.getByRole("dialog", { name: "Open terminal" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("a look at the files");
  await dialog.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: "Files beside the terminal" }).click();
  const panel = page.getByRole("region", { name: `Files of ${row.customer}, Production` });
  const table = panel.getByRole("grid");

  const content = Buffer.from("one line of a report\n".repeat(10_000));
  const upload = async () => {
    const chooser = page.waitForEvent("filechooser");
    await panel.getByRole("button", { name: "Upload" }).click();
    await (await chooser).setFiles({ name: "report.txt", mimeType: "text/plain", buffer: content });
  };
  await upload();
  await expect(panel.getByRole("list", { name: "Transfers" })).toContainText("done, compared");
  await expect(table).toContainText("report.txt");
  await upload();
  const question = page.getByRole("dialog", { name: "Overwrite report.txt?" });
  await question.getByRole("button", { name: "Cancel" }).click();

  const { content: saved } = await host.saved(page, async () => {
    await panel.getByRole("button", { name: "What to do with report.txt" }).click();
    await page.getByRole("menuitem", { name: "Download" }).click();
  });
  expect(saved.equals(content)).toBe(true);

  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.html}`))).toEqual([]);

  await panel.getByRole("button", { name: "What to do with report.txt" }).click();
  await page.getByRole("menuitem", { name: "Remove" }).click();
  const remove = page.getByRole("dialog", { name: "Remove report.txt?" });
  await remove.getByRole("textbox").fill("report.txt");
  await remove.getByRole("button", { name: "Remove" }).click();
  await expect(table).not.toContainText("report.txt");
});
