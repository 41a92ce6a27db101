import type { Pool } from "pg";
import type { EnvironmentKind, EnvironmentState, Service } from "../../shared/tenant/model.ts";

/** One environment with what the sampler has to know of it. */
export interface MeteredEnvironment {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly service: Service;
  readonly environmentId: string;
  readonly kind: EnvironmentKind;
  /** Contract says: no monitoring (R9). */
  readonly unprotected: boolean;
  readonly state: EnvironmentState;
  readonly accountId: string;
  readonly address: string | null;
  readonly user: string;
  /** Pinned fingerprints; empty lets nobody in. */
  readonly hostKeys: readonly string[];
}

/** A program that runs on a host, as a stream in both directions. */
export interface SamplerChannel {
  write(bytes: Uint8Array, written: () => void): void;
  close(): void;
}

export interface SamplerListener {
  onOutput(bytes: Uint8Array): void;
  onErrorOutput(bytes: Uint8Array): void;
  /** Once; the program or its connection has ended. */
  onEnd(): void;
}

export interface MetricsPorts {
  readonly pool: Pool;
  readonly now: () => Date;
  /** Other consoles may read the same database, so one of them reads each account's hosts. */
  readonly shared: boolean;
  environments(): Promise<readonly MeteredEnvironment[]>;
  /** Logs in with the pinned key and starts the words. Throws HostUnreachable, HostKeyChanged, HostLoginRefused. */
  openChannel(
    environment: MeteredEnvironment,
    words: readonly string[],
    listener: SamplerListener,
    signal: AbortSignal,
  ): Promise<SamplerChannel>;
  /** Seconds from one reading to the next, and from one look from outside to the next. */
  intervals(): { metricsSeconds: number; healthSeconds: number };
  /** Name recorded as the author of acts. */
  operator(): string;
  /** Limits or availability changed: windows refetch. */
  changed(): void;
  log(level: "info" | "warning" | "error", text: string): void;
}
