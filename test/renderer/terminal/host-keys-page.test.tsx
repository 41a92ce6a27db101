// @vitest-environment jsdom
import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

async function openAt(language: "en" | "fr") {
  const { fake } = renderApp("/fleet", { settings: { language } });
  const { rows } = await fake.client.fleet.list();
  const row = rows.find(({ kind, sshAddress }) => kind === "production" && sshAddress)!;
  fake.hostKeyAlarm(row.id);
  location.hash = `/host-keys/${row.id}`;
  return row;
}

test("a changed key is pinned only with a reason, a second look and the tenant's name", async () => {
  const row = await openAt("en");
  const user = userEvent.setup();
  expect(await screen.findByText("Changed and unexplained: nobody is let in")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Pin the changed key" }));
  const pin = await screen.findByRole("button", { name: "Pin this key" });
  await user.type(screen.getByLabelText(/Reason/), "the machine was made anew by hand");
  await user.click(screen.getByLabelText(/A second person/));
  await user.type(screen.getByLabelText(/to confirm|Type /), row.slug);
  expect(pin).toHaveProperty("disabled", true);
  await user.type(screen.getByLabelText(/Name of the second person/), "Second person");
  expect(pin).toHaveProperty("disabled", false);
});

test("what is blocked and what was pinned is told in French", async () => {
  await openAt("fr");
  expect(await screen.findByText("Changée sans explication : l'accès est bloqué")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Épingler la clé changée" })).toBeTruthy();
});
