// @vitest-environment jsdom
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

test("the contract of a tenant shows its dates with rule and source, and today among them", async () => {
  renderApp("/tenants/drumlin-foods/contract");
  const clocks = await screen.findByRole("region", { name: "Clocks" });
  const start = within(clocks).getByText("Subscription starts").closest("li")!;
  expect(start.textContent).toContain("R80");
  expect(start.textContent).toContain("AC:22");
  expect(within(clocks).getByText("Today").closest("li")!.getAttribute("aria-current")).toBe("date");
  expect(within(clocks).getAllByText("Quarter of the subscription")).toHaveLength(4);
  await userEvent.click(within(clocks).getByRole("radio", { name: "Table" }));
  expect(within(clocks).getByRole("columnheader", { name: "Rule and source" })).toBeTruthy();
});

test("the solver quotes the rule behind the date", async () => {
  renderApp("/tenants/drumlin-foods/contract");
  const solver = await screen.findByRole("region", { name: "Earliest date of a change" });
  expect(await within(solver).findByText(/only at the start of a quarter of the subscription/)).toBeTruthy();
  expect(within(solver).getByText("Takes effect on")).toBeTruthy();
});

test("a legal hold is recorded with its reason and shown at once", async () => {
  renderApp("/tenants/albatros-voyages/contract");
  await userEvent.click(await screen.findByRole("button", { name: "Record: Legal hold" }));
  const dialog = await screen.findByRole("dialog", { name: "Record: Legal hold" });
  const record = within(dialog).getByRole("button", { name: "Record" });
  expect(record.hasAttribute("disabled")).toBe(true);
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Reason" }), "Court order 12/26");
  await userEvent.click(record);
  const facts = screen.getByRole("region", { name: "What people recorded" });
  expect(await within(facts).findByText("held: nothing is deleted")).toBeTruthy();
  expect(await screen.findByText("Court order 12/26")).toBeTruthy();
});

test("a refused fact is told in the dialog and changes nothing", async () => {
  renderApp("/tenants/albatros-voyages/contract");
  await userEvent.click(await screen.findByRole("button", { name: "Record: Copy handed over" }));
  const dialog = await screen.findByRole("dialog");
  await userEvent.type(within(dialog).getByRole("textbox", { name: "Reason" }), "Sent");
  await userEvent.click(within(dialog).getByRole("button", { name: "Record" }));
  expect((await within(dialog).findByRole("alert")).textContent).toContain("no copy request is recorded");
  expect(screen.getByText("Nothing is recorded yet.")).toBeTruthy();
});

test("the version board groups by service, filters, and opens the contract with the keyboard", async () => {
  renderApp("/versions");
  const board = await screen.findByRole("treegrid", { name: "Versions" });
  expect(await within(board).findByText("Openbravo Cloud")).toBeTruthy();
  expect(within(board).getByText("Acumatica SaaS")).toBeTruthy();
  await userEvent.type(screen.getByRole("textbox", { name: "Filter" }), "cafe eclair");
  await waitFor(() => expect(board.getAttribute("aria-rowcount")).toBe("4"));
  board.focus();
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  expect(await screen.findByRole("heading", { level: 1, name: "Café Éclair: Contract" })).toBeTruthy();
});

test("the expiry board tells the next date, the days left and the rule, also in French", async () => {
  renderApp("/expiry", { settings: { language: "fr" } });
  const board = await screen.findByRole("treegrid", { name: "Échéances" });
  expect((await within(board).findAllByText("Renouvellement")).length).toBeGreaterThan(0);
  expect(within(board).getAllByText(/\d+ jours/).length).toBeGreaterThan(0);
  expect(within(board).getAllByText(/OB:230/).length).toBeGreaterThan(0);
});

test("the policy screen shows each number with rule and source", async () => {
  renderApp("/policy");
  await userEvent.click(await screen.findByRole("radio", { name: "Acumatica SaaS" }));
  const numbers = await screen.findByRole("grid", { name: "Numbers of Acumatica SaaS" });
  await userEvent.type(screen.getByRole("textbox", { name: "Filter" }), "suspensionDays");
  const row = (await within(numbers).findByText("lifecycle.suspensionDays")).closest<HTMLElement>('[role="row"]')!;
  expect(row.textContent).toContain("30");
  expect(row.textContent).toContain("AC:34");
});
