// @vitest-environment jsdom
import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

const next = () => userEvent.click(screen.getByRole("button", { name: "Next" }));

test("an order that every rule allows is planned, provisioned once and followed", async () => {
  const { fake } = renderApp("/new-tenant");
  await userEvent.type(await screen.findByRole("textbox", { name: "Customer" }), "Gull & Tern");
  expect(await screen.findByText("Every rule allows it")).toBeTruthy();
  for (let step = 0; step < 4; step++) await next();
  expect(screen.getAllByText("fleetwright-gull-tern-production").length).toBeGreaterThan(0);
  expect(screen.getByText("hand over")).toBeTruthy();

  await userEvent.click(screen.getByRole("button", { name: "Provision" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Provision: Gull & Tern" })).toBeTruthy();
  expect([...fake.jobs.values()].filter(({ job }) => job.subject === "Gull & Tern")).toHaveLength(1);
});

test("a refusal shows its rule, its reason and its source, and a recorded reason overrides it (R14)", async () => {
  renderApp("/new-tenant");
  await userEvent.type(await screen.findByRole("textbox", { name: "Customer" }), "Gull");
  await next();
  await next();
  await userEvent.click(screen.getByRole("combobox", { name: "Region" }));
  await userEvent.click(await screen.findByRole("option", { name: "ca-central-1", hidden: true }));

  const refusal = (await screen.findByLabelText("Refused")).parentElement as HTMLElement;
  expect(refusal.textContent).toContain("R14");
  expect(refusal.textContent).toContain("outside the default regions");
  expect(refusal.textContent).toContain("Source OB:70");
  expect(await screen.findByText("1 rule refuses")).toBeTruthy();

  await userEvent.type(
    within(refusal).getByRole("textbox", { name: "Reason for going ahead despite R14" }),
    "Agreed in writing",
  );
  expect(await screen.findByText("Every rule allows it")).toBeTruthy();
  expect(screen.getByLabelText("Overridden")).toBeTruthy();
});

test("a refused order cannot be provisioned, and the step that must change is marked", async () => {
  renderApp("/new-tenant");
  await userEvent.type(await screen.findByRole("textbox", { name: "Customer" }), "Gull");
  await next();
  await next();
  const prefix = screen.getByRole("textbox", { name: "URL prefix" });
  await userEvent.clear(prefix);
  await userEvent.type(prefix, "admin");
  expect((await screen.findByLabelText("Refused")).parentElement?.textContent).toContain("R10");
  await next();
  await next();
  expect(screen.getByText("needs a look")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Provision" }).disabled).toBe(true);
});

test("the draft survives leaving the screen", async () => {
  renderApp("/new-tenant");
  await userEvent.type(await screen.findByRole("textbox", { name: "Customer" }), "Gull");
  await userEvent.click(screen.getByRole("link", { name: "Jobs" }));
  await screen.findByRole("heading", { level: 1, name: "Jobs" });
  await userEvent.click(screen.getByRole("link", { name: "New tenant" }));
  expect((await screen.findByRole<HTMLInputElement>("textbox", { name: "Customer" })).value).toBe("Gull");
});
