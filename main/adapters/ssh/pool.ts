import { createHash } from "node:crypto";
import { MINUTE_MS, SECOND_MS } from "../../../shared/time.ts";
import {
  asSshError,
  type CommandResult,
  connectSsh,
  notBegun,
  type SshConnection,
  type SshTarget,
} from "./connection.ts";

const IDLE_MS = MINUTE_MS;
/** Below OpenSSH's usual MaxSessions of 10. */
const MOST_CHANNELS = 8;
/** A connection that was silent for longer is asked whether it still stands before it is used. */
const TRUSTED_MS = SECOND_MS;
const ANSWER_MS = 5 * SECOND_MS;

/** A use of a kept connection. */
export interface Lease {
  readonly connection: SshConnection;
  /** Repeating is harmless. */
  release(): void;
}

interface Kept {
  readonly opening: Promise<SshConnection>;
  connection: SshConnection | undefined;
  leases: number;
  /** Takes no further channels. */
  full: boolean;
  usedAt: number;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Connections that are kept and shared: one handshake for many commands on a host.
 *
 * A connection is shared only by who would open the very same one: host, user, key, pinned host keys and the way there.
 * A new pin therefore opens a new connection, and is checked. Unused ones end after a minute.
 */
export function sshPool(options: { readonly idleMs?: number; readonly mostChannels?: number } = {}) {
  const { idleMs = IDLE_MS, mostChannels = MOST_CHANNELS } = options;
  const pool = new Map<string, Kept[]>();
  let stopped = false;

  function drop(key: string, kept: Kept): void {
    clearTimeout(kept.timer);
    kept.full = true;
    const others = (pool.get(key) ?? []).filter((one) => one !== kept);
    if (others.length > 0) pool.set(key, others);
    else pool.delete(key);
  }

  function open(key: string, target: SshTarget): Kept {
    // Not one caller's own: who gives up does not take the connection from the others.
    const opening = connectSsh(target);
    const kept: Kept = { opening, connection: undefined, leases: 0, full: false, usedAt: 0, timer: undefined };
    pool.set(key, [...(pool.get(key) ?? []), kept]);
    opening.then(
      (connection) => {
        kept.connection = connection;
        kept.usedAt = performance.now();
        connection.onBroken(() => drop(key, kept));
        if (stopped) connection.end();
        else if (kept.leases === 0) rest(key, kept);
      },
      () => drop(key, kept),
    );
    return kept;
  }

  function rest(key: string, kept: Kept): void {
    clearTimeout(kept.timer);
    const end = () => {
      drop(key, kept);
      kept.connection?.end();
    };
    if (kept.full) return end();
    kept.timer = setTimeout(end, idleMs);
    kept.timer.unref();
  }

  /** Throws what connecting throws, and HostUnreachable when `signal` aborts. */
  async function lease(target: SshTarget, signal?: AbortSignal): Promise<Lease> {
    const key = keyOf(target);
    for (;;) {
      const kept =
        (pool.get(key) ?? []).find((one) => !one.full && one.leases < mostChannels && !one.connection?.broken) ??
        open(key, target);
      kept.leases++;
      clearTimeout(kept.timer);
      let released = false;
      const release = () => {
        if (released) return;
        released = true;
        kept.leases--;
        kept.usedAt = performance.now();
        if (kept.leases === 0 && kept.connection) rest(key, kept);
      };
      try {
        const connection = await orAborted(kept.opening, target, signal);
        if (connection.broken) {
          release();
          continue;
        }
        if (performance.now() - kept.usedAt > TRUSTED_MS && !(await connection.answers(ANSWER_MS))) {
          drop(key, kept);
          release();
          connection.end();
          continue;
        }
        kept.usedAt = performance.now();
        return { connection, release };
      } catch (error) {
        release();
        throw error;
      }
    }
  }

  /** Uses a kept connection; what the host had not begun with is asked once more on a new one. */
  async function use<Result>(
    target: SshTarget,
    signal: AbortSignal | undefined,
    work: (connection: SshConnection) => Promise<Result>,
  ): Promise<Result> {
    for (let first = true; ; first = false) {
      const { connection, release } = await lease(target, signal);
      try {
        return await work(connection);
      } catch (error) {
        if (!first || !notBegun(error)) throw error;
        // The host takes no further channel on this one, or it broke just now.
        const key = keyOf(target);
        const kept = pool.get(key)?.find((one) => one.connection === connection);
        if (kept) kept.full = true;
      } finally {
        release();
      }
    }
  }

  return {
    lease,
    run: (
      target: SshTarget,
      words: readonly string[],
      run: { stdin?: string; signal: AbortSignal },
    ): Promise<CommandResult> => use(target, run.signal, (connection) => connection.run(words, run)),
    use,
    /** Connections that stand or are being opened. */
    size: () => [...pool.values()].flat().length,
    stop(): void {
      stopped = true;
      for (const [key, all] of pool) {
        for (const kept of all) {
          drop(key, kept);
          kept.connection?.end();
        }
      }
    },
  };
}
export type SshPool = ReturnType<typeof sshPool>;

function keyOf(target: SshTarget): string {
  const one = (each: SshTarget): unknown => [
    each.host,
    each.port,
    each.user,
    "agent" in each ? each.agent : [each.privateKey, each.passphrase],
    each.hostKeys.toSorted(),
    each.keyAlgorithms,
    (each.via ?? []).map(one),
  ];
  return createHash("sha256")
    .update(JSON.stringify(one(target)))
    .digest("hex");
}

function orAborted<Value>(work: Promise<Value>, target: SshTarget, signal: AbortSignal | undefined): Promise<Value> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(asSshError(new Error("aborted"), target, undefined));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
