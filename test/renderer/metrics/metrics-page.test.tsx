// @vitest-environment jsdom
import { cleanup, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import "../../../renderer/metrics/MetricsPage.tsx"; // the page loads it when it is first looked at; no test waits for that
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

async function open(language: "en" | "fr" = "en") {
  const { fake } = renderApp("/fleet", { settings: { language } });
  const { rows } = await fake.client.fleet.list();
  const row = rows.find(({ kind }) => kind === "production")!;
  location.hash = `/tenants/${row.slug}/metrics`;
  return row;
}

test("R95: seven families and the view from outside, what is beyond its limit in words", async () => {
  const row = await open();
  expect(await screen.findByRole("heading", { level: 1, name: `${row.customer}: Metrics` })).toBeTruthy();
  const cpu = await screen.findByRole("region", { name: "CPU" });
  for (const name of ["Memory", "Disk space", "Disk activity", "Network", "Database", "Application", "From outside"])
    expect(screen.getByRole("region", { name })).toBeTruthy();
  expect(within(cpu).getByText(/96 % \(beyond limit\)/)).toBeTruthy();
  expect(screen.getByText("1 figure beyond its limit")).toBeTruthy();
  expect(within(cpu).getByRole("img").getAttribute("aria-label")).toMatch(/^CPU\. Busy: last/);
});

test("the same figures can be read as a table, without values for a silence", async () => {
  await open();
  const user = userEvent.setup();
  await user.click(await screen.findByRole("switch", { name: "Tables" }));
  const table = await screen.findByRole("region", { name: "Figures of CPU" });
  expect(within(table).getAllByRole("row").length).toBeGreaterThan(20);
  expect(within(table).getAllByText("–").length).toBeGreaterThan(0);
});

test("the page speaks French", async () => {
  const row = await open("fr");
  expect(await screen.findByRole("heading", { level: 1, name: `${row.customer} : mesures` })).toBeTruthy();
  expect(await screen.findByRole("region", { name: "Espace disque" })).toBeTruthy();
});
