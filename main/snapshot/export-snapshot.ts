import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { SnapshotData } from "../../shared/snapshot/model.ts";
import { EXPORT_STEPS } from "../../shared/snapshot/steps.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import { DAY_MS } from "../../shared/time.ts";
import type { JobKind, StepContext } from "../jobs/index.ts";
import { detachedStep } from "../toolkit/detached.ts";
import { commandFailed, erpctl, HostExport, longVerbs } from "../toolkit/erpctl.ts";
import { bindingProfile, hostOf, type ObjectStore, type OperatedEnvironment } from "../toolkit/ports.ts";
import { archiveKey, keepArchive } from "./keep-archive.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

/** Days until AWS ends a prepared file: the console's own number, where the contract names none (R74). */
export const EXPORT_DAYS = 7;
const MIB = 1024 ** 2;
const PART_BYTES = 16 * MIB;
/** S3 takes 10,000 parts. */
const MOST_PARTS = 10_000;
/** Longest life of a presigned address; each try makes new ones. */
export const PRESIGNED_SECONDS = 6 * 3600;

export const ExportInput = z.object({
  tenantId: z.string(),
  slug: z.string(),
  environment: EnvironmentKind,
  label: z.string(),
  takenBy: z.string(),
});
export type ExportInput = z.infer<typeof ExportInput>;

const partBytesOf = (bytes: number) => Math.max(PART_BYTES, MIB * Math.ceil(bytes / MOST_PARTS / MIB));

/**
 * Sends the missing parts, four at a time: one line of standard input each, "number address". Addresses reach curl over
 * its standard input, where no list of processes shows them.
 */
const SEND = `set -eu
file=$1 size=$2 total=$3 sent=0 pids=
trap 'rm -f -- "$file".*.part' EXIT
send() {
  piece="$file.$1.part"
  dd if="$file" of="$piece" bs="$size" skip=$(($1 - 1)) count=1 status=none
  printf 'url = "%s"\\n' "$2" | curl -fsS --retry 5 --retry-all-errors -o /dev/null -X PUT -T "$piece" -K -
  rm -f -- "$piece"
}
arrived() {
  for pid in $pids; do wait "$pid"; sent=$((sent + 1)); done
  pids=
  printf 'part %s of %s\\n' "$sent" "$total"
}
under_way=0
while read -r number address; do
  send "$number" "$address" &
  pids="$pids $!" under_way=$((under_way + 1))
  if [ "$under_way" -eq 4 ]; then arrived; under_way=0; fi
done
arrived
`;

