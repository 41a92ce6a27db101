import type { EnvironmentKind } from "./model.ts";

/** Steps for the whole tenant before its environments, in order. */
export const PREPARE_STEPS = ["check account", "import key pair", "choose network"] as const;

/** Steps of each environment, in order. */
export const ENVIRONMENT_STEPS = [
  "create security group",
  "create data volume",
  "run instance",
  "wait until it runs",
  "attach data volume",
  "pin host key",
  "check SSH log-in",
  "set up application",
  "install activation key",
  "check HTTPS",
  "check that plain HTTP is refused",
  "smoke test",
  "write inventory",
] as const;
export type EnvironmentStep = (typeof ENVIRONMENT_STEPS)[number];

export const LAST_STEP = "hand over";

/** Steps of undoing a provisioning, in order. */
export const ROLL_BACK_STEPS = [
  "list what was made",
  "terminate instances",
  "delete volumes",
  "delete security groups",
  "check that nothing is left",
  "remove from inventory",
] as const;

/** "production: run instance", as the job shows and stores it. */
export const environmentStep = (kind: EnvironmentKind, step: EnvironmentStep): string => `${kind}: ${step}`;

export function provisionSteps(kinds: readonly EnvironmentKind[]): string[] {
  return [
    ...PREPARE_STEPS,
    ...kinds.flatMap((kind) => ENVIRONMENT_STEPS.map((step) => environmentStep(kind, step))),
    LAST_STEP,
  ];
}
