import { randomUUID } from "node:crypto";
import type { Fault, FaultInput, FaultName } from "../../shared/lab/model.ts";
import { SECOND_MS } from "../../shared/time.ts";
import type { MachineRoom } from "./types.ts";

/** One API call, as far as a fault may be narrowed to it. */
export interface FaultCall {
  readonly service: "ec2" | "s3" | "sts";
  /** AWS's name of the action: "RunInstances", "PutObject". */
  readonly action: string;
  readonly region: string;
  /** Instances that the call names. */
  readonly instances?: readonly string[];
}

export type FaultError = "throttle" | "server-error" | "expired-credentials" | "no-capacity";

/**
 * What the engine wants done with a call.
 *
 * `error`: answer AWS's error of that kind, without effect. `reset`: destroy the connection, without effect.
 * `pass`: go on after `delayMs`; with `dropReply` have the effect and then destroy the connection instead of answering;
 * reads do not see writes that are younger than `staleMs`.
 */
export type FaultVerdict =
  | { readonly kind: "pass"; readonly delayMs: number; readonly dropReply: boolean; readonly staleMs: number }
  | { readonly kind: "error"; readonly error: FaultError; readonly delayMs: number }
  | { readonly kind: "reset"; readonly delayMs: number };

export type HostTrouble = Parameters<MachineRoom["trouble"]>[1];

export interface FaultEngine {
  /** Asked by each API server once it knows who calls what, before any effect. */
  before(call: FaultCall): FaultVerdict;
  /** Throws nothing; host troubles reach running hosts in the background. */
  inject(input: FaultInput): Fault;
  clear(id: string): boolean;
  clearAll(): number;
  /** Active faults and those that ended within the last minute, oldest first. */
  list(): Fault[];
  /** Troubles that a host which boots now should have. */
  troublesOf(instance: string, region: string): HostTrouble[];
  stop(): void;
}

export interface FaultEngineOptions {
  /** Hosts that a host fault without `instance` means. */
  readonly runningHosts: (region: string | undefined) => readonly string[];
  readonly trouble: (instance: string, kind: HostTrouble, on: boolean) => void;
  readonly now?: () => number;
  readonly random?: () => number;
}

const HOST_TROUBLES: ReadonlySet<FaultName> = new Set(["ssh-cut", "host-key-changed", "host-frozen", "disk-full"]);
const READS = /^(Describe|Get|List|Head|Lookup)/;
const SHOWN_AFTER_END_MS = 60 * SECOND_MS;
const DEFAULT_DELAY_MS = 2 * SECOND_MS;

interface Entry {
  readonly fault: Fault;
  readonly hosts: readonly string[];
  endedAt: number | null;
  timer: NodeJS.Timeout | null;
}

const isTrouble = (name: FaultName): name is HostTrouble => HOST_TROUBLES.has(name);

/**
 * Says whether a fault means this call. Without an action, a lost reply means calls that change something and missing
 * capacity means those that need it; every other API fault means all calls.
 */
export function faultMatches(fault: FaultInput, call: FaultCall): boolean {
  if (isTrouble(fault.name)) return false;
  if (fault.action !== undefined && fault.action !== call.action) return false;
  if (fault.region !== undefined && fault.region !== call.region) return false;
  if (fault.instance !== undefined && !call.instances?.includes(fault.instance)) return false;
  switch (fault.name) {
    case "no-capacity":
      return call.service === "ec2" && (call.action === "RunInstances" || call.action === "StartInstances");
    case "lost-reply":
      return fault.action !== undefined || !READS.test(call.action);
    case "eventual-consistency":
      return call.service === "ec2";
    default:
      return true;
  }
}

/** Keeps the faults asked for and counts their strikes. Faults do not outlive the lab's process. */
export function createFaultEngine(options: FaultEngineOptions): FaultEngine {
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const entries = new Map<string, Entry>();

  function end(entry: Entry): void {
    if (entry.endedAt !== null) return;
    entry.endedAt = now();
    if (entry.timer) clearTimeout(entry.timer);
    const { name } = entry.fault;
    if (isTrouble(name)) for (const host of entry.hosts) options.trouble(host, name, false);
  }

  function active(): Entry[] {
    const at = now();
    for (const [id, entry] of entries) {
      const { seconds, since } = entry.fault;
      if (seconds !== undefined && at >= since.getTime() + seconds * SECOND_MS) end(entry);
      if (entry.endedAt !== null && at > entry.endedAt + SHOWN_AFTER_END_MS) entries.delete(id);
    }
    return [...entries.values()].filter((entry) => entry.endedAt === null);
  }

  function strikes(entry: Entry): boolean {
    const { fault } = entry;
    if (fault.rate !== undefined && random() >= fault.rate) return false;
    fault.struck += 1;
    if (fault.count !== undefined && fault.struck >= fault.count) end(entry);
    return true;
  }

  return {
    before(call) {
      let delayMs = 0;
      let staleMs = 0;
      let dropReply = false;
      for (const entry of active()) {
        if (!faultMatches(entry.fault, call) || !strikes(entry)) continue;
        const { name } = entry.fault;
        switch (name) {
          case "region-down":
            return { kind: "reset", delayMs };
          case "throttle":
          case "server-error":
          case "expired-credentials":
          case "no-capacity":
            return { kind: "error", error: name, delayMs };
          case "slow":
            delayMs += entry.fault.delayMs ?? DEFAULT_DELAY_MS;
            break;
          case "eventual-consistency":
            staleMs = Math.max(staleMs, entry.fault.delayMs ?? DEFAULT_DELAY_MS);
            break;
          case "lost-reply":
            dropReply = true;
            break;
          default:
            break;
        }
      }
      return { kind: "pass", delayMs, dropReply, staleMs };
    },

    inject(input) {
      const { name } = input;
      const hosts = isTrouble(name) ? (input.instance ? [input.instance] : options.runningHosts(input.region)) : [];
      const fault: Fault = { ...input, id: randomUUID(), struck: hosts.length, since: new Date(now()) };
      const entry: Entry = { fault, hosts, endedAt: null, timer: null };
      entries.set(fault.id, entry);
      if (isTrouble(name)) {
        for (const host of hosts) options.trouble(host, name, true);
        // API faults end when the next call looks; a host must be told.
        if (input.seconds !== undefined) entry.timer = setTimeout(() => end(entry), input.seconds * SECOND_MS).unref();
      }
      return { ...fault };
    },

    clear(id) {
      const entry = entries.get(id);
      if (!entry) return false;
      end(entry);
      return entries.delete(id);
    },

    clearAll() {
      const cleared = active().length;
      for (const entry of entries.values()) end(entry);
      entries.clear();
      return cleared;
    },

    list() {
      active();
      return [...entries.values()].map((entry) => ({ ...entry.fault }));
    },

    troublesOf(instance, region) {
      return active()
        .map((entry) => entry.fault)
        .filter((fault) => (fault.instance ?? instance) === instance && (fault.region ?? region) === region)
        .map((fault) => fault.name)
        .filter(isTrouble)
        .filter((name) => name !== "host-key-changed");
    },

    stop() {
      for (const entry of entries.values()) if (entry.timer) clearTimeout(entry.timer);
    },
  };
}
