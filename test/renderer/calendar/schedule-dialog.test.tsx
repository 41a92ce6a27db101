// @vitest-environment jsdom
import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

/** Lists are mounted while closed too, at the end of the page the newest. */
async function pick(name: string | RegExp) {
  const options = await screen.findAllByRole("option", { name, hidden: true });
  await userEvent.click(options.at(-1)!);
}

async function openDialog(tenant: string, language: "en" | "fr" = "en") {
  const view = renderApp("/calendar", { settings: { language } });
  await screen.findByRole("grid");
  await userEvent.keyboard("n");
  const dialog = await screen.findByRole("dialog");
  const [choice] = within(dialog).getAllByRole("combobox");
  await userEvent.click(choice!);
  await pick(new RegExp(tenant));
  return { ...view, dialog: within(dialog) };
}

const refusals = (dialog: { queryAllByLabelText(mark: string): HTMLElement[] }, mark = "Refused") =>
  dialog.queryAllByLabelText(mark).map((icon) => icon.parentElement?.textContent?.slice(0, 3));

async function choose(dialog: ReturnType<typeof within>, label: string, option: string) {
  await userEvent.click(dialog.getByRole("combobox", { name: label }));
  await pick(option);
}

test("R40: the dialog counts major changes, offers the earliest start, and takes it with one click", async () => {
  const { dialog, fake } = await openDialog("Bluefin Retail");
  await choose(dialog, "Kind", "Major change");
  await userEvent.type(dialog.getByRole("textbox", { name: /Impact/ }), "The tills work off line.");
  await expect.poll(() => refusals(dialog), { timeout: 20_000 }).toContain("R40");
  expect(dialog.getByText(/Major changes in \d{4}: 1 of 2/)).toBeTruthy();
  const submit = dialog.getByRole<HTMLButtonElement>("button", { name: "Plan it" });
  expect(submit.disabled).toBe(true);

  await userEvent.click(dialog.getByRole("button", { name: "Use it" }));
  await expect.poll(() => submit.disabled, { timeout: 20_000 }).toBe(false);
  await userEvent.click(submit);
  expect(await screen.findByRole("heading", { level: 1, name: /Major change: Bluefin Retail/ })).toBeTruthy();
  const range = { from: new Date(), to: new Date(Date.now() + 390 * 86_400_000), tenant: "bluefin-retail" };
  const { windows } = await fake.client.calendar.list(range);
  expect(windows.filter(({ kind }) => kind === "major")).toHaveLength(1);
});

test("R36: an interruption without an impact is refused until it is written, in French too", async () => {
  const { dialog } = await openDialog("Café Éclair", "fr");
  await expect.poll(() => refusals(dialog, "Refusé"), { timeout: 20_000 }).toContain("R36");
  await userEvent.type(dialog.getByRole("textbox", { name: /Impact/ }), "Caisses hors ligne.");
  const submit = dialog.getByRole<HTMLButtonElement>("button", { name: "Planifier" });
  await expect.poll(() => submit.disabled, { timeout: 20_000 }).toBe(false);
});

test("a refusal that may be overridden takes its reason in the dialog, and records it", async () => {
  const { dialog } = await openDialog("Bluefin Retail");
  await choose(dialog, "Kind", "Data-centre move");
  await choose(dialog, "New region", "eu-west-1");
  await userEvent.type(dialog.getByRole("textbox", { name: /Impact/ }), "Down for a moment.");
  const reason = await dialog.findByRole("textbox", { name: "Reason for going ahead despite R41" });
  await userEvent.type(reason, "Agreed");
  const submit = dialog.getByRole<HTMLButtonElement>("button", { name: "Plan it" });
  await expect.poll(() => submit.disabled, { timeout: 20_000 }).toBe(false);
  await userEvent.click(submit);
  await screen.findByRole("heading", { level: 1, name: /Data-centre move: Bluefin Retail/ });
  expect(screen.getByText(/Agreed \(Camille\)/)).toBeTruthy();
});

test("a notice is drafted, looked at, and marked as sent with the hash of the message", async () => {
  renderApp("/calendar/w-11");
  await userEvent.click(await screen.findByRole("button", { name: "Draft: Français" }));
  const notice = within(await screen.findByRole("region", { name: /Lisière Mode/ }));
  expect(notice.getByText(/votre heure/)).toBeTruthy();
  await userEvent.click(notice.getByRole("button", { name: "Mark as sent" }));
  const dialog = within(await screen.findByRole("dialog"));
  const input = document.querySelector<HTMLInputElement>('input[type="file"]')!;
  await userEvent.upload(input, new File(["abc"], "sent.eml", { type: "message/rfc822" }));
  await userEvent.click(dialog.getByRole("button", { name: "Mark as sent" }));
  expect(await screen.findByText("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")).toBeTruthy();
});
