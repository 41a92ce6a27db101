import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import type { Snapshot } from "../../shared/snapshot/model.ts";
import { DOWNLOAD_STEPS } from "../../shared/snapshot/steps.ts";
import type { JobKind } from "../jobs/index.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

const RANGE_BYTES = 8 * 1024 ** 2;

export const DownloadInput = z.object({
  snapshotId: z.string(),
  slug: z.string(),
  /** Whole path of the file on this console's machine. */
  to: z.string(),
  reason: z.string(),
});
export type DownloadInput = z.infer<typeof DownloadInput>;

/** `snapshot.download`: customer data comes to the operator's disk, with a reason on record (R104). Goes on where it stopped. */
export function fetchFile(ports: SnapshotPorts, store: SnapshotStore): JobKind<DownloadInput> {
  return {
    kind: "snapshot.download",
    input: DownloadInput,
    plan: () => DOWNLOAD_STEPS,

    async run(input, job) {
      const [fetch, verify] = DOWNLOAD_STEPS;
      const part = `${input.to}.part`;

      await job.step(fetch, async (step) => {
        const { file, storage } = await fileOf(ports, store, input.snapshotId);
        await step.log(`reason: ${input.reason}`);
        const output = await open(part, "a", 0o600);
        try {
          let at = (await output.stat()).size;
          while (at < file.bytes) {
            step.signal.throwIfAborted();
            const bytes = await storage.readRange(file.key, at, Math.min(at + RANGE_BYTES, file.bytes) - 1);
            await output.appendFile(bytes);
            at += bytes.length;
            await step.detail(`${Math.floor((100 * at) / file.bytes)} %, ${at} of ${file.bytes} bytes`);
          }
          await output.sync();
        } finally {
          await output.close();
        }
      });

      await job.step(verify, async (step) => {
        const { file } = await fileOf(ports, store, input.snapshotId);
        const already = await stat(part).then(
          () => false,
          () => true,
        );
        const sum = await sha256OfFile(already ? input.to : part);
        if (sum !== file.sha256) {
          if (!already) await rm(part, { force: true });
          throw new AppError("Conflict", `${input.to} is not what was exported: its SHA-256 is ${sum}.`, {
            retryable: false,
            next: "Fetch it again; the damaged part was removed.",
          });
        }
        if (!already) await rename(part, input.to);
        await step.detail(`${input.to}, ${sum}`);
      });
    },
  };
}

async function fileOf(ports: SnapshotPorts, store: SnapshotStore, id: string) {
  const snapshot = await store.get(id);
  const { file } = fileIn(snapshot, id);
  const account = ports.accounts().find((one) => one.id === snapshot!.accountId);
  if (!account) {
    throw new AppError(
      "AwsCredentialsExpired",
      `The account ${snapshot!.accountId} is not configured in this console.`,
      {
        retryable: true,
        next: "Add the account in Settings; the job goes on by itself.",
      },
    );
  }
  return { file, storage: await ports.storage(account, snapshot!.region) };
}

export function fileIn(snapshot: Snapshot | undefined, id: string) {
  if (snapshot?.file) return { file: snapshot.file };
  throw new AppError("NotFound", `${snapshot?.label ?? id} is no archive: there is no file to fetch.`, {
    retryable: false,
    next: "Prepare an export first.",
  });
}

export async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
