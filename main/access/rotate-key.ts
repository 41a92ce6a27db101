import { z } from "zod";
import { ROTATE_HOST_STEPS, ROTATE_STEPS } from "../../shared/access/model.ts";
import { AppError } from "../../shared/errors.ts";
import { EnvironmentKind } from "../../shared/tenant/model.ts";
import type { JobKind } from "../jobs/index.ts";
import { hostOf } from "../toolkit/ports.ts";
import { hostKeysOf } from "./change-keys.ts";
import type { AccessPorts } from "./ports.ts";
import type { AccessStore } from "./store.ts";

export const RotateInput = z.object({
  accountId: z.string(),
  hosts: z.array(z.object({ tenantId: z.string(), tenantSlug: z.string(), kind: EnvironmentKind })),
  /** Machines that do not run: they keep the old key, which stays at hand for them. */
  leftOut: z.number().int(),
});
export type RotateInput = z.infer<typeof RotateInput>;
type Host = RotateInput["hosts"][number];

const [MAKE, CHANGE, FORGET] = ROTATE_STEPS;
const [PUT, TEST, TAKE] = ROTATE_HOST_STEPS;
const stepOn = ({ tenantSlug, kind }: Host, step: string): string => `${tenantSlug} ${kind}: ${step}`;

/** Names the operator's own line on a host; another one for each key, so that old and new stand side by side. */
const idOf = (fingerprint: string): string => `operator-${fingerprint.replace(/[^A-Za-z0-9]/g, "").slice(-24)}`;

/**
 * `access.rotate`: the operator's own key on all running hosts of an account.
 *
 * The new key is put on every host and tested there before it is used; only then the old one goes. Whatever ends the
 * job in between, each host opens to the key that the console uses at that moment.
 */
export function rotateKey(ports: AccessPorts, store: AccessStore): JobKind<RotateInput> {
  const keysOf = hostKeysOf(ports, store);
  const { ownKeys } = ports;
  return {
    kind: "access.rotate",
    input: RotateInput,
    plan: ({ hosts }) => [
      MAKE,
      ...hosts.flatMap((host) => [stepOn(host, PUT), stepOn(host, TEST)]),
      CHANGE,
      ...hosts.map((host) => stepOn(host, TAKE)),
      FORGET,
    ],

    async run(input, job) {
      const account = () => ports.account(input.accountId);
      const made = await job.step(MAKE, async (step) => {
        const old = await ownKeys.present(account());
        const next = await ownKeys.next(account());
        await step.detail(next.fingerprint);
        return { next, old: old.fingerprint };
      });

      for (const host of input.hosts) {
        await job.step(stepOn(host, PUT), async (step) => {
          const keys = await (await keysOf(host, step.signal)).grant(
            idOf(made.next.fingerprint),
            made.next.publicKey,
            null,
          );
          await step.detail(`${keys.length} keys there now`);
        });
        await job.step(stepOn(host, TEST), async (step) => {
          const one = await ports.find(host.tenantId, host.kind);
          await ownKeys.logInWithNext(hostOf(one), step.signal);
          await step.detail(`${one.sshUser}@${one.address}`);
        });
      }

      await job.step(CHANGE, async (step) => {
        await ownKeys.change(account(), made.next.fingerprint);
        await step.detail(made.next.fingerprint);
      });

      for (const host of input.hosts) {
        await job.step(stepOn(host, TAKE), async (step) => {
          const keys = await keysOf(host, step.signal);
          for (const line of await keys.list()) {
            if (line.fingerprint === made.old) await keys.revoke(line.id ?? line.fingerprint);
          }
          const left = (await keys.list()).filter((line) => line.fingerprint === made.old);
          if (left.length > 0) {
            throw new AppError("Conflict", `The old key still opens ${host.tenantSlug} ${host.kind}.`, {
              retryable: false,
              tenant: host.tenantSlug,
              next: "The new key works there. Take the old line away on the host, then retry from this step.",
            });
          }
          await step.detail("gone");
        });
      }

      await job.step(FORGET, async (step) => {
        if (input.leftOut > 0) return step.detail(`kept for ${input.leftOut} machines that did not run`);
        await ownKeys.forget(account());
        await step.detail("forgotten");
      });
      ports.changed();
    },
  };
}
