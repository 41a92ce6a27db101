import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";
import type { Host } from "./host.ts";

/** Opens a terminal on the first host that runs, through the tenant's page, and waits for its prompt. */
async function logIn(page: Page, host: Host, kind: "production" | "test" = "production") {
  const { rows } = await host.client.fleet.list();
  const row = rows.find((one) => one.kind === kind && one.state === "running" && one.sshAddress && one.hostKey)!;
  await openScreen(page, `#/tenants/${row.slug}`, row.customer);
  const name = kind === "production" ? "Production" : "Test";
  await page.getByRole("region", { name }).getByRole("link", { name: "Open terminal" }).click();
  const dialog = page.getByRole("dialog", { name: "Open terminal" });
  await dialog.getByRole("textbox", { name: "Reason" }).fill("a look at the terminal");
  await dialog.getByRole("button", { name: "Log in" }).click();
  const pane = page.getByRole("region", { name: `${row.customer}, ${name}` });
  await expect(pane.locator(".xterm-rows")).toContainText("$");
  return { row, pane, rows: pane.locator(".xterm-rows") };
}

async function type(page: Page, text: string) {
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

test.afterEach(async ({ host }) => {
  for (const { id } of await host.client.terminal.list()) await host.client.terminal.close({ sessionId: id });
});

test("R101: a terminal opens from the tenant's page with a reason, and its frame names customer and environment", async ({
  page,
  host,
}) => {
  const { row, pane, rows } = await logIn(page, host);
  await expect(pane).toContainText(row.customer);
  await expect(pane).toContainText("Production");
  await type(page, "printf 'caf\\303\\251 %s\\n' $((20+22))");
  await expect(rows).toContainText("café 42");
  const [session] = await host.client.terminal.list();
  expect(session).toMatchObject({ tenantSlug: row.slug, reason: "a look at the terminal", state: "open" });
});

test("a dangerous command on production is asked about before it is sent, and can be left", async ({ page, host }) => {
  const { rows } = await logIn(page, host);
  await type(page, "rm -rf /tmp/nothing-here-at-all && echo gone-$((1+1))");
  const question = page.getByRole("dialog", { name: /Run this on/ });
  await expect(question).toContainText("removes files for good");
  await question.getByRole("button", { name: "Do not send" }).click();
  await expect(question).toBeHidden();
  await expect(rows).not.toContainText("gone-2");
  // A terminal throws away with Ctrl-C what the shell has not read yet: let it read.
  await expect(rows).toContainText("gone-$((1+1))");
  await page.keyboard.press("Control+c");
  await expect(rows).toContainText("^C");
  await type(page, "echo next-$((3+4))");
  await expect(rows).toContainText("next-7");

  for (const end of ["Shift+Enter", "Control+j", "Control+m"]) {
    await page.keyboard.type("rm -rf /tmp/nothing-here-at-all");
    await page.keyboard.press(end);
    await question.getByRole("button", { name: "Do not send" }).click();
    await page.keyboard.press("Control+c");
    await expect(question).toBeHidden();
  }
});

test("several pasted lines on production are shown before they are sent", async ({ page, host }) => {
  const { pane, rows } = await logIn(page, host);
  await pane.locator("textarea").evaluate((area) => {
    const data = new DataTransfer();
    data.setData("text/plain", "echo one-$((1+0))\necho two-$((1+1))\n");
    area.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  const question = page.getByRole("dialog", { name: /Paste into/ });
  await expect(question).toContainText("2 lines");
  await question.getByRole("button", { name: "Send to the host" }).click();
  // The shell marks a paste and waits for Enter.
  await page.keyboard.press("Enter");
  await expect(rows).toContainText("one-1");
  await expect(rows).toContainText("two-2");
});

test("the keyboard leaves the terminal, and the scroll-back is there after another screen", async ({ page, host }) => {
  const { rows } = await logIn(page, host);
  await type(page, "echo kept-$((5+6))");
  await expect(rows).toContainText("kept-11");
  await page.keyboard.press("Control+F6");
  await expect(page.getByRole("button", { name: "Search", exact: true })).toBeFocused();
  await openScreen(page, "#/jobs", "Jobs");
  await openScreen(page, "#/terminals", "Terminals");
  await expect(rows).toContainText("kept-11");
});

test("a hundred thousand lines can be searched, and what is no longer there is said to be", async ({ page, host }) => {
  const { rows, pane } = await logIn(page, host, "test");
  await type(page, "seq -f 'line %.0f.' 1 100600; echo all-$((1+1))");
  await expect(rows).toContainText("all-2");
  await page.keyboard.press("Control+Shift+f");
  const search = pane.getByRole("search").getByRole("textbox", { name: "Search" });
  await search.fill("line 700.");
  await search.press("Enter");
  await expect(rows).toContainText("line 700.");
  await search.fill("line 12.");
  await search.press("Enter");
  await expect(pane.getByText("Not found")).toBeVisible();

  const size = () => pane.locator(".xterm-rows").evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));
  const before = await size();
  await pane.getByRole("button", { name: "Larger text" }).click();
  await expect.poll(size).toBe(before + 1);
  await pane.getByRole("button", { name: "Smaller text" }).click();
  await expect.poll(size).toBe(before);
});

test("during a flood the window answers, and Ctrl-C ends it", async ({ page, host }) => {
  const { rows } = await logIn(page, host, "test");
  await type(page, "yes flood");
  await expect(rows).toContainText("flood");
  await page.keyboard.press("Control+c");
  await type(page, "clear; echo calm-$((6+6))");
  await expect(rows).toContainText("calm-12");
});

for (const theme of ["light", "dark"] as const) {
  test(`axe finds nothing around a terminal, ${theme}`, async ({ page, host }) => {
    await host.client.settings.update({ theme });
    const { rows } = await logIn(page, host);
    await type(page, "echo ready-$((1+1))");
    await expect(rows).toContainText("ready-2");
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    expect(violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id} ${node.html}`))).toEqual([]);
  });
}

test("an ended session is in the history with its recording", async ({ page, host }) => {
  const { row, rows, pane } = await logIn(page, host);
  await type(page, "echo recorded-$((7+7))");
  await expect(rows).toContainText("recorded-14");
  await pane.getByRole("button", { name: "End session" }).click();
  const history = page.getByRole("grid", { name: "History" });
  await page.getByRole("tab", { name: "History" }).click();
  await expect(history).toContainText("a look at the terminal");
  await history.getByRole("row").nth(1).dblclick();
  const replay = page.getByRole("dialog", { name: new RegExp(`Recording of ${row.customer}`) });
  await replay.getByText("16×").click();
  await expect(replay).toContainText("recorded-14");
  await expect(replay).toContainText("SHA-256");
});
