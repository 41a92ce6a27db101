import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { labContract } from "../../shared/lab/contract.ts";
import type { LaunchedLab } from "./launch.ts";

/** The lab's page of the contract. `current` is the lab of this moment, null for a console without one. */
export function labRouter(current: () => LaunchedLab | null) {
  const contract = implement(labContract);
  const required = (): LaunchedLab => {
    const lab = current();
    if (lab) return lab;
    throw new AppError("LabUnavailable", "This console runs without a lab.", {
      retryable: false,
      next: "Start it with --lab demo or --lab empty.",
    });
  };
  return contract.router({
    status: contract.status.handler(() => current()?.status() ?? null),
    injectFault: contract.injectFault.handler(({ input }) => required().injectFault(input)),
    clearFault: contract.clearFault.handler(async ({ input }) => ({ cleared: await required().clearFault(input.id) })),
    clearFaults: contract.clearFaults.handler(async () => ({ cleared: await required().clearFaults() })),
    reset: contract.reset.handler(({ input }) => {
      if (input.confirm !== "lab")
        throw new AppError("ConfirmationNeeded", 'The lab is wiped only when "lab" is typed. Nothing was changed.', {
          retryable: false,
          next: 'Type "lab" to wipe it and seed it anew.',
        });
      return required().reset(input.seed);
    }),
  });
}
