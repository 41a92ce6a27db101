import { randomUUID } from "node:crypto";
import { expect, test } from "./console.ts";
import { openScreen } from "./screens.ts";

const DAY_MS = 86_400_000;

/** A free evening some days ahead, in UTC. */
const evening = (days: number) => {
  const at = new Date(Date.now() + days * DAY_MS);
  at.setUTCHours(20, 0, 0, 0);
  return at;
};

test("a window is planned by keyboard with the contract beside it, told to the customer, and proven", async ({
  page,
  host,
}) => {
  const { rows } = await host.client.fleet.list();
  const row = rows.find((one) => one.service === "openbravo" && one.kind === "production")!;
  await page.getByRole("heading", { level: 1 }).focus();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await expect(page.getByRole("heading", { level: 1, name: "Calendar" })).toBeVisible();
  await page.keyboard.press("n");
  const dialog = page.getByRole("dialog", { name: "Plan a window" });
  await dialog.getByRole("combobox", { name: "Tenant" }).fill(row.slug);
  await page.getByRole("option", { name: `(${row.slug})` }).click();
  await dialog.getByRole("combobox", { name: "Kind" }).click();
  await page.getByRole("option", { name: "Major change" }).click();
  await expect(dialog.getByLabel("Refused").locator("..").filter({ hasText: "R40" }).first()).toBeVisible();
  await expect(dialog.getByText(/Major changes in \d{4}: 1 of 2/)).toBeVisible();
  await dialog.getByRole("textbox", { name: "Impact" }).fill("The tills work off line.");
  await dialog.getByRole("button", { name: "Use it" }).click();
  const plan = dialog.getByRole("button", { name: "Plan it" });
  await expect(plan).toBeEnabled();
  await plan.click();

  await expect(page.getByRole("heading", { level: 1, name: `Major change: ${row.customer}` })).toBeVisible();
  await page.getByRole("button", { name: "Draft: Français" }).click();
  await expect(page.getByText("heure du centre de données", { exact: false }).first()).toBeVisible();
  const message = await host.saved(page, () => page.getByRole("button", { name: ".eml" }).click());
  expect(message.name).toMatch(/^notice-.*-fr\.eml$/);
  await page.getByRole("button", { name: "Mark as sent" }).click();
  await page
    .locator('input[type="file"]')
    .setInputFiles({ name: "sent.eml", mimeType: "message/rfc822", buffer: message.content });
  await page.getByRole("dialog").getByRole("button", { name: "Mark as sent" }).click();
  await expect(page.getByText("Proven in time").first()).toBeVisible();
  await expect(page.getByText(`sent.eml (${message.content.length} bytes)`)).toBeVisible();
});

test("a window is dragged to another day, and a day that a rule refuses opens the dialog instead", async ({
  page,
  host,
}) => {
  const { rows } = await host.client.fleet.list();
  const row = rows.filter((one) => one.service === "openbravo" && one.kind === "production")[1]!;
  const startsAt = evening(5);
  await host.client.calendar.schedule({
    ...{ requestId: randomUUID(), tenant: row.slug, environment: "production", kind: "application", minutes: 60 },
    ...{ startsAt: startsAt.toISOString(), title: "Dragged", interrupts: false, impact: "", overrides: {} },
  });
  const closed = evening(7).toISOString().slice(0, 10);
  await host.client.calendar.blackouts.add({
    ...{ requestId: randomUUID(), tenant: row.slug, firstDay: closed, lastDay: closed, title: "Stock-taking" },
  });
  await openScreen(page, "#/calendar", "Calendar");
  await page.getByRole("combobox", { name: "Tenant" }).fill(row.slug);
  await page.getByRole("option", { name: `(${row.slug})` }).click();
  await page.getByText("Day", { exact: true }).click();
  await page.getByText("Week", { exact: true }).click();
  await page.getByText("Month", { exact: true }).click();
  const cell = (days: number) =>
    page.locator(`[role="gridcell"][data-day="${evening(days).toISOString().slice(0, 10)}"]`);
  if (!(await cell(7).isVisible())) await page.getByRole("button", { name: "Later" }).click();
  const chip = cell(5).getByRole("button", { name: /Application/ });
  test.skip(!(await chip.isVisible()), "the three days lie in two months");

  await chip.dragTo(cell(6));
  await expect(cell(6).getByRole("button", { name: /Application/ })).toBeVisible();
  const range = { from: evening(4), to: evening(9), tenant: row.slug };
  const { windows } = await host.client.calendar.list(range);
  expect(windows[0]).toMatchObject({ title: "Dragged", sequence: 1 });

  await cell(6)
    .getByRole("button", { name: /Application/ })
    .dragTo(cell(7));
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Stock-taking", { exact: false })).toBeVisible();
  await dialog.getByRole("textbox", { name: /despite/ }).fill("Agreed with the shop");
  await dialog.getByRole("button", { name: "Move", exact: true }).click();
  await expect(cell(7).getByRole("button", { name: /Application/ })).toBeVisible();
});

test("arrows move through the month, Enter opens the day, and every view shows the contract's windows", async ({
  page,
}) => {
  await openScreen(page, "#/calendar", "Calendar");
  await page.locator('[role="gridcell"][tabindex="0"]').focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await expect(page.locator('[role="gridcell"][aria-selected="true"]')).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("group", { name: "Day", exact: true })).toBeVisible();
  await page.getByText("List", { exact: true }).click();
  await expect(page.getByRole("grid", { name: "Calendar" }).getByText("By contract").first()).toBeVisible();
});
