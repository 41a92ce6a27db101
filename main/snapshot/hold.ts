import { errorFacts } from "../../shared/errors.ts";
import { gradeReached } from "../../shared/snapshot/grade.ts";
import type { ConsistencyGrade, SnapshotData } from "../../shared/snapshot/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { StepContext } from "../jobs/index.ts";
import { erpctl, type HostQuiesce, type HostThaw } from "../toolkit/erpctl.ts";
import { LAG_MS, lookForSnapshot } from "../toolkit/find-snapshot.ts";
import {
  type Cloud,
  type CloudSnapshot,
  hostOf,
  type MadeBy,
  type OperatedEnvironment,
  type Tags,
} from "../toolkit/ports.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

/** The host thaws and unlocks by itself after so long, whatever became of the console. */
export const HOLD_SECONDS = 60;
/** A hold that ends sooner than this is ended and begun anew: asking AWS takes its time. */
const LEAST_LEFT_MS = 20 * SECOND_MS;
/** A question whose answer was lost is looked for under the hold so long; longer would lock the customer out. */
const LOOK_UNDER_HOLD_MS = 10 * SECOND_MS;
/** Reading the manifest under the hold must not lengthen it noticeably. */
const MANIFEST_MS = 5 * SECOND_MS;
const THAW_MS = 15 * SECOND_MS;

export interface Held {
  readonly snapshot: CloudSnapshot;
  readonly grade: ConsistencyGrade;
  /** Read while the tenant stood still; null where that was not possible. */
  readonly atRest: SnapshotData | null;
}

export interface HoldOrder {
  /** Id of the hold and of the snapshot's row. */
  readonly id: string;
  readonly made: MadeBy;
  readonly environment: OperatedEnvironment;
  readonly cloud: Cloud;
  readonly description: string;
  readonly tags: Tags;
  /** The manifest is quick enough to be read again under the hold. */
  readonly readAtRest: boolean;
}

/**
 * Holds the tenant still, asks AWS for the snapshot and lets go, in one sequence that may be cut anywhere and repeated.
 *
 * CreateSnapshot takes no token that would make it repeatable, and what it made may not be found at once. So the question
 * is noted before it is asked; after an interruption an unanswered one is looked for until AWS's lag is over, and only
 * then asked again, under a new hold. Every way out of here thaws; where that fails too, the host's own timer does.
 */
export async function holdAndSnapshot(
  ports: SnapshotPorts,
  store: SnapshotStore,
  order: HoldOrder,
  step: StepContext,
): Promise<Held> {
  const { id, made, environment, cloud } = order;
  const host = erpctl(ports.runOnHost, hostOf(environment), step.signal);

  const before = await store.asked(id);
  const existing = await findAsked(cloud, made, before?.at ?? null, ports.now, step);
  if (existing) {
    await step.log(`found ${existing.snapshotId}`);
    const thaw = await host.thaw(id);
    return { snapshot: existing, grade: gradeReached(before?.hold ?? null, thaw, existing.startedAt), atRest: null };
  }

  let snapshot: CloudSnapshot;
  let hold: HostQuiesce;
  let atRest: SnapshotData | null = null;
  try {
    hold = await host.quiesce(id, HOLD_SECONDS);
    if (hold.thawsAt.getTime() - ports.now().getTime() < LEAST_LEFT_MS) {
      await host.thaw(id);
      hold = await host.quiesce(id, HOLD_SECONDS);
    }
    await step.log(saidOf(hold));
    await store.setAsked(id, { at: ports.now(), hold });
    snapshot = await ask(cloud, order, step);
    await store.change(id, { snapshotId: snapshot.snapshotId });
    if (order.readAtRest && hold.lockedOut) atRest = await manifestAtRest(ports, environment, step);
  } catch (error) {
    if (hadNoEffect(error)) await store.setAsked(id, null);
    await letGo(ports, environment, id, step);
    throw error;
  }
  const thaw = await host.thaw(id);
  await step.log(thaw.held ? "thawed and unlocked" : `the hold had ended before (${thaw.endedBy ?? "never stood"})`);
  return { snapshot, grade: gradeReached(hold, thaw, snapshot.startedAt), atRest: thaw.held ? atRest : null };
}

function saidOf({ lockedOut, backupMode, frozen }: HostQuiesce): string {
  const reached = [lockedOut && "locked out", backupMode && "database in backup mode", frozen && "file system frozen"];
  return reached.filter(Boolean).join(", ") || "nothing could be held";
}

/** Asks AWS once. An answer that was lost is looked for while the hold stands, so that its grade can be proven. */
async function ask(cloud: Cloud, order: HoldOrder, step: StepContext): Promise<CloudSnapshot> {
  const { made, environment, description, tags } = order;
  try {
    return await cloud.findOrCreateSnapshot(made, { volumeId: environment.volumeId!, description, tags });
  } catch (error) {
    if (hadNoEffect(error)) throw error;
    const found = await lookForSnapshot(cloud, made, LOOK_UNDER_HOLD_MS, step.signal);
    if (!found) throw error;
    await step.log(`the answer was lost; found ${found.snapshotId}`, "warning");
    return found;
  }
}

async function findAsked(
  cloud: Cloud,
  made: MadeBy,
  askedAt: Date | null,
  now: () => Date,
  step: StepContext,
): Promise<CloudSnapshot | undefined> {
  const waitMs = askedAt ? Math.max(0, askedAt.getTime() + LAG_MS - now().getTime()) : 0;
  if (waitMs > 0) await step.detail(`looking for a snapshot that was asked for before`);
  return lookForSnapshot(cloud, made, Math.min(waitMs, LAG_MS), step.signal);
}

/** AWS said no, or was never reached with a valid question: nothing was made. */
function hadNoEffect(error: unknown): boolean {
  const { code, details } = errorFacts(error);
  if (["AwsThrottled", "AwsAccessDenied", "AwsQuota", "AwsNotFound", "AwsCapacity"].includes(code)) return true;
  if (code === "AwsCredentialsExpired" || code === "AwsCredentialsInvalid" || code === "VaultLocked") return true;
  if (code.startsWith("Host")) return true; // it failed before AWS was asked
  return code === "AwsFailed" && !details.retryable;
}

async function manifestAtRest(
  ports: SnapshotPorts,
  environment: OperatedEnvironment,
  step: StepContext,
): Promise<SnapshotData | null> {
  const signal = AbortSignal.any([step.signal, AbortSignal.timeout(MANIFEST_MS)]);
  return erpctl(ports.runOnHost, hostOf(environment), signal)
    .manifest()
    .catch(async (error: unknown) => {
      await step.log(`the manifest could not be read at rest: ${errorFacts(error).message}`, "warning");
      return null;
    });
}

/** Ends the hold also when the job was cancelled; where the host does not answer, its timer ends it. */
async function letGo(
  ports: SnapshotPorts,
  environment: OperatedEnvironment,
  id: string,
  step: StepContext,
): Promise<HostThaw | undefined> {
  return erpctl(ports.runOnHost, hostOf(environment), AbortSignal.timeout(THAW_MS))
    .thaw(id)
    .catch(async (error: unknown) => {
      await step
        .log(`not thawed by the console, the host's own timer does it: ${errorFacts(error).message}`, "warning")
        .catch(() => undefined);
      return undefined;
    });
}
