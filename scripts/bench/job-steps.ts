import { execFile } from "node:child_process";
import { chmod } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { type Figure, rounded } from "./figure.ts";
import { withHome } from "./scratch-console.ts";
import { startTeamServer } from "./team-server.ts";

const RUNNER = path.join(import.meta.dirname, "job-steps-runner.ts");

/** Durable steps a second with all that the console records of each, in one job and in eight at once. */
export async function measureJobSteps(): Promise<Figure[]> {
  const embedded = await withHome((home) => stepsPerSecond("embedded", path.join(home, "home")));
  const team = await withHome(async (folder) => {
    await chmod(folder, 0o755); // the server runs as another user and must reach its folder in here
    const { url, stop } = await startTeamServer(folder);
    try {
      return await stepsPerSecond("team", path.join(folder, "home"), url);
    } finally {
      await stop();
    }
  });
  return [...embedded, ...team];
}

/** In a process of its own: there is one job engine to a process. */
async function stepsPerSecond(name: string, home: string, url = ""): Promise<Figure[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [RUNNER, home, url], { encoding: "utf8" });
  const rates = JSON.parse(stdout) as { one: number; eight: number };
  return [
    { name: `job-steps-${name}-one-job`, value: rounded(rates.one), unit: "1/s" },
    { name: `job-steps-${name}-eight-jobs`, value: rounded(rates.eight), unit: "1/s" },
  ];
}
