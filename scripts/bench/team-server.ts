import { execFile } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const NOBODY = 65_534;

/** A server as a team has it: Debian's PostgreSQL with its defaults, fsync included, on a private socket. */
export async function startTeamServer(folder: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const bin = ["15", "16", "17", "18"]
    .map((major) => `/usr/lib/postgresql/${major}/bin`)
    .find((one) => existsSync(one));
  if (!bin) throw new Error("no PostgreSQL below /usr/lib/postgresql; install it with: apt-get install postgresql");
  const place = path.join(folder, "team");
  await mkdir(place, { mode: 0o700 });
  const account = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (account.uid !== undefined) await chown(place, account.uid, account.gid);
  const options = { cwd: place, env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8" }, ...account };
  const data = path.join(place, "data");
  await run(path.join(bin, "initdb"), ["-D", data, "-U", "team", "-A", "trust", "-E", "UTF8"], options);
  const control = (...words: string[]) => run(path.join(bin, "pg_ctl"), ["-D", data, "-w", ...words], options);
  await control("start", "-l", path.join(place, "log"), "-o", `-k ${place} -c listen_addresses=`);
  const stop = async () => void (await control("stop", "-m", "fast"));
  return { url: `postgresql://team@localhost/postgres?host=${place}`, stop };
}
