import type { Pool } from "pg";
import type { ByteHub } from "../../shared/byte-hub.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";

/** The one environment that a session is locked to. */
export interface Place {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly customer: string;
  readonly environmentId: string;
  readonly kind: EnvironmentKind;
  readonly accountId: string;
  readonly address: string | null;
  readonly port: number;
  readonly user: string;
  /** Pinned fingerprints, space between; null lets nobody in. */
  readonly hostKey: string | null;
}

export interface ShellOrder {
  readonly command?: readonly string[];
  readonly screen?: { readonly columns: number; readonly rows: number };
}

export interface ShellExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface ShellListener {
  onOutput(bytes: Uint8Array): void;
  onErrorOutput(bytes: Uint8Array): void;
  /** Both null: the connection went first. */
  onEnd(exit: ShellExit): void;
}

export interface Shell {
  write(bytes: Uint8Array, written: () => void): void;
  endInput(): void;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
  close(): void;
}

export interface TerminalPorts {
  readonly pool: Pool;
  readonly bytes: ByteHub;
  readonly now: () => Date;
  /** Folder of the recordings; made on first need. */
  readonly recordings: string;
  readonly machine: string;
  operator(): string;
  /** undefined when this console knows no such environment. */
  place(environmentId: string): Promise<Place | undefined>;
  /** Logs in with the pinned key and opens a shell. Throws HostUnreachable, HostKeyChanged, HostLoginRefused. */
  openShell(place: Place, order: ShellOrder, listener: ShellListener, signal: AbortSignal): Promise<Shell>;
  /** Sessions began or ended: windows refetch. */
  changed(): void;
  log(level: "info" | "warning", text: string): void;
}