/** `snapshot.export`: an archive of the environment's data, as of now, in the account's bucket until it ends by itself. */
export function exportSnapshot(ports: SnapshotPorts, store: SnapshotStore): JobKind<ExportInput> {
  return {
    kind: "snapshot.export",
    input: ExportInput,
    plan: () => EXPORT_STEPS,

    async run(input, job) {
      const [room, write, begin, send, finish, tidy] = EXPORT_STEPS;
      const { jobId } = job;
      const key = archiveKey("export", input, jobId);
      const environmentOf = () => ports.environment(input.tenantId, input.environment);
      const storageOf = async (): Promise<ObjectStore> => {
        const { account, region } = await environmentOf();
        return ports.storage(account, region);
      };
      const host = async () => hostOf(await environmentOf());

      const scratch = await job.step(room, async (step) => {
        const environment = await environmentOf();
        const space = await erpctl(ports.runOnHost, hostOf(environment), step.signal).space();
        const needed = 2 * (space.databaseBytes + space.attachmentsBytes);
        if (space.freeBytes < needed) throw noRoom(environment, needed, space.freeBytes);
        await step.detail(`${needed} bytes, ${space.freeBytes} free`);
        return space.scratch;
      });
      const file = `${scratch}/${jobId}.tar.gz`;

      const made = await detachedStep(job, write, {
        run: ports.runOnHost,
        host,
        words: longVerbs.exportData(jobId, file),
        parse: (stdout) => HostExport.parse(JSON.parse(stdout)),
        onUnknown: "again",
        everyMs: 1000,
      });
      const partBytes = partBytesOf(made.bytes);
      const count = Math.max(1, Math.ceil(made.bytes / partBytes));

      const upload = await job.step(begin, async (step) => {
        const storage = await storageOf();
        await storage.ensure();
        const id = await storage.findOrBeginUpload(key, { sha256: made.sha256 });
        const data = await manifestIn(ports, await environmentOf(), file, step);
        await step.detail(`${storage.bucket}, ${count} parts`);
        return { id, data: JSON.parse(JSON.stringify(data)) as unknown };
      });

      await detachedStep(job, send, {
        run: ports.runOnHost,
        host,
        words: ["sh", "-c", SEND, "send", file, `${partBytes}`, `${count}`],
        // Made anew at each beginning and kept nowhere: whoever has an address can write that part.
        stdin: async () => {
          const storage = await storageOf();
          const there = new Set((await storage.partsOf(key, upload.id)).map((one) => one.number));
          const missing = Array.from({ length: count }, (_, index) => index + 1).filter((number) => !there.has(number));
          const lines = missing.map(
            async (number) => `${number} ${await storage.presignPart(key, upload.id, number, PRESIGNED_SECONDS)}\n`,
          );
          return (await Promise.all(lines)).join("");
        },
        parse: (stdout) => stdout.length,
        onUnknown: "again",
        everyMs: 1000,
      });

      await job.step(finish, async (step) => {
        const environment = await environmentOf();
        const bucket = await storageOf();
        const sums = await sumsOnHost(ports, environment, file, partBytes, count, step);
        await bucket.finishUpload(key, upload.id, sums, made.bytes);
        const data = SnapshotData.parse(upload.data);
        const days = Math.min(
          (await bindingProfile(ports, environment)).fromContract.exportFileDays ?? EXPORT_DAYS,
          EXPORT_DAYS,
        );
        await keepArchive(ports, store, bucket, environment, {
          ...{ id: jobId, label: input.label, takenBy: input.takenBy, data },
          file: {
            ...{ key, bytes: made.bytes, sha256: made.sha256, origin: "export" },
            expiresAt: new Date(ports.now().getTime() + days * DAY_MS),
          },
        });
        await step.detail(`${made.bytes} bytes, ${made.sha256}`);
      });

      await job.step(tidy, async (step) => {
        const environment = await environmentOf();
        const words = ["sh", "-c", 'rm -f -- "$1" "$1".*.part', "tidy", file];
        const result = await ports.runOnHost(hostOf(environment), words, { signal: step.signal });
        if (result.exitCode !== 0) throw commandFailed(hostOf(environment).name, words, result);
        await step.detail(file);
      });
    },
  };
}

/** What the archive says of itself: of the very instant that it holds. */
async function manifestIn(
  ports: SnapshotPorts,
  environment: OperatedEnvironment,
  file: string,
  step: StepContext,
): Promise<SnapshotData> {
  const words = ["tar", "-xzOf", file, "manifest.json"];
  const result = await ports.runOnHost(hostOf(environment), words, { signal: step.signal });
  if (result.exitCode !== 0) throw commandFailed(hostOf(environment).name, words, result);
  return SnapshotData.parse(JSON.parse(result.stdout));
}

/** MD5 of each part, computed on the host: what S3 has must be the very same. */
async function sumsOnHost(
  ports: SnapshotPorts,
  environment: OperatedEnvironment,
  file: string,
  partBytes: number,
  count: number,
  step: StepContext,
): Promise<string[]> {
  const script =
    'n=0; while [ "$n" -lt "$3" ]; do dd if="$1" bs="$2" skip="$n" count=1 status=none | md5sum | cut -c1-32; n=$((n + 1)); done';
  const words = ["sh", "-c", script, "sums", file, `${partBytes}`, `${count}`];
  const result = await ports.runOnHost(hostOf(environment), words, { signal: step.signal });
  if (result.exitCode !== 0) throw commandFailed(hostOf(environment).name, words, result);
  return result.stdout.trim().split("\n");
}

function noRoom(environment: OperatedEnvironment, needed: number, free: number): AppError {
  return new AppError(
    "RefusedByRule",
    `${hostOf(environment).name} has ${free} bytes free; the export needs about ${needed}.`,
    {
      retryable: false,
      tenant: environment.tenantSlug,
      rule: "R68",
      next: "Grow the data volume or make room on it; nothing was changed.",
    },
  );
}
