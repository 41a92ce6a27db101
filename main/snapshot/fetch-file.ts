import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { link, open, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { isEnded } from "../../shared/snapshot/archive.ts";
import type { Snapshot, SnapshotFile } from "../../shared/snapshot/model.ts";
import { DOWNLOAD_STEPS } from "../../shared/snapshot/steps.ts";
import type { JobKind, StepContext } from "../jobs/index.ts";
import type { ObjectStore } from "../toolkit/ports.ts";
import { occupied } from "./local-file.ts";
import { accountOf, type SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

const RANGE_BYTES = 8 * 1024 ** 2;
/** Ranges under way; written in their order. */
const AT_ONCE = 4;

export const DownloadInput = z.object({
  snapshotId: z.string(),
  slug: z.string(),
  /** Whole path of the file on this console's machine. */
  to: z.string(),
  reason: z.string(),
});
export type DownloadInput = z.infer<typeof DownloadInput>;

/**
 * `snapshot.download`: customer data comes to the operator's disk, with a reason on record (R104). Goes on where it
 * stopped, also after a kill; the file has its name once its SHA-256 is right, and never takes another's place.
 */
export function fetchFile(ports: SnapshotPorts, store: SnapshotStore): JobKind<DownloadInput> {
  return {
    kind: "snapshot.download",
    input: DownloadInput,
    plan: () => DOWNLOAD_STEPS,

    async run(input, job) {
      const [fetch, verify] = DOWNLOAD_STEPS;
      // Another job that fetches to the same name does not write into this one's part.
      const part = `${input.to}.${job.jobId.slice(0, 8)}.part`;
      const source = async () => {
        const snapshot = await store.get(input.snapshotId);
        const file = fileIn(snapshot, input.snapshotId, ports.now());
        return { file, storage: await ports.storage(accountOf(ports, snapshot!), snapshot!.region) };
      };

      await job.step(fetch, async (step) => {
        const { file, storage } = await source();
        await step.log(`reason: ${input.reason}`);
        await fetchRest(storage, file, part, step);
      });

      await job.step(verify, async (step) => {
        const { file, storage } = await source();
        if (!(await isThere(part))) {
          // An earlier attempt of this step gave it its name, or found it damaged and took it away.
          if ((await sumOrNull(input.to)) === file.sha256) return void (await step.detail(file.sha256));
          await fetchRest(storage, file, part, step);
        }
        const sum = await sha256OfFile(part);
        if (sum !== file.sha256) {
          await rm(part, { force: true });
          throw new AppError(
            "Conflict",
            `What arrived for ${input.to} is not what was exported: its SHA-256 is ${sum}.`,
            {
              retryable: false,
              tenant: input.slug,
              next: "The damaged part was removed. Retry the job: it fetches it again.",
            },
          );
        }
        await giveName(part, input.to, sum);
        await step.detail(`${input.to}, ${sum}`);
      });
    },
  };
}

async function fetchRest(storage: ObjectStore, file: SnapshotFile, part: string, step: StepContext): Promise<void> {
  const output = await open(part, "a", 0o600);
  try {
    let at = (await output.stat()).size;
    // Longer than the whole: not begun by this job.
    if (at > file.bytes) await output.truncate((at = 0));
    const ahead: Promise<Uint8Array>[] = [];
    for (let asked = at; at < file.bytes; ) {
      step.signal.throwIfAborted();
      for (; ahead.length < AT_ONCE && asked < file.bytes; asked += RANGE_BYTES) {
        const range = storage.readRange(file.key, asked, Math.min(asked + RANGE_BYTES, file.bytes) - 1);
        range.catch(() => undefined); // one before it may fail first, and is told then
        ahead.push(range);
      }
      const bytes = await ahead.shift()!;
      await output.appendFile(bytes);
      at += bytes.length;
      await step.detail(`${Math.floor((100 * at) / file.bytes)} %, ${at} of ${file.bytes} bytes`);
    }
    await output.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
    throw new AppError("DiskFull", `The disk of ${path.dirname(part)} is full.`, {
      retryable: false,
      next: "Make room, then retry the job: it goes on where it stopped.",
    });
  } finally {
    await output.close();
  }
}

/** Never replaces what has the name already, unless it is this very content: an earlier attempt put it there. */
async function giveName(part: string, to: string, sum: string): Promise<void> {
  try {
    await link(part, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") {
      if ((await sumOrNull(to)) !== sum) throw occupied(to);
    } else {
      // A file system without links.
      if (await isThere(to)) throw occupied(to);
      await rename(part, to);
      return;
    }
  }
  await rm(part, { force: true });
}

/** Throws NotFound for what is no archive, or one that ended (R74). */
export function fileIn(snapshot: Snapshot | undefined, id: string, now: Date): SnapshotFile {
  if (!snapshot?.file) {
    throw new AppError("NotFound", `${snapshot?.label ?? id} is no archive: there is no file to fetch.`, {
      retryable: false,
      next: "Prepare an export first.",
    });
  }
  if (isEnded(snapshot, now)) {
    throw new AppError(
      "NotFound",
      `The archive ${snapshot.label} ended on ${snapshot.file.expiresAt!.toISOString()}.`,
      {
        retryable: false,
        tenant: snapshot.tenantSlug,
        rule: "R74",
        next: "Prepare the export again.",
      },
    );
  }
  return snapshot.file;
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

const sumOrNull = (file: string): Promise<string | null> => sha256OfFile(file).catch(() => null);

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
