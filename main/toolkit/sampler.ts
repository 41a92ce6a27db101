import { readFileSync } from "node:fs";

/** POSIX sh that reads a host's counters whenever a line comes in; its head says what it prints. */
export const SAMPLER = readFileSync(new URL("./sampler.sh", import.meta.url), "utf8");

/** The version that this console sends along and understands. */
export const SAMPLER_VERSION = 1;

/**
 * Words that start it on a host. The script travels as an argument: standard input stays free for the questions, and
 * nothing is left on the host when it ends.
 */
export const samplerWords = (rounds: number): readonly string[] => [
  "/bin/sh",
  "-c",
  SAMPLER,
  "fleetwright-sampler",
  String(rounds),
];
