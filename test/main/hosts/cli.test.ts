import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import type { Console, ConsoleOptions } from "../../../main/console.ts";
import { openHome } from "../../../main/home/index.ts";
import { runCli } from "../../../main/hosts/cli.ts";
import { rememberLab } from "../../../main/hosts/lab-choice.ts";
import { createFakeConsole, type FakeConsole } from "./fake-console.ts";

const scratch = mkdtempSync(join(tmpdir(), "fleetwright-cli-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let homes = 0;
const newHome = () => join(scratch, `home-${homes++}`);

/** Starts fakes that hold the home as the real console does. */
function consoles(outcome?: Parameters<typeof createFakeConsole>[1]) {
  const started: ConsoleOptions[] = [];
  const fakes: FakeConsole[] = [];
  const startConsole = async (options: ConsoleOptions): Promise<Console> => {
    const home = await openHome(options.home, options.host);
    const fake = createFakeConsole(options.home, outcome);
    started.push(options);
    fakes.push(fake);
    return { ...fake, stop: () => fake.stop().then(() => home.release()) };
  };
  return { started, fakes, startConsole };
}

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
  readonly document: unknown;
}

async function run(
  argv: readonly string[],
  options: {
    readonly input?: string;
    readonly env?: Record<string, string>;
    readonly interrupted?: AbortSignal;
    readonly startConsole?: (options: ConsoleOptions) => Promise<Console>;
  } = {},
): Promise<Ran> {
  const out = new PassThrough();
  const err = new PassThrough();
  const streams = {
    out,
    err,
    env: { ...options.env },
    in: Readable.from(options.input === undefined ? [] : [Buffer.from(options.input)]),
  };
  const status = await runCli(argv, {
    streams,
    interrupted: options.interrupted ?? new AbortController().signal,
    startConsole: options.startConsole ?? (() => Promise.reject(new Error("no console was expected"))),
  });
  const text = String(out.read() ?? "");
  const isJson = argv.includes("--json") && text.trim() !== "" && text.trim().split("\n").length === 1;
  return { status, out: text, err: String(err.read() ?? ""), document: isJson ? JSON.parse(text) : undefined };
}

const ORDER = (
  "--customer Acme --service openbravo --edition commerce --prefix acme --version 26Q1 --region eu-west-1 " +
  "--production m6i.large:100 --test m6i.medium:50 --users 10 --pos 20 --invoice-date 2026-01-15 --owner Partner " +
  "--zone Europe/Madrid"
).split(" ");

describe("usage", () => {
  test.each([
    [["tenant", "lst"], "Did you mean list?"],
    [["tenat", "list"], "Did you mean tenant?"],
    [["tenant"], "Usage: fleetwright tenant"],
    [[], "Usage: fleetwright"],
    [["tenant", "list", "--colour"], "unknown option '--colour'"],
    [["start", "--port", "99999"], "whole number from 0 to 65535"],
    [["start", "--host", "qt"], "electron, loopback"],
    [["tenant", "get"], "No tenant is named"],
    [["tenant", "get", "acme", "--tenant", "other"], "Two different tenants"],
    [["settings", "set", "operator"], "NAME=VALUE"],
    [["completion", "tcsh"], "bash, zsh, fish"],
    [["account", "add", "x"], "region"],
    [["lab", "fault", "earthquake"], "throttle"],
    [["lab", "fault", "slow", "delay=5"], "delay"],
    [["job", "list", "--state", "bored"], "needsDecision"],
  ])("%j ends with status 2 and says why on standard error", async (argv, text) => {
    const env = { FLEETWRIGHT_HOME: newHome() };
    const ran = await run(argv, { env, startConsole: consoles().startConsole });
    expect(ran).toMatchObject({ status: 2, out: "", err: expect.stringContaining(text) });
  });

  test("a lab that does not run gives status 5", async () => {
    const ran = await run(["lab", "faults", "--json"], { env: { FLEETWRIGHT_HOME: newHome() } });
    expect(ran).toMatchObject({ status: 5, document: { error: { code: "LabUnavailable" } } });
  });

  test("with --json a usage error is the one document", async () => {
    const ran = await run(["tenant", "lst", "--json"]);
    expect(ran.document).toMatchObject({ error: { code: "InvalidInput", message: "unknown command 'lst'" } });
    expect(ran).toMatchObject({ status: 2, err: "" });
  });

  test("help on every level and the version go to standard output with status 0", async () => {
    expect(await run(["--version"])).toMatchObject({ status: 0, out: "0.1.0\n" });
    expect(await run(["--help"])).toMatchObject({ status: 0, out: expect.stringContaining("Commands:") });
    expect((await run(["tenant", "--help"])).out).toContain("provision");
    expect((await run(["tenant", "provision", "--help"])).out).toContain("--invoice-date");
    expect((await run(["policy", "explain", "--help"])).out).toContain("lifecycle");
    expect((await run(["policy", "explain", "size", "--help"])).out).toContain("--production-vcpus");
  });

  test("help names no verb that is not there yet", async () => {
    expect((await run(["tenant", "--help"])).out).not.toMatch(/upgrade|suspend/);
    expect((await run(["--help"])).out).not.toMatch(/drill|evidence/);
  });

  test.each(["bash", "zsh", "fish"])("the completion for %s knows nouns, verbs and options", async (shell) => {
    const { out, status } = await run(["completion", shell]);
    expect(status).toBe(0);
    for (const word of ["tenant", "provision", "invoice-date", "roll-back"]) expect(out).toContain(word);
  });
});

describe("rules without a console", () => {
  const explain = (...argv: string[]) => run(["policy", "explain", ...argv, "--json"]);

  test("a verdict is printed as the document, whatever it says", async () => {
    const facts = "--now 2026-03-01T00:00:00Z --kind emergency --start 2026-03-01T20:00:00Z".split(" ");
    const { status, document } = await explain("notice", "--profile", "openbravo", ...facts);
    expect(status).toBe(0);
    expect(document).toMatchObject({ rule: "R39", allowed: false, earliest: "2026-03-02T00:00:00Z", source: "OB:116" });
  });

  test.each([
    [["--profile=OB", "notice", "--start=2026-03-02T00:00:00Z", "--kind=emergency", "--now=2026-03-01T00:00:00Z"]],
    [
      [
        "notice",
        "--kind",
        "emergency",
        "--start",
        "2026-03-02T00:00:00Z",
        "--now",
        "2026-03-01T00:00:00Z",
        "--service",
        "openbravo",
      ],
    ],
  ])("options may stand anywhere: %j", async (argv) => {
    expect((await explain(...argv)).document).toMatchObject({ rule: "R39", allowed: true });
  });

  test("facts come from a file too, and flags win", async () => {
    const file = join(scratch, "facts.json");
    writeFileSync(file, JSON.stringify({ kind: "emergency", start: "2026-03-01T20:00:00Z" }));
    const flags = ["--profile", "openbravo", "--now", "2026-03-01T00:00:00Z", "--file", file];
    expect((await explain("notice", ...flags)).document).toMatchObject({ allowed: false });
    expect((await explain("notice", ...flags, "--start", "2026-03-05T00:00:00Z")).document).toMatchObject({
      allowed: true,
    });
  });

  test.each([
    [["notice", "--profile", "nobody"], "profile"],
    [["notice"], "profile"],
    [["horoscope", "--profile", "openbravo"], "horoscope"],
    [["notice", "--profile", "openbravo", "--kind", "emergency"], "start"],
    [["notice", "--profile", "openbravo", "--now", "yesterday"], "--now"],
    [["notice", "--profile", "openbravo", "stray"], "stray"],
  ])("%j is refused with status 2, naming what is wrong", async (argv, text) => {
    const { status, document } = await explain(...argv);
    expect(status).toBe(2);
    expect(document).toMatchObject({ error: { code: "InvalidInput", message: expect.stringContaining(text) } });
  });

  test("profiles are listed and shown", async () => {
    expect((await run(["policy", "profiles", "--json"])).document).toMatchObject([
      { id: "openbravo" },
      { id: "acumatica" },
    ]);
    expect((await run(["policy", "show", "AC", "--json"])).document).toMatchObject({ id: "acumatica" });
  });
});

describe("on a console", () => {
  test("a command starts a console of its own when none runs, and ends it", async () => {
    const { startConsole, started, fakes } = consoles();
    const home = newHome();
    const ran = await run(["tenant", "get", "acme", "--json", "--home", home], { startConsole });
    expect(ran).toMatchObject({ status: 0, document: { slug: "acme", createdAt: "2026-03-01T10:00:00.000Z" } });
    expect(started).toMatchObject([{ home, host: "cli", lab: "none" }]);
    expect(fakes[0]?.stopped()).toBe(true);
  });

  test("its lab is the one that the home was last opened with", async () => {
    const { startConsole, started } = consoles();
    const home = newHome();
    await rememberLab(home, "demo");
    await run(["job", "list", "--json", "--home", home], { startConsole });
    expect(started).toMatchObject([{ lab: "demo" }]);
  });

  test("commands that start at once share one console", async () => {
    const { startConsole, fakes } = consoles();
    const home = newHome();
    const runs = Array.from({ length: 4 }, () => run(["job", "list", "--json", "--home", home], { startConsole }));
    for (const ran of await Promise.all(runs)) {
      expect(ran).toMatchObject({ status: 0, document: [{ id: "job-1" }] });
    }
    expect(fakes.every((fake) => fake.stopped())).toBe(true);
  });

  test("the passphrase of the environment reaches the console and leaves the environment", async () => {
    const { startConsole, started } = consoles();
    const env = { FLEETWRIGHT_VAULT_PASSPHRASE: "correct horse battery" };
    const streams = { out: new PassThrough(), err: new PassThrough(), in: Readable.from([]), env: { ...env } };
    const interrupted = new AbortController().signal;
    await runCli(["job", "list", "--home", newHome()], { streams, startConsole, interrupted });
    expect(started).toMatchObject([{ vaultPassphrase: "correct horse battery" }]);
    expect(streams.env).toEqual({});
  });

  test.each([
    [["tenant", "get", "nobody"], 1, "NotFound"],
    [["tenant", "get", "bug"], 1, "Unexpected"],
    [["tenant", "roll-back", "acme", "--confirm", "acm"], 4, "ConfirmationNeeded"],
    [["tenant", "get", "x".repeat(200)], 2, "InvalidInput"],
  ])("%j ends with status %d and code %s", async (argv, status, code) => {
    const ran = await run([...argv, "--json", "--home", newHome()], { startConsole: consoles().startConsole });
    expect(ran).toMatchObject({ status, document: { error: { code } } });
  });

  test("a failure without --json is told on standard error, with what to do next", async () => {
    const ran = await run(["tenant", "get", "nobody", "--home", newHome()], { startConsole: consoles().startConsole });
    expect(ran.out).toBe("");
    expect(ran.err).toContain(
      'There is no tenant "nobody".\nNext: List them with: fleetwright tenant list\n(NotFound)',
    );
  });

  test("people's text carries no colours into a pipe and no control characters of others anywhere", async () => {
    const ran = await run(["tenant", "get", "acme", "--home", newHome()], { startConsole: consoles().startConsole });
    expect(ran.out).not.toContain("\u001b");
    expect(ran.out).toContain("Acme \ufffd[31m<b>; DROP TABLE");
  });

  test("status says that no console runs, and starts none", async () => {
    const home = newHome();
    expect(await run(["status", "--json", "--home", home])).toMatchObject({
      status: 0,
      document: { running: false, home },
    });
    expect(existsSync(home)).toBe(false);
  });

  test("an account's secret key comes from standard input, never from an option", async () => {
    const { startConsole, fakes } = consoles();
    const argv = ["account", "add", "prod", "--access-key-id", "AKIA1", "--region", "eu-west-1", "--endpoint"];
    const ran = await run([...argv, "http://127.0.0.1:5000", "--json", "--home", newHome()], {
      startConsole,
      input: "s3cret\n",
    });
    expect(ran.status).toBe(0);
    expect(ran.out).not.toContain("s3cret");
    expect(fakes[0]?.accountInputs).toMatchObject([
      {
        name: "prod",
        credentials: { kind: "keys", accessKeyId: "AKIA1", secretAccessKey: "s3cret" },
        endpoints: { ec2: "http://127.0.0.1:5000", s3: "http://127.0.0.1:5000", sts: "http://127.0.0.1:5000" },
      },
    ]);
  });

  test("an account's hosts are reached through jump hosts with pinned keys, and with the operator's agent", async () => {
    const { startConsole, fakes } = consoles();
    const argv = ["account", "add", "prod", "--profile", "p", "--region", "eu-west-1", "--ssh-agent", "--jump"];
    const key = `SHA256:${"a".repeat(43)}`;
    const add = (jump: string) => run([...argv, jump, "--json", "--home", newHome()], { startConsole });
    expect((await add(`ops@bastion.example:2222=${key}`)).status).toBe(0);
    expect(fakes[0]?.accountInputs).toMatchObject([
      {
        ssh: {
          login: "agent",
          agentKey: null,
          jumps: [{ user: "ops", host: "bastion.example", port: 2222, hostKeys: [key] }],
        },
      },
    ]);
    for (const wrong of [`root@bastion.example=${key}`, "ops@bastion.example", "ops@bastion.example=unknown"]) {
      expect((await add(wrong)).status).toBe(2);
    }
  });

  test("a wrong passphrase is a failure, and is not printed", async () => {
    const ran = await run(["vault", "unlock", "--json", "--home", newHome()], {
      startConsole: consoles().startConsole,
      input: "open sesame 1001\n",
    });
    expect(ran).toMatchObject({ status: 1, document: { error: { code: "VaultPassphraseWrong" } } });
    expect(ran.out + ran.err).not.toContain("open sesame");
  });
});

describe("orders", () => {
  const order = (verb: string, argv: readonly string[], outcome?: "done" | "failed" | "needsDecision") =>
    run(["tenant", verb, ...argv, "--account", "lab", "--json", "--home", newHome()], consoles(outcome));

  test("everything that is missing is named at once", async () => {
    const ran = await order("plan", ["--customer", "Acme"]);
    expect(ran.status).toBe(2);
    const { error } = ran.document as { error: { message: string } };
    for (const flag of ["--service", "--prefix", "--version", "--production", "--invoice-date", "--zone"]) {
      expect(error.message).toContain(`${flag} is missing`);
    }
  });

  test("a plan that a rule refuses is printed whole, with status 3", async () => {
    expect(await order("plan", ORDER)).toMatchObject({
      status: 3,
      document: { allowed: false, verdicts: [{ rule: "R8" }] },
    });
  });

  test("a recorded reason overrides, and --version of the order is not the app's", async () => {
    const ran = await order("plan", [...ORDER, "--override", "R8=agreed = in writing"]);
    expect(ran).toMatchObject({ status: 0, document: { allowed: true } });
  });

  test("a refusal carries its rule and the earliest time, with status 3", async () => {
    const ran = await order("provision", [...ORDER, "--prefix", "refused"]);
    expect(ran).toMatchObject({
      status: 3,
      document: { error: { code: "RefusedByRule", rule: "R10", earliest: "2026-04-01T00:00:00Z" } },
    });
  });

  test("a provisioning is followed to its end, its steps told on standard error", async () => {
    const requestId = "3f0f7c1e-7f6a-4a35-9a58-0a4f4f2a0b11";
    const ran = await order("provision", [...ORDER, "--request-id", requestId]);
    expect(ran.err).toContain("data volume  vol-1, 100 GiB");
    expect(ran).toMatchObject({
      status: 0,
      document: { jobId: requestId, slug: "acme", tenantId: "t-1", state: "done", tenant: { slug: "acme" } },
    });
  });

  test.each([
    ["failed", 1, "AwsCapacity"],
    ["needsDecision", 4, "DecisionNeeded"],
  ] as const)("a provisioning that ends %s is told as such", async (outcome, status, code) => {
    const ran = await order("provision", ORDER, outcome);
    expect(ran).toMatchObject({
      status,
      document: { error: { code, details: { jobState: outcome, tenant: "acme" } } },
    });
  });

  test("detached, it returns with the job's id", async () => {
    const requestId = "3f0f7c1e-7f6a-4a35-9a58-0a4f4f2a0b12";
    const ran = await order("provision", [...ORDER, "--detach", "--request-id", requestId]);
    expect(ran).toMatchObject({ status: 0, document: { jobId: requestId, slug: "acme" } });
  });

  test("an order is read from a file or standard input, and flags win", async () => {
    const file = {
      customer: "Acme",
      prefix: "file",
      environments: [{ kind: "production", instanceType: "m6i.large", volumeGiB: 10 }],
    };
    const input = JSON.stringify({
      ...file,
      service: "openbravo",
      edition: "commerce",
      version: "26Q1",
      region: "eu-west-1",
      invoiceDate: "2026-01-15",
      owner: "P",
      zone: "UTC",
    });
    const argv = [
      "tenant",
      "provision",
      "--file",
      "-",
      "--account",
      "lab",
      "--prefix",
      "refused",
      "--json",
      "--home",
      newHome(),
    ];
    expect(await run(argv, { ...consoles(), input })).toMatchObject({ status: 3 });
  });

  test.each(["{", "[]", "7", "null"])("%s is no order", async (input) => {
    const argv = ["tenant", "plan", "--file", "-", "--account", "lab", "--json", "--home", newHome()];
    expect(await run(argv, { ...consoles(), input })).toMatchObject({ status: 2 });
  });
});

describe("looking on", () => {
  test("a job that is watched gives one line of JSON a change, and ends with the job", async () => {
    const ran = await run(["job", "watch", "job-1", "--json", "--home", newHome()], consoles());
    const lines = ran.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string });
    expect(ran.status).toBe(0);
    expect(lines.map(({ type }) => type)).toEqual(expect.arrayContaining(["step", "job"]));
    expect(lines.at(-1)).toMatchObject({ type: "job", job: { id: "job-1", state: "done" } });
  });

  test("logs give one line of JSON a line", async () => {
    const ran = await run(["job", "logs", "job-1", "--json", "--home", newHome()], consoles());
    expect(JSON.parse(ran.out)).toMatchObject({ seq: 1, text: "hello" });
  });

  test("watching everything goes on until it is interrupted, and that is no failure", async () => {
    const { startConsole, fakes } = consoles();
    const interruption = new AbortController();
    const home = newHome();
    const running = run(["job", "watch", "--json", "--home", home], { startConsole, interrupted: interruption.signal });
    while ((fakes[0]?.watchers() ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    interruption.abort();
    expect((await running).status).toBe(0);
    expect(fakes[0]?.watchers()).toBe(0);
  });
});

describe("the built command", () => {
  const script = fileURLToPath(new URL("../../../scripts/fleetwright.mjs", import.meta.url));
  const isBuilt = existsSync(fileURLToPath(new URL("../../../dist/main/cli.js", import.meta.url)));

  test.skipIf(!isBuilt)("answers, refuses and leaves with the same statuses", async () => {
    const fleetwright = (...argv: string[]) => promisify(execFile)(process.execPath, [script, ...argv]);
    expect((await fleetwright("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(JSON.parse((await fleetwright("status", "--json", "--home", newHome())).stdout)).toMatchObject({
      running: false,
    });
    await expect(fleetwright("tenant", "lst", "--json")).rejects.toMatchObject({
      code: 2,
      stdout: expect.stringContaining("InvalidInput"),
    });
  });
});
