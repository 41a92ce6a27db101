import type { ConsoleOptions } from "../console.ts";

export type EnvironmentOptions = Pick<ConsoleOptions, "databaseUrl" | "vaultPassphrase">;

/** What a start takes from the environment; the passphrase is taken out of it, so that no child process inherits it. */
export function takeEnvironmentOptions(env: NodeJS.ProcessEnv): EnvironmentOptions {
  const databaseUrl = env["FLEETWRIGHT_DATABASE_URL"];
  const vaultPassphrase = env["FLEETWRIGHT_VAULT_PASSPHRASE"];
  delete env["FLEETWRIGHT_VAULT_PASSPHRASE"];
  return { ...(databaseUrl && { databaseUrl }), ...(vaultPassphrase && { vaultPassphrase }) };
}
