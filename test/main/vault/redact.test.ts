import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openLog } from "../../../main/log.ts";
import { redactor, registerSecret } from "../../../main/vault/redact.ts";

const token = 'to"ken\\with/odd+signs=é';

test.each([
  ["as it is", token],
  ["in JSON", JSON.stringify({ token })],
  ["in JSON in JSON", JSON.stringify({ body: JSON.stringify({ token }) })],
  ["in a URL", `https://host/?t=${encodeURIComponent(token)}`],
  ["in base64", Buffer.from(token).toString("base64")],
])("a secret is blotted out %s", (_, text) => {
  const clean = redactor([token])(text);
  expect([clean.includes("[secret]"), clean.includes("odd")]).toEqual([true, false]);
});

test("a private key is blotted out line by line", () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const clean = redactor([pem])(`starts with ${pem.split("\n")[1]} and so on`);
  expect(clean).toBe("starts with [secret] and so on");
});

test("ordinary text stays, and short values blot out nothing", () => {
  expect(redactor(["ab", "12"])("12 tabs")).toBe("12 tabs");
});

test("one secret inside another leaves no rest", () => {
  expect(redactor(["password", "password-and-more"])("password-and-more password")).toBe("[secret] [secret]");
});

test("a log line holds no known secret, wherever it came in", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
  const log = openLog(folder, { level: "debug" });
  registerSecret(JSON.stringify({ accessKeyId: "AKIAPLANTED12345", secretAccessKey: "planted-secret-key", n: 1 }));
  const error = new Error("refused planted-secret-key", { cause: new Error("planted-secret-key") });
  log
    .child({ key: "planted-secret-key" })
    .error("failed with planted-secret-key", { error, deep: { a: ["AKIAPLANTED12345"] } });
  log.debug("planted-secret-key".repeat(10_000));
  log.close();
  const text = await readFile(join(folder, "console.log"), "utf8");
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect([text.includes("planted-secret"), text.includes("AKIAPLANTED"), lines.length]).toEqual([false, false, 2]);
  expect(lines[0]).toMatchObject({ level: "error", message: "failed with [secret]", error: { name: "Error" } });
  await rm(folder, { recursive: true });
});

test("a log turns over by size and keeps the youngest", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
  const log = openLog(folder, { fileBytes: 1_000, keep: 2 });
  for (let line = 0; line < 100; line += 1) log.info(`line ${line}`);
  log.debug("below the level");
  log.close();
  const text = await readFile(join(folder, "console.log"), "utf8");
  expect([(await readdir(folder)).sort(), text.includes("line 99"), text.includes("below")]).toEqual([
    ["console.log", "console.log.1", "console.log.2"],
    true,
    false,
  ]);
  await rm(folder, { recursive: true });
});

test("what cannot be written as JSON is logged all the same", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fleetwright-test-"));
  const log = openLog(folder);
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  log.warn("odd", { loop, big: 1n });
  log.info("next", { big: 12n });
  log.close();
  const lines = (await readFile(join(folder, "console.log"), "utf8")).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ message: "odd" }, { message: "next", big: "12" }]);
  await rm(folder, { recursive: true });
});
