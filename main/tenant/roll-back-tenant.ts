import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../../shared/time.ts";
import { ROLL_BACK_STEPS } from "../../shared/tenant/provision-steps.ts";
import { type JobKind, pollUntil } from "../jobs/index.ts";
import type { Cloud, TenantPorts } from "./ports.ts";
import type { TenantStore } from "./store.ts";

const POLL_MS = 500;
const GONE_MS = 10 * MINUTE_MS;
const SETTLED_MS = 4 * SECOND_MS;

export const RollBackInput = z.object({
  tenantId: z.string(),
  slug: z.string(),
  accountId: z.string(),
  region: z.string(),
  /** The provisioning whose resources go; nothing else is touched. */
  provisioningJobId: z.string(),
});
export type RollBackInput = z.infer<typeof RollBackInput>;

/** `tenant.rollBack`: removes what one provisioning made and proves that nothing of it is left. */
export function rollBackTenant(ports: TenantPorts, store: TenantStore): JobKind<RollBackInput> {
  return {
    kind: "tenant.rollBack",
    input: RollBackInput,
    plan: () => ROLL_BACK_STEPS,

    async run(input, job) {
      const [list, terminate, volumes, groups, check, forget] = ROLL_BACK_STEPS;
      const cloud = () => cloudOf(ports, input);
      const made = () => cloud().listMadeBy(input.provisioningJobId);

      await job.step(list, async (step) => {
        const tenant = await store.tenant(input.tenantId);
        if (tenant?.handedOverAt) throw handedOver(input.slug);
        const found = await made();
        const names = [...found.instances, ...found.volumes.map((one) => one.id), ...found.securityGroups];
        for (const name of names) await step.log(`made by ${input.provisioningJobId}: ${name}`);
        await step.detail(names.length === 0 ? "nothing was made" : names.join(", "));
      });

      await job.step(terminate, async (step) => {
        const { instances } = await made();
        for (const instance of instances) await cloud().terminate(instance);
        await pollUntil("Terminating", step.signal, { everyMs: POLL_MS, withinMs: GONE_MS }, async () =>
          (await made()).instances.length === 0 ? true : undefined,
        );
        await step.detail(instances.join(", ") || "none");
      });

      await job.step(volumes, async (step) => {
        const found = (await made()).volumes;
        for (const volume of found) {
          await pollUntil(`Releasing ${volume.id}`, step.signal, { everyMs: POLL_MS, withinMs: GONE_MS }, async () => {
            const now = await cloud().volume(volume.id);
            if (now?.state === "in-use") await cloud().detach(volume.id);
            return !now || now.state === "available" || now.state === "error" ? true : undefined;
          });
          await cloud().deleteVolume(volume.id);
        }
        await step.detail(found.map((one) => one.id).join(", ") || "none");
      });

      await job.step(groups, async (step) => {
        const found = (await made()).securityGroups;
        for (const group of found) await cloud().deleteSecurityGroup(group);
        await step.detail(found.join(", ") || "none");
      });

      await job.step(check, async (step) => {
        // Readings lag behind writes: only emptiness that lasts counts, and what shows up late is removed too.
        let emptySince: number | undefined;
        await pollUntil("Removing everything", step.signal, { everyMs: POLL_MS, withinMs: GONE_MS }, async () => {
          const left = await made();
          for (const instance of left.instances) await cloud().terminate(instance);
          for (const volume of left.volumes) if (volume.state === "available") await cloud().deleteVolume(volume.id);
          if (left.instances.length === 0)
            for (const group of left.securityGroups) await cloud().deleteSecurityGroup(group);
          const count = left.instances.length + left.volumes.length + left.securityGroups.length;
          emptySince = count === 0 ? (emptySince ?? performance.now()) : undefined;
          return emptySince !== undefined && performance.now() - emptySince > SETTLED_MS ? true : undefined;
        });
        await step.detail("nothing is left");
      });

      await job.step(forget, async () => {
        await store.remove(input.tenantId);
        ports.changed(input.tenantId);
      });
    },
  };
}

export function handedOver(slug: string): AppError {
  return new AppError("Conflict", `${slug} was handed over; a roll-back would destroy a customer's system.`, {
    retryable: false,
    tenant: slug,
    next: "Use the deletion of a tenant, which follows the contract's clocks; nothing was changed.",
  });
}

function cloudOf(ports: TenantPorts, input: RollBackInput): Cloud {
  const account = ports.accounts().find((one) => one.id === input.accountId);
  if (account) return ports.cloud(account, input.region);
  throw new AppError("AwsCredentialsExpired", `The account ${input.accountId} is not configured in this console.`, {
    retryable: true,
    tenant: input.slug,
    next: "Add the account in Settings; the job goes on by itself.",
  });
}
