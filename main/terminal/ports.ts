import type { Pool } from "pg";
import type { ByteHub } from "../../shared/byte-hub.ts";
import type { HostKeyPrint } from "../../shared/terminal/host-keys.ts";
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

export interface RemoteFacts {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  readonly mode: number;
  readonly modifiedAt: Date;
  readonly owner: string | null;
}

export interface RemoteFile {
  /** Bytes from `offset` on, at most `length`; empty at the end. */
  read(offset: number, length: number): Promise<Buffer>;
  write(offset: number, bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Files of a host over one channel. Failures of the host carry SFTP's number as `code`. */
export interface RemoteFiles {
  realPath(path: string): Promise<string>;
  list(path: string): Promise<readonly (RemoteFacts & { readonly name: string })[]>;
  facts(path: string): Promise<RemoteFacts | undefined>;
  linkFacts(path: string): Promise<RemoteFacts | undefined>;
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  replace(from: string, to: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  open(path: string, mode: "read" | "create" | "resume"): Promise<RemoteFile>;
  onGone(listener: () => void): void;
  end(): void;
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
  /** A channel for files; `own` gives it a connection of its own, so that bulk does not slow others down. */
  openFiles(place: Place, own: boolean, signal: AbortSignal): Promise<RemoteFiles>;
  /** One command, as the log-in's user. */
  run(place: Place, words: readonly string[], signal: AbortSignal): Promise<{ exitCode: number; stdout: string }>;
  /** Every key that the host shows now, each proven by a handshake, the one a log-in would meet in front. */
  shownHostKeys(place: Place): Promise<readonly HostKeyPrint[]>;
  /** Keys that the machine printed on its AWS console. */
  printedHostKeys(environmentId: string): Promise<readonly HostKeyPrint[]>;
  /** Only these are accepted from now on, here and, by the tags in AWS, for every other console. */
  pin(environmentId: string, fingerprints: readonly string[]): Promise<void>;
  /** Sessions began or ended: windows refetch. */
  changed(): void;
  log(level: "info" | "warning", text: string): void;
}
