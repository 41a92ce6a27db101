import type { Router } from "@orpc/server";
import type { Contract } from "../shared/contract.ts";
import type { ConsoleStatus } from "../shared/settings/model.ts";
import type { Keychain } from "./vault/index.ts";

export interface ConsoleOptions {
  /** Folder with all state of this console; made if missing. */
  readonly home: string;
  readonly host: ConsoleStatus["host"];
  readonly version: string;
  /** `none` runs without a lab; a lab of an earlier start is adopted with its content. */
  readonly lab: "demo" | "empty" | "none";
  /** PostgreSQL server of a team; absent uses the embedded one. */
  readonly databaseUrl?: string;
  /** The operating system's key store, where the host has one. */
  readonly keychain?: Keychain;
  /** Opens a passphrase vault without asking. */
  readonly vaultPassphrase?: string;
}

export interface Console {
  /** Implements the contract; calls that need a part which is still starting wait for it. */
  readonly router: Router<Contract, Record<never, never>>;
  /** Every part answers. Rejects with the AppError that `status()` shows. */
  readonly ready: Promise<void>;
  status(): ConsoleStatus;
  /** Ends everything that this console started, in order; running jobs go on at the next start. Never rejects. */
  stop(): Promise<void>;
}
