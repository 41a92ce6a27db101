// @vitest-environment jsdom
import { act, cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../../../shared/errors.ts";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

test("the fleet shows its environments, and the keyboard opens one", async () => {
  renderApp("/fleet");
  const fleet = await screen.findByRole("grid", { name: "Fleet" });
  await within(fleet).findAllByText("Albatros Voyages");
  act(() => fleet.focus());
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  expect(await screen.findByRole("heading", { level: 1, name: /Albatros|Bluefin/ })).toBeTruthy();
});

test("ten thousand rows draw only what is in sight", async () => {
  renderApp("/fleet", { tenants: 5_000 });
  const fleet = await screen.findByRole("grid", { name: "Fleet" });
  await within(fleet).findAllByText("Albatros Voyages");
  expect(fleet.getAttribute("aria-rowcount")).toBe("10001");
  expect(within(fleet).getAllByRole("row").length).toBeLessThan(80);
});

test("lab-fed screens say so, and the header keeps the mark", async () => {
  renderApp("/fleet");
  expect(await screen.findByText("Lab: nothing here is real AWS")).toBeTruthy();
  expect(within(screen.getByRole("banner")).getByRole("link", { name: "Lab" })).toBeTruthy();
});

test("an empty fleet says what to do next", async () => {
  renderApp("/fleet", { tenants: 0, withoutAccounts: true });
  expect(await screen.findByText("No AWS account yet")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Add an account" })).toBeTruthy();
});

test("a failed call is told by its code with the console's words, what next, and a way to try again", async () => {
  const failure = new AppError("DatabaseUnavailable", "The database of this console stopped.", {
    retryable: false,
    next: "Restart the console.",
  });
  renderApp("/fleet", { failures: { "fleet.list": failure } });
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("The database does not answer");
  expect(alert.textContent).toContain("The database of this console stopped.");
  expect(alert.textContent).toContain("Restart the console.");
  expect(within(alert).getByRole("button", { name: "Try again" })).toBeTruthy();
});

test("while the console starts its stage is shown, and a failed start says what to do", async () => {
  renderApp("/fleet", { status: { state: "starting", stage: "database" } });
  expect(await screen.findByText("Starting the database")).toBeTruthy();
  cleanup();
  renderApp("/fleet", {
    status: { state: "failed", error: { code: "DatabaseNewer", message: "Written by 9.9.", next: "Install 9.9." } },
  });
  expect((await screen.findByRole("alert")).textContent).toContain("Install 9.9.");
});

test("a lost connection is said calmly and goes when it is back", async () => {
  const { connection } = renderApp("/fleet");
  await screen.findByRole("grid", { name: "Fleet" });
  act(() => connection.become("lost"));
  expect(screen.getByText("Connection to the console lost, trying again")).toBeTruthy();
  act(() => connection.become("open"));
  await waitFor(() => expect(screen.queryByText("Connection to the console lost, trying again")).toBeNull());
});

test("the language switches live and is kept in the settings", async () => {
  const { fake } = renderApp("/fleet");
  await userEvent.click(await screen.findByRole("button", { name: "Language" }));
  await userEvent.click(await screen.findByRole("menuitemradio", { name: "Français", hidden: true }));
  expect(await screen.findByRole("heading", { level: 1, name: "Parc" })).toBeTruthy();
  expect(document.documentElement.lang).toBe("fr");
  await waitFor(() => expect(fake.readSettings().language).toBe("fr"));
});

test("hostile names are text", async () => {
  const hostile = `<img src=x onerror="alert(1)">`;
  const { fake, container } = renderApp("/jobs");
  await screen.findByRole("grid", { name: "Jobs" });
  const { job } = [...fake.jobs.values()][0]!;
  act(() => fake.push({ type: "job", job: { ...job, subject: hostile } }));
  expect(await screen.findByText(hostile)).toBeTruthy();
  expect(container.querySelector("img")).toBeNull();
});

test("a job that ends is told wherever one is", async () => {
  const { fake } = renderApp("/settings");
  await screen.findByRole("heading", { level: 1, name: "Settings" });
  const { job } = [...fake.jobs.values()][0]!;
  await waitFor(() => {
    act(() => fake.push({ type: "job", job: { ...job, state: "done", endedAt: new Date() } }));
    expect(screen.getAllByText("Provision of Lisière Mode is done").length).toBeGreaterThan(0);
  });
});
