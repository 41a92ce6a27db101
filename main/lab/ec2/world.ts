import type { FaultEngine } from "../faults.ts";
import type { Network } from "../network.ts";
import type { Store } from "../state.ts";
import type { MachineRoom } from "../types.ts";
import type { LabSchema } from "./model.ts";

/** How long things take, in milliseconds; the real work is added to it. */
export interface Timings {
  readonly instanceStart: number;
  readonly instanceStop: number;
  readonly volumeCreate: number;
  readonly volumeAttach: number;
  readonly snapshot: number;
}

export const DEFAULT_TIMINGS: Timings = {
  instanceStart: 1_200,
  instanceStop: 1_000,
  volumeCreate: 400,
  volumeAttach: 300,
  snapshot: 1_500,
};

export type Log = (
  level: "info" | "warn" | "error",
  message: string,
  facts?: Readonly<Record<string, unknown>>,
) => void;

/** Everything that stands behind the calls. */
export interface World {
  readonly store: Store<LabSchema>;
  readonly network: Network;
  readonly room: MachineRoom;
  readonly faults: FaultEngine;
  readonly timings: Timings;
  readonly log: Log;
  readonly now: () => number;
  readonly machines: Machines;
}

/** Carries the slow part of a change to its end, in the background and again after a restart. Safe to repeat. */
export interface Machines {
  /** Brings an instance in a passing state (pending, stopping, shutting-down) to the state that follows. */
  settleInstance(id: string): void;
  rebootInstance(id: string): void;
  settleVolume(id: string): void;
  /** Resolves once its bytes are read from the source: EBS snapshots are of the instant at which they were asked for. */
  settleSnapshot(id: string): Promise<void>;
  /** Tells a running host that its volumes or address changed. */
  refreshHost(id: string): void;
}
