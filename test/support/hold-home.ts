// Run by tests as a process of its own: takes a home (and, asked for, its database), says so, and waits to be killed.
import { openDatabase } from "../../main/database/index.ts";
import { openHome } from "../../main/home/index.ts";
import { silentLog } from "../../main/log.ts";
import { errorFacts } from "../../shared/errors.ts";

const [folder = "", what = "home"] = process.argv.slice(2);
try {
  const home = await openHome(folder, "test");
  if (what === "database") {
    const database = await openDatabase({ home, log: silentLog, migrations: [] });
    await database.pool.query("CREATE TABLE IF NOT EXISTS kept (id int)");
  }
  process.stdout.write(`${JSON.stringify({ holds: home.folder })}\n`);
  setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`${JSON.stringify(errorFacts(error))}\n`);
  process.exitCode = 1;
}
