// @vitest-environment jsdom
import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

test("R101: nobody logs in without a reason", async () => {
  renderApp("/terminals");
  const user = userEvent.setup();
  expect(await screen.findByText("Nobody has logged in yet")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Open terminal" }));
  const logIn = await screen.findByRole("button", { name: "Log in" });
  expect(logIn).toHaveProperty("disabled", true);
  await user.type(screen.getByLabelText(/Reason/), "a look");
  // Still no environment.
  expect(logIn).toHaveProperty("disabled", true);
});

test("from a tenant's page the environment is fixed and named before anybody logs in", async () => {
  const { fake } = renderApp("/terminals");
  const { rows } = await fake.client.fleet.list();
  const row = rows.find(({ kind, sshAddress }) => kind === "production" && sshAddress)!;
  location.hash = `/terminals/${row.id}`;
  const dialog = await screen.findByRole("dialog", { name: "Open terminal" });
  expect(await within(dialog).findByText(row.customer)).toBeTruthy();
  expect(dialog.textContent).toContain("Production");
});

test("who logged in where, when and why is listed in both languages", async () => {
  const { fake } = renderApp("/fleet", { settings: { language: "fr" } });
  const { rows } = await fake.client.fleet.list();
  const row = rows.find(({ sshAddress }) => sshAddress)!;
  await fake.client.terminal.open({ environmentId: row.id, reason: "une panne", columns: 80, rows: 24 });
  location.hash = "/terminals";
  const history = await screen.findByRole("grid", { name: "Historique" });
  expect(await within(history).findByText("une panne")).toBeTruthy();
  expect(history.textContent).toContain(row.customer);
});
