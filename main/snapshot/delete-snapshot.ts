import { z } from "zod";
import type { Snapshot } from "../../shared/snapshot/model.ts";
import { DELETE_STEPS } from "../../shared/snapshot/steps.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { type JobKind, pollUntil, type StepContext } from "../jobs/index.ts";
import { paperKey } from "./keep-archive.ts";
import { manifestKey } from "./manifest.ts";
import { accountOf, type SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

const POLL_MS = 500;
const GONE_MS = 10 * MINUTE_MS;
/** Reads lag behind writes: only an absence that lasts counts. */
const SETTLED_MS = 4 * SECOND_MS;

export const DeleteInput = z.object({ snapshotId: z.string(), slug: z.string(), label: z.string() });
export type DeleteInput = z.infer<typeof DeleteInput>;

/** `snapshot.delete`: the snapshot, its copies and its papers go for good, and AWS is read until they are gone (R73). */
export function deleteSnapshot(ports: SnapshotPorts, store: SnapshotStore): JobKind<DeleteInput> {
  return {
    kind: "snapshot.delete",
    input: DeleteInput,
    plan: () => DELETE_STEPS,

    async run(input, job) {
      const [copies, own, papers, check] = DELETE_STEPS;
      await job.step(copies, async (step) => {
        const snapshot = await store.get(input.snapshotId);
        for (const copy of snapshot?.copies ?? [])
          await cloudOf(snapshot!, copy.region).deleteSnapshot(copy.snapshotId);
        await step.detail(snapshot?.copies.map((one) => `${one.snapshotId}, ${one.region}`).join("; ") || "none");
      });
      await job.step(own, async (step) => {
        const snapshot = await store.get(input.snapshotId);
        if (snapshot?.snapshotId) await cloudOf(snapshot, snapshot.region).deleteSnapshot(snapshot.snapshotId);
        await step.detail(snapshot?.snapshotId ?? snapshot?.file?.key ?? "none");
      });
      await job.step(papers, async (step) => {
        const snapshot = await store.get(input.snapshotId);
        if (!snapshot) return;
        const { file } = snapshot;
        const keys = file ? [file.key, paperKey(file.key)] : [manifestKey(snapshot.tenantId, snapshot.id)];
        for (const region of [snapshot.region, ...snapshot.copies.map((one) => one.region)]) {
          const storage = await storageOf(snapshot, region);
          for (const key of keys) await storage.remove(key);
        }
        await step.detail(keys.join(", "));
      });
      await job.step(check, async (step) => {
        const snapshot = await store.get(input.snapshotId);
        if (!snapshot) return;
        await untilGone(snapshot, step);
        await store.remove(snapshot.id);
        ports.changed(snapshot.tenantId);
        await step.detail("nothing is left");
      });
    },
  };

  function cloudOf(snapshot: Snapshot, region: string) {
    return ports.cloud(accountOf(ports, snapshot), region);
  }

  function storageOf(snapshot: Snapshot, region = snapshot.region) {
    return ports.storage(accountOf(ports, snapshot), region);
  }

  async function untilGone(snapshot: Snapshot, step: StepContext): Promise<void> {
    let goneSince: number | undefined;
    await pollUntil("Deleting", step.signal, { everyMs: POLL_MS, withinMs: GONE_MS }, async () => {
      const left = [];
      for (const region of [snapshot.region, ...snapshot.copies.map((one) => one.region)]) {
        const tags = { [TAG.tenantId]: snapshot.tenantId, [TAG.job]: snapshot.id };
        const found = await cloudOf(snapshot, region).snapshots(tags);
        const ours = [snapshot.snapshotId, ...snapshot.copies.map((one) => one.snapshotId)];
        left.push(...found.filter((one) => ours.includes(one.snapshotId)));
      }
      if (snapshot.file && (await (await storageOf(snapshot)).head(snapshot.file.key))) left.push(snapshot.file);
      goneSince = left.length === 0 ? (goneSince ?? performance.now()) : undefined;
      return goneSince !== undefined && performance.now() - goneSince > SETTLED_MS ? true : undefined;
    });
  }
}
