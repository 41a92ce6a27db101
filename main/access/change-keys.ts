import { z } from "zod";
import { ACCESS_STEPS } from "../../shared/access/model.ts";
import { AppError } from "../../shared/errors.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import type { JobKind } from "../jobs/index.ts";
import { erpctl } from "../toolkit/erpctl.ts";
import { hostOf } from "../toolkit/ports.ts";
import type { AccessPorts } from "./ports.ts";
import type { AccessStore } from "./store.ts";

const Target = z.object({ tenantId: z.string(), kind: EnvironmentKind });
export const GrantInput = Target.extend({
  owner: z.string(),
  approver: z.string(),
  purpose: z.string(),
  publicKey: z.string(),
  fingerprint: z.string(),
  expiresAt: z.coerce.date(),
  by: z.string(),
});
export type GrantInput = z.infer<typeof GrantInput>;
export const RevokeInput = Target.extend({ keyId: z.string(), reason: z.string(), by: z.string() });
export type RevokeInput = z.infer<typeof RevokeInput>;

/** `erpctl access` of one environment, with every answer remembered as the host's list. */
export function hostKeysOf(ports: AccessPorts, store: AccessStore) {
  return async (target: z.infer<typeof Target>, signal: AbortSignal) => {
    const one = await ports.find(target.tenantId, target.kind);
    const host = erpctl(ports.runOnHost, hostOf(one), signal);
    const remember = async (keys: Awaited<ReturnType<typeof host.keys>>) => {
      await store.read(one.environmentId, one.tenantId, ports.now(), keys);
      ports.changed();
      return keys;
    };
    return {
      one,
      list: async () => remember(await host.keys()),
      grant: async (id: string, publicKey: string, until: Date | null) =>
        remember(await host.grantKey(id, publicKey, until)),
      revoke: async (id: string) => remember(await host.revokeKey(id)),
    };
  };
}

/** `access.grant`: into the register first, so that no key is ever on a host without an owner. */
export function grantKey(ports: AccessPorts, store: AccessStore): JobKind<GrantInput> {
  const keysOf = hostKeysOf(ports, store);
  const [register, put, check] = ACCESS_STEPS["access.grant"];
  return {
    kind: "access.grant",
    input: GrantInput,
    plan: () => ACCESS_STEPS["access.grant"],
    async run(input, job) {
      await job.step(register, async (step) => {
        const one = await ports.find(input.tenantId, input.kind);
        const { owner, approver, purpose, publicKey, fingerprint, expiresAt } = input;
        await store.register({
          ...{ id: job.jobId, tenantId: one.tenantId, tenantSlug: one.tenantSlug, environmentId: one.environmentId },
          ...{ kind: input.kind, owner, approver, purpose, publicKey, fingerprint, expiresAt },
          ...{ grantedBy: input.by, grantedAt: ports.now() },
          ...{ revokedBy: null, revokedAt: null, revokeReason: null, installedAt: null, removedAt: null },
        });
        ports.changed();
        await step.detail(fingerprint);
      });
      await job.step(put, async (step) => {
        const key = await store.key(job.jobId);
        // Revoked while it waited for its turn: it is not put there any more.
        if (key?.revokedAt) throw revokedMeanwhile(key.tenantSlug);
        const host = await keysOf(input, step.signal);
        await host.grant(job.jobId, input.publicKey, input.expiresAt);
        await step.detail(`until ${input.expiresAt.toISOString()}`);
      });
      await job.step(check, async (step) => {
        const host = await keysOf(input, step.signal);
        const found = (await host.list()).find((line) => line.id === job.jobId);
        if (found?.fingerprint !== input.fingerprint) {
          throw new AppError(
            "HostCommandFailed",
            `${host.one.tenantSlug} ${input.kind} does not list the key it took.`,
            {
              retryable: false,
              tenant: host.one.tenantSlug,
              next: "Look at the host's own file, then retry from this step.",
            },
          );
        }
        await store.installed(job.jobId, ports.now());
        ports.changed();
        await step.detail(found.fingerprint);
      });
    },
  };
}

/** `access.revoke`: gone from the host, and seen to be gone. */
export function revokeKey(ports: AccessPorts, store: AccessStore): JobKind<RevokeInput> {
  const keysOf = hostKeysOf(ports, store);
  const [record, take, check] = ACCESS_STEPS["access.revoke"];
  return {
    kind: "access.revoke",
    input: RevokeInput,
    plan: () => ACCESS_STEPS["access.revoke"],
    async run(input, job) {
      await job.step(record, async (step) => {
        await store.revoked(input.keyId, input.by, ports.now(), input.reason);
        ports.changed();
        await step.detail(input.reason);
      });
      await job.step(take, async (step) => {
        await (await keysOf(input, step.signal)).revoke(input.keyId);
        await step.detail(input.keyId);
      });
      await job.step(check, async (step) => {
        const host = await keysOf(input, step.signal);
        const key = await store.key(input.keyId);
        const still = (await host.list()).filter(
          (line) => line.id === input.keyId || line.fingerprint === key?.fingerprint,
        );
        if (still.length > 0) {
          throw new AppError("Conflict", `The key still opens ${host.one.tenantSlug} ${input.kind} by another line.`, {
            retryable: false,
            tenant: host.one.tenantSlug,
            next: "Take the line away that no console wrote, then retry from this step.",
          });
        }
        await store.removed(input.keyId, ports.now());
        ports.changed();
        await step.detail("gone");
      });
    },
  };
}

function revokedMeanwhile(tenant: string): AppError {
  return new AppError("Conflict", `The key for ${tenant} was revoked before it was put there. It is not put there.`, {
    retryable: false,
    tenant,
    next: "Nothing is to be done; grant another one if it is still needed.",
  });
}
