import { SECOND_MS } from "../../shared/time.ts";
import { errorFacts } from "../../shared/errors.ts";
import { startLab } from "./index.ts";
import type { Seed } from "./seed.ts";

/**
 * The lab as a process of its own: `lab.js FOLDER SEED GRACE_SECONDS`. Prints one line of JSON, LabReady or
 * `{"error": …}`, and logs to standard error. It outlives a console that is killed by the grace, so that the next one
 * adopts it, and then ends itself. SIGTERM and SIGINT end it cleanly.
 */
const [folder, seed, grace] = process.argv.slice(2);
const graceMs = Number(grace ?? 60) * SECOND_MS;

// A console that dies takes the other end of these with it.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

try {
  if (!folder || (seed !== "demo" && seed !== "empty")) throw new Error("usage: lab.js FOLDER demo|empty [SECONDS]");
  const lab = await startLab({
    folder,
    seed: seed satisfies Seed,
    log: (level, message) => process.stderr.write(`${level} ${message}\n`),
  });
  const stop = (): void => void lab.stop();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, stop);
  // The terminal that goes away is not a wish to end.
  process.on("SIGHUP", () => undefined);
  const watch = setInterval(() => {
    const { count, noneSince } = lab.leases();
    if (count === 0 && Date.now() - noneSince > graceMs) stop();
  }, SECOND_MS);
  process.stdout.write(`${JSON.stringify(lab.ready)}\n`);
  await lab.ended;
  clearInterval(watch);
  process.exit(0);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: errorFacts(error) })}\n`, () => process.exit(1));
}
