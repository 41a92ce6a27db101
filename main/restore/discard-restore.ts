import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { DISCARD_STEPS } from "../../shared/restore/steps.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { type JobKind, pollUntil } from "../jobs/index.ts";
import { cloudOf, KIND_KEPT, LONG_MS, nothingBeside, POLL_MS, removeBeside, removeVolumesBeside } from "./moves.ts";
import type { RestorePorts } from "./ports.ts";
import type { RestoreStore } from "./store.ts";

export const DiscardInput = z.object({
  caseId: z.string(),
  tenantId: z.string(),
  kind: z.enum(["production", "test", "sandbox"]),
  /** The volume that a swap took out of use; null removes what stands beside. */
  keptVolumeId: z.string().nullable(),
});
export type DiscardInput = z.infer<typeof DiscardInput>;

/** Emptiness counts once it lasts: AWS's readings lag behind its writes. */
const SETTLED_MS = 3 * SECOND_MS;

/** `restore.discard`: removes the copy beside, or the kept volume of a swap, and proves that it is gone. */
export function discardRestore(ports: RestorePorts, store: RestoreStore): JobKind<DiscardInput> {
  return {
    kind: "restore.discard",
    input: DiscardInput,
    plan: () => DISCARD_STEPS,
    async run(input, job) {
      const { caseId, keptVolumeId } = input;
      const cloud = async () => cloudOf(ports, await ports.find(input.tenantId, input.kind));
      const [list, host, volume, check] = DISCARD_STEPS;

      await job.step(list, async (step) => {
        if (keptVolumeId !== null) return void (await step.detail(keptVolumeId));
        if (!(await store.take(caseId, job.jobId, ["running", "ready"], "discarding"))) throw notThere(caseId);
        const found = await (await cloud()).listMadeBy(caseId);
        const names = [...found.instances, ...found.volumes.map((one) => one.id), ...found.securityGroups];
        for (const name of names) await step.log(`made by ${caseId}: ${name}`);
        await step.detail(names.join(", ") || "nothing was made");
      });

      await job.step(host, async (step) => {
        if (keptVolumeId === null) await removeBeside(await cloud(), caseId, step);
      });

      await job.step(volume, async (step) => {
        const aws = await cloud();
        if (keptVolumeId === null) {
          await removeVolumesBeside(aws, caseId, step);
          return;
        }
        const kept = await aws.volume(keptVolumeId);
        if (
          kept &&
          (kept.tags[TAG.kind] !== KIND_KEPT || kept.tags[TAG.tenantId] !== input.tenantId || kept.attachedTo)
        )
          throw inUse(keptVolumeId);
        if (kept) await aws.deleteVolume(keptVolumeId);
        await step.detail(keptVolumeId);
      });

      await job.step(check, async (step) => {
        const aws = await cloud();
        let emptySince: number | undefined;
        await pollUntil("Removing everything", step.signal, { everyMs: POLL_MS, withinMs: LONG_MS }, async () => {
          if (keptVolumeId !== null) return (await aws.volume(keptVolumeId)) ? undefined : true;
          const empty = await nothingBeside(aws, caseId);
          // What shows up late, made by a call whose reply was lost, is removed too.
          if (!empty) {
            await removeBeside(aws, caseId, step);
            await removeVolumesBeside(aws, caseId, step);
          }
          emptySince = empty ? (emptySince ?? performance.now()) : undefined;
          return emptySince !== undefined && performance.now() - emptySince > SETTLED_MS ? true : undefined;
        });
        const one = await store.get(caseId);
        if (keptVolumeId !== null && one?.kept) await store.learn(caseId, { kept: { ...one.kept, isGone: true } });
        if (keptVolumeId === null) {
          await store.learn(caseId, { beside: null });
          await store.leave(caseId, job.jobId, "discarded");
        }
        ports.changed(input.tenantId);
        await step.detail("nothing is left");
      });
    },
  };
}

function notThere(caseId: string): AppError {
  return new AppError("Conflict", `The restore ${caseId} does not stand beside: it was swapped or discarded.`, {
    retryable: false,
    next: "Look at the restore; nothing was removed.",
  });
}

function inUse(volumeId: string): AppError {
  return new AppError("Conflict", `The volume ${volumeId} is not a kept one any more, or is in use.`, {
    retryable: false,
    next: "Read AWS again and find out who uses it; nothing was removed.",
  });
}
