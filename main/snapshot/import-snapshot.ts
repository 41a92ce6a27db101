import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { checkVersionMatch } from "../../shared/policy/restore.ts";
import { Label, SnapshotData } from "../../shared/snapshot/model.ts";
import { IMPORT_STEPS } from "../../shared/snapshot/steps.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import type { JobKind } from "../jobs/index.ts";
import { bindingProfile } from "../toolkit/ports.ts";
import { readArchive } from "./archive.ts";
import { archiveKey, keepArchive } from "./keep-archive.ts";
import { refusal } from "./plan.ts";
import type { SnapshotPorts } from "./ports.ts";
import type { SnapshotStore } from "./store.ts";

const PART_BYTES = 16 * 1024 ** 2;

export const ImportInput = z.object({
  tenantId: z.string(),
  slug: z.string(),
  environment: EnvironmentKind,
  label: Label,
  /** Whole path on this console's machine. */
  file: z.string(),
  takenBy: z.string(),
});
export type ImportInput = z.infer<typeof ImportInput>;

/** `snapshot.import`: a checked archive from this machine goes into the account's bucket, ready to be restored. */
export function importSnapshot(ports: SnapshotPorts, store: SnapshotStore): JobKind<ImportInput> {
  return {
    kind: "snapshot.import",
    input: ImportInput,
    plan: () => IMPORT_STEPS,

    async run(input, job) {
      const [check, send, register] = IMPORT_STEPS;
      const key = archiveKey("import", input, job.jobId);
      const environmentOf = () => ports.environment(input.tenantId, input.environment);

      const archive = await job.step(check, async (step) => {
        const environment = await environmentOf();
        const read = await readArchive(input.file);
        const { data } = read;
        if (data.tenantId !== input.tenantId) throw anotherTenants(input, data.tenant);
        const verdict = checkVersionMatch(await bindingProfile(ports, environment), {
          sourceVersion: data.version,
          targetVersion: environment.version ?? "?",
          exported: true,
        });
        if (!verdict.allowed) throw refusal(input.slug, [verdict]);
        await step.detail(`${read.bytes} bytes, ${read.sha256}`);
        return { ...read, data: JSON.parse(JSON.stringify(data)) as unknown };
      });

      await job.step(send, async (step) => {
        const environment = await environmentOf();
        const storage = await ports.storage(environment.account, environment.region);
        await storage.ensure();
        if ((await storage.head(key))?.bytes === archive.bytes) return;
        const upload = await storage.findOrBeginUpload(key, { sha256: archive.sha256 });
        const there = new Map((await storage.partsOf(key, upload)).map((one) => [one.number, one.md5]));
        const source = await open(input.file);
        const sums: string[] = [];
        const whole = createHash("sha256");
        try {
          for (let at = 0, number = 1; at < archive.bytes; at += PART_BYTES, number += 1) {
            step.signal.throwIfAborted();
            const part = Buffer.alloc(Math.min(PART_BYTES, archive.bytes - at));
            const { bytesRead } = await source.read(part, 0, part.length, at);
            if (bytesRead !== part.length) throw changed(input);
            whole.update(part);
            const sum = createHash("md5").update(part).digest("hex");
            if (there.get(number) !== sum) await storage.putPart(key, upload, number, part);
            sums.push(sum);
            await step.detail(`${Math.floor((100 * (at + part.length)) / archive.bytes)} %`);
          }
        } finally {
          await source.close();
        }
        if (whole.digest("hex") !== archive.sha256) throw changed(input);
        await storage.finishUpload(key, upload, sums, archive.bytes);
      });

      await job.step(register, async (step) => {
        const environment = await environmentOf();
        const storage = await ports.storage(environment.account, environment.region);
        const data = SnapshotData.parse(archive.data);
        await keepArchive(ports, store, storage, environment, {
          ...{ id: job.jobId, label: input.label, takenBy: input.takenBy, data },
          file: { key, bytes: archive.bytes, sha256: archive.sha256, origin: "import", expiresAt: null },
        });
        await step.detail(key);
      });
    },
  };
}

function anotherTenants(input: ImportInput, found: string): AppError {
  return new AppError("Conflict", `The archive holds data of ${found}, not of ${input.slug}.`, {
    retryable: false,
    tenant: input.slug,
    next: "Choose the archive of this tenant; nothing was changed.",
  });
}

function changed(input: ImportInput): AppError {
  return new AppError("Conflict", `${input.file} changed while it was sent.`, {
    retryable: false,
    tenant: input.slug,
    next: "Import it again once nobody writes to it.",
  });
}
