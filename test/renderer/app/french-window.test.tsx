// @vitest-environment jsdom
import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";
import { AppError } from "../../../shared/errors.ts";
import { renderApp } from "../render-app.tsx";

afterEach(cleanup);

/** What only English sentences have; names, figures, commands and the console's own words in small print do not count. */
const ENGLISH =
  /\b(the|The|of|is|are|was|and|with|from|this|This|that|its?|It|not|your?|for|every|Nothing|open|read)\b/;

function texts(): string[] {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found: string[] = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent?.closest('[lang="en"], code, pre, style, script')) continue;
    const text = node.textContent?.trim() ?? "";
    if (text) found.push(text);
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"]) found.push(element.getAttribute(name)?.trim() ?? "");
  return found;
}

const english = () => [...new Set(texts())].filter((text) => ENGLISH.test(text));
const FRENCH = { settings: { language: "fr" } } as const;

test.each([
  ["/fleet", "Parc"],
  ["/jobs", "Tâches"],
  ["/jobs/job-failed", /Création/],
  ["/jobs/job-waiting", /Création/],
  ["/tenants/hazelwood-clinics", /Hazelwood/],
  ["/sla", "SLA"],
  ["/tenants/hazelwood-clinics/sla", "Hazelwood Clinics : SLA"],
  ["/lab", "Labo"],
  ["/settings/general", "Réglages"],
  ["/settings/accounts", "Réglages"],
  ["/settings/vault", "Réglages"],
])("no English sentence is left at %s", async (path, name) => {
  renderApp(path, FRENCH);
  await screen.findByRole("heading", { level: 1, name });
  await expect.poll(() => document.querySelector("[aria-busy=true]"), { timeout: 20_000 }).toBeNull();
  expect(texts().length).toBeGreaterThan(20);
  expect(english()).toEqual([]);
});

test("an order and its refusals are told in French up to the plan", async () => {
  renderApp("/new-tenant", FRENCH);
  await userEvent.type(await screen.findByRole("textbox", { name: /^Client/ }), "Gull");
  await screen.findByText(/Openbravo Cloud est vendu avec/);
  expect(english()).toEqual([]);
  for (let step = 0; step < 4; step++) await userEvent.click(screen.getByRole("button", { name: "Suivant" }));
  await screen.findByText("Ce qui sera créé");
  expect(screen.getAllByText(/Gio gp3, chiffré/).length).toBeGreaterThan(0);
  expect(english()).toEqual([]);
});

test("a failure is told in French, with the console's own words below in small print", async () => {
  const failure = new AppError("VaultLocked", "The vault is locked.", {
    retryable: true,
    next: "Open it in the window under Settings; the work goes on from there.",
  });
  renderApp("/fleet", { ...FRENCH, failures: { "fleet.list": failure } });
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Le coffre est fermé.");
  expect(alert.textContent).toContain("Ouvrez-le dans les réglages ; le travail reprend de là.");
  expect(alert.querySelector('[lang="en"]')?.textContent).toBe(`${failure.message}\n${failure.details.next}`);
  expect(english()).toEqual([]);
});

test("a refusal by a rule is told by its verdict", async () => {
  const failure = new AppError("RefusedByRule", 'R10: The prefix "www" cannot be used: the word is reserved.', {
    retryable: false,
    rule: "R10",
    verdicts: [
      {
        ...{ rule: "R10", allowed: false, source: "OB:50" },
        reason: 'The prefix "www" cannot be used: the word is reserved.',
        facts: { case: "prefix.reserved", prefix: "www" },
      },
    ],
    next: "Change the order; nothing was made.",
  });
  renderApp("/fleet", { ...FRENCH, failures: { "fleet.list": failure } });
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("R10 : Le préfixe « www » est un mot réservé.");
  expect(alert.textContent).toContain("Modifiez la commande ; rien n'a été créé.");
  expect(english()).toEqual([]);
});

test("start-up and its failure are told in French", async () => {
  renderApp("/fleet", { ...FRENCH, status: { state: "starting", stage: "jobs" } });
  await screen.findByText("Démarrage du moteur de tâches");
  expect(english()).toEqual([]);
  cleanup();
  const error = {
    code: "HomeInUse",
    message: "Another console already uses /tmp/a: process 7.",
    next: "Use its window, end it first, or choose another folder with --home.",
  };
  renderApp("/fleet", { ...FRENCH, status: { state: "failed", error } });
  expect((await screen.findByRole("alert")).textContent).toContain("Une autre console utilise déjà /tmp/a");
  expect(english()).toEqual([]);
});
