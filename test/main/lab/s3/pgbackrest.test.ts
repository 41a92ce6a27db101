import { execFile, execFileSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openCa } from "../../../../main/lab/hosts/ca.ts";
import { KEYS, type RunningS3, runS3 } from "./harness.ts";

const run = promisify(execFile);
const BINARIES = newestPostgres();
const isPossible = existsSync("/usr/bin/pgbackrest") && BINARIES !== undefined && process.platform === "linux";

function newestPostgres(): string | undefined {
  const folder = "/usr/lib/postgresql";
  const versions = existsSync(folder) ? readdirSync(folder).filter((name) => /^\d+$/.test(name)) : [];
  const newest = Math.max(...versions.map(Number));
  return versions.length > 0 ? path.join(folder, String(newest), "bin") : undefined;
}

/** PostgreSQL refuses to run as root; Debian's package brings an account for it. */
function account(): { uid: number; gid: number } {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { uid, gid: process.getgid?.() ?? 0 };
  const id = (flag: string) => Number(execFileSync("/usr/bin/id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

let folder: string;
let s3: RunningS3;
let server: Server;

beforeAll(async () => {
  if (!isPossible) return;
  folder = mkdtempSync(path.join(os.tmpdir(), "fleetwright-pgbackrest-"));
  s3 = await runS3();
  const ca = await openCa(path.join(folder, "ca"));
  const { certificate, key } = await ca.issue({ names: ["localhost"], ips: ["127.0.0.1"], days: 1 });
  server = s3.s3.createServer({ cert: certificate, key });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
});
afterAll(async () => {
  if (!isPossible) return;
  await postgres("pg_ctl", "-D", path.join(folder, "data"), "-m", "immediate", "stop").catch(() => undefined);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await s3.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function asOwner(file: string, words: readonly string[]): Promise<string> {
  const { stdout } = await run(file, words, {
    ...account(),
    cwd: folder,
    env: { PATH: `${BINARIES}:/usr/bin:/bin`, LC_ALL: "C.UTF-8", HOME: folder, PGTZ: "UTC" },
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: { message: string; stdout: string; stderr: string }) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}

const postgres = (program: string, ...words: string[]) => asOwner(path.join(BINARIES ?? "", program), words);
const pgbackrest = (...words: string[]) =>
  asOwner("/usr/bin/pgbackrest", [`--config=${path.join(folder, "pgbackrest.conf")}`, "--stanza=lab", ...words]);
const sql = async (text: string) =>
  (await postgres("psql", "-h", folder, "-d", "postgres", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", text)).trim();
const start = () =>
  postgres("pg_ctl", "-D", path.join(folder, "data"), "-l", path.join(folder, "log"), "-w", "-t", "120", "start");

test.skipIf(!isPossible)(
  "Debian's pgBackRest archives, backs up and restores over TLS",
  async () => {
    const { uid, gid } = account();
    chmodSync(folder, 0o755);
    const data = path.join(folder, "data");
    for (const name of ["data", "logs", "lock", "spool"]) mkdirSync(path.join(folder, name), { mode: 0o700 });
    for (const name of [".", "data", "logs", "lock", "spool"]) chownSync(path.join(folder, name), uid, gid);
    await s3
      .client()
      .send(
        new CreateBucketCommand({ Bucket: "backups", CreateBucketConfiguration: { LocationConstraint: "eu-west-1" } }),
      );
    const configuration = `[global]
repo1-type=s3
repo1-path=/tenant one
repo1-s3-bucket=backups
repo1-s3-endpoint=localhost
repo1-storage-port=${(server.address() as AddressInfo).port}
repo1-storage-ca-file=${path.join(folder, "ca", "ca.crt")}
repo1-s3-uri-style=path
repo1-s3-region=eu-west-1
repo1-s3-key=${KEYS.accessKeyId}
repo1-s3-key-secret=${KEYS.secretAccessKey}
repo1-retention-full=1
start-fast=y
process-max=2
compress-type=lz4
log-path=${path.join(folder, "logs")}
lock-path=${path.join(folder, "lock")}
spool-path=${path.join(folder, "spool")}
[lab]
pg1-path=${data}
pg1-socket-path=${folder}
`;
    writeFileSync(path.join(folder, "pgbackrest.conf"), configuration, { mode: 0o644 });

    await postgres("initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync");
    const archive = `/usr/bin/pgbackrest --config=${path.join(folder, "pgbackrest.conf")} --stanza=lab archive-push %p`;
    writeFileSync(
      path.join(data, "postgresql.auto.conf"),
      `listen_addresses = ''\nunix_socket_directories = '${folder}'\narchive_mode = on\narchive_command = '${archive}'\nwal_level = replica\n`,
    );
    await start();
    await pgbackrest("stanza-create");
    await pgbackrest("check");
    await sql("create table orders as select g as id, repeat('order', 50) as text from generate_series(1, 20000) g");
    await pgbackrest("--type=full", "backup");
    await sql("insert into orders select g, 'later' from generate_series(20001, 20100) g");
    await pgbackrest("--type=incr", "backup");
    await sql("insert into orders values (20101, 'last'); select pg_switch_wal()");
    await pgbackrest("check");
    await postgres("pg_ctl", "-D", data, "-m", "fast", "-w", "stop");

    const info = JSON.parse(await pgbackrest("info", "--output=json"));
    expect(info[0].backup.map((one: { type: string; error: boolean }) => [one.type, one.error])).toEqual([
      ["full", false],
      ["incr", false],
    ]);
    await pgbackrest("verify");

    rmSync(data, { recursive: true });
    mkdirSync(data, { mode: 0o700 });
    chownSync(data, uid, gid);
    await pgbackrest("restore");
    await start(); // it answers as soon as it is consistent, and still replays the archive then
    await expect.poll(() => sql("select pg_is_in_recovery()")).toBe("f");
    expect(await sql("select count(*), max(id) from orders")).toBe("20101|20101");

    await pgbackrest("--type=full", "backup");
    expect(JSON.parse(await pgbackrest("info", "--output=json"))[0].backup).toHaveLength(1);
    expect(s3.log).toEqual([]);
  },
  300_000,
);
