import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import type { Account } from "../../shared/settings/model.ts";
import { type JobKind, stableId } from "../jobs/index.ts";
import type { FleetPorts } from "./ports.ts";
import type { StoredSource } from "./store.ts";

export const ReadAccountInput = z.object({ accountId: z.string(), regions: z.array(z.string()) });
export type ReadAccountInput = z.infer<typeof ReadAccountInput>;

const CHECK = "check account";
const readStep = (region: string): string => `read ${region}`;

/** One first reading for each account of a database, however often consoles start. */
export const readAccountJobId = (accountId: string): string => stableId(`fleet.readAccount/${accountId}`);

/** `fleet.readAccount`: the first reading of an account that was added, with what was found in each region. */
export function readAccount(
  ports: Pick<FleetPorts, "accounts" | "whoAmI" | "listTenants">,
  read: (account: Account, region: string) => Promise<StoredSource | undefined>,
): JobKind<ReadAccountInput> {
  const accountOf = (id: string): Account => {
    const account = ports.accounts().find((one) => one.id === id);
    if (account) return account;
    throw new AppError("NotFound", `The account ${id} is no longer configured in this console.`, {
      retryable: false,
      next: "Nothing is to be done; adding the account again reads it again.",
    });
  };

  return {
    kind: "fleet.readAccount",
    input: ReadAccountInput,
    plan: (input) => [CHECK, ...input.regions.map(readStep)],

    async run(input, job) {
      await job.step(CHECK, async (step) => {
        const identity = await ports.whoAmI(accountOf(input.accountId));
        await step.detail(`AWS account ${identity.awsAccountId}, ${identity.arn}`);
      });
      for (const region of input.regions) {
        await job.step(readStep(region), async (step) => {
          const source = await read(accountOf(input.accountId), region);
          if (source?.error) throw new AppError(source.error.code, source.error.message, source.error.details);
          const environments = (await ports.listTenants())
            .flatMap((tenant) => tenant.environments)
            .filter((one) => one.accountId === input.accountId && one.region === region);
          await step.detail(`${environments.length} environments, ${source?.releases.length ?? 0} images`);
        });
      }
    },
  };
}
