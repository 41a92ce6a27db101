import { z } from "zod";

const Words = z.array(z.string().min(1).max(2_000)).min(1).max(50);
const Seconds = z
  .number()
  .int()
  .min(1)
  .max(24 * 3600);

/** One step of a runbook. What is not a verb of the image contract is a `command` or `check`, given as words. */
export const RunbookStep = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("stackUpdate") }),
  /** Without `to` the run names the version. */
  z.strictObject({ kind: z.literal("applicationUpdate"), to: z.string().min(1).max(40).optional() }),
  z.strictObject({
    kind: z.literal("command"),
    words: Words,
    timeoutSeconds: Seconds.default(600),
    /** May be run again when nobody knows whether it ended. Otherwise a person is asked. */
    idempotent: z.boolean().default(false),
  }),
  /** Changes nothing; anything but exit status 0 stops the tenant's run. */
  z.strictObject({ kind: z.literal("check"), words: Words, timeoutSeconds: Seconds.default(60) }),
  z.strictObject({ kind: z.literal("reboot") }),
  z.strictObject({ kind: z.literal("wait"), seconds: Seconds }),
  /** Somebody has to say that it goes on. */
  z.strictObject({ kind: z.literal("approval"), question: z.string().trim().min(3).max(300) }),
]);
export type RunbookStep = z.infer<typeof RunbookStep>;

/** A runbook as its author writes it, in a JSON file. */
export const RunbookText = z.strictObject({
  name: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/),
  description: z.string().trim().max(500).default(""),
  /** Minutes that one tenant is expected to be closed. */
  minutes: z.number().int().min(1).max(1_440).default(30),
  steps: z.array(RunbookStep).min(1).max(50),
});
export type RunbookText = z.infer<typeof RunbookText>;

export const Runbook = RunbookText.extend({
  version: z.number().int(),
  /** SHA-256 of the canonical text, of which the reviewer approved. */
  sha256: z.string(),
  author: z.string(),
  createdAt: z.date().nullable(),
  review: z.object({ by: z.string(), at: z.date() }).nullable(),
  /** Ships with the console: only verbs of the image contract, reviewed with its code. */
  builtIn: z.boolean(),
  /** Why it may not be run; null when it may. */
  refused: z.enum(["unreviewed", "ownReview", "changed"]).nullable(),
});
export type Runbook = z.infer<typeof Runbook>;

/** The same text whatever the order of keys: what the hash is made of. */
export function canonicalText(text: RunbookText): string {
  return JSON.stringify(sorted(RunbookText.parse(text)));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

export interface ReviewFacts {
  readonly sha256: string;
  readonly author: string;
  readonly reviewer: string | null;
  readonly reviewedSha256: string | null;
}

/** Why a runbook may not be run: four eyes on exactly this text, or nothing. Pure. */
export function runbookRefusal({ sha256, author, reviewer, reviewedSha256 }: ReviewFacts): Runbook["refused"] {
  if (reviewer === null) return "unreviewed";
  if (reviewer.trim().toLowerCase() === author.trim().toLowerCase()) return "ownReview";
  return reviewedSha256 === sha256 ? null : "changed";
}

/** Runbooks that need no file: verbs of the image contract alone. */
export const BUILT_IN: readonly RunbookText[] = [
  {
    name: "stack-update",
    description: "Updates the packages of the system, and restarts the machine.",
    minutes: 20,
    steps: [{ kind: "stackUpdate" }, { kind: "reboot" }],
  },
  {
    name: "application-update",
    description: "Updates the application with its data to the version that the run names.",
    minutes: 30,
    steps: [{ kind: "applicationUpdate" }],
  },
  { name: "restart", description: "Restarts the machine.", minutes: 10, steps: [{ kind: "reboot" }] },
];
