import type { ExplainInput } from "../../../shared/policy/explain-fields.ts";
import type { PolicyProfile } from "../../../shared/policy/profile.ts";
import type { Verdict } from "../../../shared/policy/verdict.ts";
import type { ProfileView } from "../../../shared/terms/model.ts";
import { looseFlags } from "./loose-flags.ts";
import { readJson } from "./read-input.ts";
import type { Cli } from "./session.ts";
import { plain, table, type Terminal } from "./terminal.ts";
import { usageError } from "./usage.ts";
import { onConsole, type Verbs } from "./verbs.ts";

interface ExplainOptions {
  readonly profile?: string;
  readonly now?: string;
  readonly file?: string;
}

interface ProfilesOptions {
  readonly add?: string;
  readonly bound?: boolean;
}

function boundText(terminal: Terminal, views: readonly ProfileView[]): string {
  const rows = views.map(({ id, name, version, tenants, exceptions }) => [
    ...[id, name, version, String(tenants.length), String(exceptions.length)],
  ]);
  return table(terminal, ["PROFILE", "NAME", "VERSION", "TENANTS", "EXCEPTIONS"], rows);
}

const SHORT_NAMES: Readonly<Record<string, string>> = { OB: "openbravo", AC: "acumatica" };

/** The contract rules, tried out from outside: needs no console and no network. */
export function addPolicyVerbs({ noun, verb }: Verbs): void {
  const policy = noun("policy", "the contract rules: read them and try them, without a console");

  verb<ProfilesOptions>(policy, "profiles", "the service profiles that are known", async (cli, options) => {
    if (options.add !== undefined) {
      const profile = (await readJson(options.add, cli.streams)) as Record<string, unknown>;
      const added = await onConsole(cli, ({ client }) => client.terms.addProfile({ profile }));
      return cli.terminal.answer(added, () => `added ${added.id} ${added.version}: ${plain(added.name)}`);
    }
    if (options.bound === true) {
      const views = await onConsole(cli, ({ client }) => client.terms.profiles());
      return cli.terminal.answer(views, () => boundText(cli.terminal, views));
    }
    const { PROFILES } = await import("../../../shared/policy/profiles.ts");
    const known = Object.values(PROFILES).map(({ id, name, version, service }) => ({ id, name, version, service }));
    cli.terminal.answer(known, () =>
      table(
        cli.terminal,
        ["PROFILE", "NAME", "VERSION"],
        known.map(({ id, name, version }) => [id, name, version]),
      ),
    );
  })
    .option("--add <file>", "add a profile of the company from a JSON file, checked whole")
    .option("--bound", "ask the console: also the company's profiles, whom each binds and which exceptions stand");

  verb(policy, "show <profile>", "every number of one profile, with its source", async (cli, _options, name) => {
    const profile = await readProfile(cli, name);
    cli.terminal.answer(profile, () => JSON.stringify(profile, null, 2));
  });

  verb<ExplainOptions>(
    policy,
    "explain [family] [facts...]",
    "the verdict of one rule family on given facts",
    explainFacts,
  )
    .usage("FAMILY --profile PROFILE [--now TIME] [--FACT VALUE]...   (explain FAMILY --help lists its facts)")
    .option("--profile <profile>", "openbravo or acumatica, or a profile of your own as a JSON file")
    .option("--now <time>", "the moment of asking, RFC 3339 (default: now)")
    .option("--file <file>", "facts as a JSON object; flags win over it (- reads standard input)")
    .helpOption(false)
    .allowUnknownOption();
}

