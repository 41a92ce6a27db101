import type { PolicyProfile } from "../../shared/policy/profile.ts";
import { checkSnapshotSpace, storageBar } from "../../shared/policy/restore.ts";
import { allow, refuse, standingRefusals, type Verdict, withOverrides } from "../../shared/policy/verdict.ts";
import { AppError } from "../../shared/errors.ts";
import { copyRegions } from "../../shared/snapshot/copy-region.ts";
import type { Snapshot, StorageBar, TakePlan, TakeRequest } from "../../shared/snapshot/model.ts";
import { takeSteps } from "../../shared/snapshot/steps.ts";
import type { HostSpace } from "../toolkit/erpctl.ts";
import type { OperatedEnvironment } from "../toolkit/ports.ts";
import { HOLD_SECONDS } from "./hold.ts";

const GIB = 1024 ** 3;
/** Backup mode keeps write-ahead log, and a full disk stops the tenant: least free room of the data volume. */
const LEAST_FREE_BYTES = 256 * 1024 ** 2;
const LEAST_FREE_INODES = 1_000;
/** EBS: concurrent snapshots of one gp3 volume. Source: EC2 user guide, "Quotas for Amazon EBS". */
const CONCURRENT_SNAPSHOTS = 5;

const fullCopyOf = ({ databaseBytes, attachmentsBytes }: { databaseBytes: number; attachmentsBytes: number }) =>
  databaseBytes + attachmentsBytes;

/** Bytes of the bought storage that the snapshots of an environment take: each is a full copy (R68). */
export const snapshotBytesOf = (snapshots: readonly Snapshot[]): number =>
  snapshots
    .filter((one) => one.kind === "ebs" && one.state !== "missing" && one.state !== "error")
    .reduce((sum, one) => sum + (one.data ? fullCopyOf(one.data) : 0), 0);

/** The storage bar of R69; what was bought is the size of the data volume. */
export function barOf(
  environment: Pick<OperatedEnvironment, "kind" | "volumeGiB">,
  snapshots: readonly Snapshot[],
): StorageBar {
  const newest = snapshots.find((one) => one.data !== null)?.data;
  const purchasedBytes = (environment.volumeGiB ?? 0) * GIB;
  const databaseBytes = newest ? fullCopyOf(newest) : 0;
  const bar = storageBar({ purchasedBytes, databaseBytes, snapshotBytes: snapshotBytesOf(snapshots) });
  return { environment: environment.kind, purchasedBytes, ...bar };
}

export interface TakeFacts {
  readonly environment: OperatedEnvironment;
  readonly space: HostSpace;
  /** Of the same environment. */
  readonly snapshots: readonly Snapshot[];
  readonly profile: PolicyProfile;
  readonly now: Date;
}

/** What every rule says of one more snapshot, and what would happen. */
export function planTake(
  request: Pick<TakeRequest, "copyTo" | "overrides">,
  { environment, space, snapshots, profile, now }: TakeFacts,
): TakePlan {
  const regions = copyRegions(
    profile,
    { region: environment.region, residency: null },
    environment.account.regions,
    now,
  );
  const copyTo = request.copyTo === undefined ? (regions[0] ?? null) : request.copyTo;
  const projectedBytes = fullCopyOf(space);
  const pending = snapshots.filter((one) => one.state === "pending").length;
  const verdicts = withOverrides(
    [
      checkSnapshotSpace(profile, {
        purchasedBytes: (environment.volumeGiB ?? 0) * GIB,
        databaseBytes: projectedBytes,
        snapshotBytes: snapshotBytesOf(snapshots),
      }),
      checkRoom(space),
      checkConcurrent(pending),
      ...(copyTo === null ? [] : [checkCopyRegion(copyTo, regions)]),
    ],
    request.overrides,
  );
  return {
    verdicts,
    allowed: standingRefusals(verdicts).length === 0,
    projectedBytes,
    holdSeconds: HOLD_SECONDS,
    copyTo,
    copyRegions: regions,
    steps: [...takeSteps(copyTo)],
  };
}

function checkRoom({ freeBytes, freeInodes }: HostSpace): Verdict {
  const clause = { rule: "quota", source: "host" };
  const facts = { freeBytes, neededBytes: LEAST_FREE_BYTES };
  if (freeBytes >= LEAST_FREE_BYTES && (freeInodes === null || freeInodes >= LEAST_FREE_INODES))
    return allow(clause, `The data volume has ${freeBytes} bytes free.`, { facts: { case: "room.enough", ...facts } });
  return refuse(clause, `The data volume has ${freeBytes} bytes free; ${LEAST_FREE_BYTES} are needed meanwhile.`, {
    facts: { case: "room.short", ...facts },
  });
}

function checkConcurrent(pending: number): Verdict {
  const clause = { rule: "quota", source: "AWS" };
  const facts = { pending, limit: CONCURRENT_SNAPSHOTS };
  return pending < CONCURRENT_SNAPSHOTS
    ? allow(clause, `${pending} of ${CONCURRENT_SNAPSHOTS} snapshots of this volume are under way.`, {
        facts: { case: "concurrent.free", ...facts },
      })
    : refuse(clause, `${pending} snapshots of this volume are under way; AWS allows ${CONCURRENT_SNAPSHOTS}.`, {
        facts: { case: "concurrent.full", ...facts },
      });
}

/** R15, R50: a copy leaves for the contract's regions only. */
function checkCopyRegion(region: string, allowed: readonly string[]): Verdict {
  const clause = { rule: "R50", source: "OB:142" };
  const facts = { region, allowed: allowed.join(", ") || "–" };
  return allowed.includes(region)
    ? allow(clause, `The copy goes to ${region}.`, { facts: { case: "copyRegion.allowed", ...facts } })
    : refuse(clause, `A copy may not go to ${region}; allowed are: ${facts.allowed}.`, {
        facts: { case: "copyRegion.refused", ...facts },
      });
}

export function refusal(slug: string, verdicts: readonly Verdict[]): AppError {
  const standing = standingRefusals(verdicts);
  const [first] = standing;
  return new AppError("RefusedByRule", standing.map(({ rule, reason }) => `${rule}: ${reason}`).join(" "), {
    retryable: false,
    tenant: slug,
    rule: first!.rule,
    verdicts: standing,
    next: "Make room or choose differently; nothing was changed.",
  });
}
