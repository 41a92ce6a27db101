import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli } from "../../../main/hosts/cli.ts";
import { type Control, serveControl } from "../../../main/hosts/control.ts";
import { createByteServer } from "../../../main/hosts/bytes.ts";
import { createContractServer } from "../../../main/hosts/serve-contract.ts";
import { controlSocketOf } from "../../../main/home/index.ts";
import { silentLog } from "../../../main/log.ts";
import { inProcessConsole, type InProcessConsole } from "../../support/in-process-console.ts";

let running: InProcessConsole;
let control: Control;
let slug: string;

beforeAll(async () => {
  running = await inProcessConsole({ lab: "demo" });
  await running.api.fleet.refresh({});
  const { rows } = await running.api.fleet.list();
  slug = rows.find(
    ({ kind, sshAddress, hostKey, state }) => kind === "production" && sshAddress && hostKey && state === "running",
  )!.slug;
  control = await serveControl({
    path: await controlSocketOf(running.home),
    contract: createContractServer(running.console.router, silentLog),
    bytes: createByteServer(running.console.bytes, silentLog),
  });
});
afterAll(async () => {
  await control.close();
  await running.end();
});

/** Runs the command line on the running console; words after "--" are the command's. */
async function cli(words: readonly string[], input = "") {
  const out = new PassThrough();
  const err = new PassThrough();
  const texts = { out: "", err: "" };
  out.on("data", (part) => {
    texts.out += part;
  });
  err.on("data", (part) => {
    texts.err += part;
  });
  const source = new PassThrough();
  source.end(input);
  const status = await runCli(words, {
    streams: { out, err, in: source, env: {} },
    interrupted: new AbortController().signal,
  });
  return { status, ...texts };
}

test("a command gets its words and input unchanged; output, errors and exit code come back", async () => {
  const words = ["ssh", slug, "--home", running.home, "--reason", "a test", "--reference", "T-7"];
  const command = ["sh", "-c", 'cat; printf "%s" "$1" >&2; exit 7', "sh", "a 'b' $(c)"];
  const { status, out, err } = await cli([...words, "--", ...command], "from the pipe");
  expect({ status, out, err }).toEqual({ status: 7, out: "from the pipe", err: "a 'b' $(c)" });
  expect((await running.api.terminal.history({ tenant: slug, limit: 1 }))[0]).toMatchObject({
    reason: "a test",
    contractReference: "T-7",
    exitCode: 7,
    state: "ended",
  });
});

test("without a command the lines of standard input go to a shell", async () => {
  const { status, out } = await cli(
    ["ssh", slug, "--home", running.home, "--reason", "a test"],
    "echo sum-$((1+2))\nexit 4\n",
  );
  expect({ status, out }).toEqual({ status: 4, out: "sum-3\n" });
});

test("with --json one document holds the session, the exit code and the output", async () => {
  const { status, out } = await cli([
    "ssh",
    slug,
    "--home",
    running.home,
    "--json",
    "--reason",
    "a test",
    "--",
    "id",
    "-un",
  ]);
  const answer = JSON.parse(out) as { session: { state: string; recording: object }; exitCode: number; stdout: string };
  expect(status).toBe(0);
  expect(answer).toMatchObject({ session: { state: "ended", recording: { complete: true } }, exitCode: 0 });
  expect(answer.stdout).not.toContain("root");
});

test("a reason is required, and an environment that is not there is named", async () => {
  expect((await cli(["ssh", slug, "--home", running.home])).status).toBe(2);
  const { status, err } = await cli([
    "ssh",
    slug,
    "--home",
    running.home,
    "--reason",
    "a test",
    "--environment",
    "sandbox",
  ]);
  expect(status).toBe(2);
  expect(err).toContain("sandbox");
});