async function explainFacts(
  cli: Cli,
  options: ExplainOptions,
  family: string | undefined,
  words: unknown,
): Promise<void> {
  const { explain, EXPLAIN_FAMILIES, explainInputs } = await import("../../../shared/policy/explain.ts");
  // An option may come before the family: commander then takes it for the family.
  const [name, ...given] = inOrder([...(family === undefined ? [] : [family]), ...(words as string[])]);
  if (name === undefined || given.includes("--help") || given.includes("-h")) {
    const one = EXPLAIN_FAMILIES.find((known) => known === name);
    const text = one ? familyHelp(cli.terminal, one, explainInputs[one]) : familiesHelp(cli.terminal, explainInputs);
    return cli.terminal.answer(one ? explainInputs[one] : explainInputs, () => text);
  }
  const file = options.file === undefined ? {} : await readJson(options.file, cli.streams);
  if (typeof file !== "object" || file === null || Array.isArray(file)) {
    throw usageError("The facts are not a JSON object.", "Give an object with one field a fact.");
  }
  const facts = { ...file, ...looseFlags(given) } as Record<string, unknown>;
  const chosen = options.profile ?? facts["profile"] ?? facts["service"];
  if (typeof chosen !== "string") {
    throw usageError(
      "No profile is named, and the two services' rules differ.",
      "Add --profile openbravo or --profile acumatica.",
    );
  }
  const now = options.now ?? facts["now"];
  const profile = await readProfile(cli, chosen);
  const verdict = explain(name, facts, { profile, now: await readNow(now, facts) });
  cli.terminal.answer(inReadingOrder(verdict), () => verdictText(cli.terminal, verdict));
}

/** The family is the first word that is no flag and no flag's value. */
function inOrder(words: readonly string[]): string[] {
  if (words[0] === "--help" || words[0] === "-h") return [];
  const at = words.findIndex((word, index) => !word.startsWith("-") && !(words[index - 1] ?? "").startsWith("--"));
  return at < 0 ? [] : [words[at] ?? "", ...words.slice(0, at), ...words.slice(at + 1)];
}

async function readProfile(cli: Cli, name: string): Promise<PolicyProfile> {
  const { PROFILES } = await import("../../../shared/policy/profiles.ts");
  const known = Object.values(PROFILES).find(
    ({ id }) => id === (SHORT_NAMES[name.toUpperCase()] ?? name.toLowerCase()),
  );
  if (known) return known;
  if (!name.endsWith(".json")) {
    const next = `Name one of ${Object.keys(PROFILES).join(", ")}, or a JSON file.`;
    throw usageError(`There is no profile "${name}".`, next);
  }
  const { parseProfile } = await import("../../../shared/policy/profile.ts");
  return parseProfile(await readJson(name, cli.streams));
}

async function readNow(value: unknown, facts: Readonly<Record<string, unknown>>): Promise<Date> {
  if (value === undefined) return new Date();
  const { placeOf, readInstant } = await import("../../../shared/policy/explain-fields.ts");
  try {
    return readInstant(String(value), placeOf(facts));
  } catch (error) {
    throw usageError(`--now ${(error as Error).message}.`, "Write it like 2026-03-02T22:00:00Z.");
  }
}

function inReadingOrder({ rule, allowed, earliest, reason, source, ...more }: Verdict): object {
  return { rule, allowed, ...(earliest !== undefined && { earliest }), reason, source, ...more };
}

function verdictText(terminal: Terminal, { rule, allowed, earliest, reason, source, note }: Verdict): string {
  const head = allowed ? terminal.paint("green", "allowed") : terminal.paint("red", "refused");
  return [
    `${head} by ${rule ?? "the account"}: ${plain(reason)}`,
    ...(earliest === undefined ? [] : [`Earliest: ${earliest}`]),
    ...(note === undefined ? [] : [`Note: ${note}`]),
    `Source: ${source}`,
  ].join("\n");
}

type Inputs = Readonly<Record<string, { readonly summary: string; readonly inputs: readonly ExplainInput[] }>>;

function familiesHelp(terminal: Terminal, inputs: Inputs): string {
  const rows = Object.entries(inputs).map(([name, { summary }]) => [name, summary]);
  return `Usage: fleetwright policy explain FAMILY --profile PROFILE [--now TIME] [--FACT VALUE]...\n\n${table(terminal, ["FAMILY", "QUESTION"], rows)}`;
}

function familyHelp(terminal: Terminal, name: string, { summary, inputs }: Inputs[string]): string {
  const rows = inputs.map(({ name: flag, type, unit, required, description, example, choices }) => [
    `--${flag}`,
    choices ? choices.join("|") : unit ? `${type} (${unit})` : type,
    required ? "needed" : "",
    `${description}, like ${example}`,
  ]);
  return `${name}: ${summary}\n\n${table(terminal, ["FACT", "TYPE", "", "MEANING"], rows)}`;
}
