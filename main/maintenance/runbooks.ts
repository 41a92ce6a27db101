import { createHash } from "node:crypto";
import { AppError } from "../../shared/errors.ts";
import {
  BUILT_IN,
  canonicalText,
  type Runbook,
  runbookRefusal,
  type RunbookText,
} from "../../shared/maintenance/runbook.ts";
import type { MaintenanceStore, StoredRunbook } from "./store.ts";

export const hashOf = (text: RunbookText): string => createHash("sha256").update(canonicalText(text)).digest("hex");

/** The hash is made anew from the stored text: one that was changed beneath its review is refused. */
function shown(stored: StoredRunbook): Runbook {
  const { content, version, author, createdAt, reviewer, reviewedAt, reviewedSha256 } = stored;
  const sha256 = hashOf(content);
  return {
    ...content,
    ...{ version, sha256, author, createdAt, builtIn: false },
    review: reviewer && reviewedAt ? { by: reviewer, at: reviewedAt } : null,
    refused: stored.sha256 === sha256 ? runbookRefusal({ sha256, author, reviewer, reviewedSha256 }) : "changed",
  };
}

const builtIn = (): Runbook[] =>
  BUILT_IN.map((text) => ({
    ...text,
    ...{ version: 0, sha256: hashOf(text), author: "Fleetwright", createdAt: null, review: null },
    ...{ builtIn: true, refused: null },
  }));

export async function listRunbooks(store: MaintenanceStore): Promise<Runbook[]> {
  return [...(await store.runbooks()).map(shown), ...builtIn()];
}

/**
 * The runbook that a run names: of the given version, or the newest that may be run. Throws NotFound, and RefusedByRule
 * for one that nobody but its author vouches for.
 */
export async function usableRunbook(store: MaintenanceStore, name: string, version?: number): Promise<Runbook> {
  const named = (await listRunbooks(store)).filter((one) => one.name === name);
  const found =
    version === undefined
      ? (named.find((one) => one.refused === null) ?? named[0])
      : named.find((one) => one.version === version);
  if (!found) {
    throw new AppError("NotFound", `There is no runbook ${name}${version === undefined ? "" : ` ${version}`}.`, {
      retryable: false,
      next: "Look at the list of runbooks.",
    });
  }
  if (found.refused) throw notUsable(found);
  return found;
}

function notUsable({ name, version, refused }: Runbook): AppError {
  const why = {
    unreviewed: "nobody has reviewed it",
    ownReview: "its author reviewed it himself",
    changed: "its text is not the one that was reviewed",
  }[refused!];
  return new AppError("RefusedByRule", `The runbook ${name} ${version} is not run: ${why}.`, {
    retryable: false,
    rule: "R103",
    next: "Let another operator read and review exactly this text.",
  });
}
