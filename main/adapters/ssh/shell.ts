import type { Client, ClientChannel } from "ssh2";
import { shellCommand } from "./quote.ts";

export interface ShellOrder {
  /** Words of one command; absent, the user's shell. */
  readonly command?: readonly string[];
  /** Absent, there is no terminal: output and errors stay apart. */
  readonly screen?: { readonly columns: number; readonly rows: number };
}

export interface ShellListener {
  onOutput(bytes: Uint8Array): void;
  onErrorOutput(bytes: Uint8Array): void;
  /** Once. `code` and `signal` are both null when the connection went before the shell did. */
  onEnd(exit: { readonly code: number | null; readonly signal: string | null }): void;
}

/** A shell or command that runs on a host, as a stream in both directions. */
export interface Shell {
  /** `written` is called when the bytes are on their way. */
  write(bytes: Uint8Array, written: () => void): void;
  /** No more input. */
  endInput(): void;
  resize(columns: number, rows: number): void;
  /** While paused, the host is held back by SSH's own window. */
  pause(): void;
  resume(): void;
  /** Hangs up. */
  close(): void;
}

const TERM = "xterm-256color";
/** A language that every Debian has: without it old hosts show UTF-8 as question marks. Servers may ignore it. */
const ENVIRONMENT = { LANG: "C.UTF-8", COLORTERM: "truecolor" };

/** Opens a shell or command on a connection that is up. Rejects with ssh2's error. */
export function openShell(client: Client, order: ShellOrder, listener: ShellListener): Promise<Shell> {
  return new Promise((resolve, reject) => {
    const screen = order.screen && { cols: order.screen.columns, rows: order.screen.rows, width: 0, height: 0 };
    const opened = (error: Error | undefined, channel: ClientChannel) => {
      if (error) reject(error);
      else resolve(asShell(client, channel, listener));
    };
    const env = order.screen ? ENVIRONMENT : {};
    if (order.command) {
      const pty = screen ? { pty: { ...screen, term: TERM } } : {};
      client.exec(shellCommand(order.command), { ...pty, env }, opened);
    } else {
      client.shell(screen ? { ...screen, term: TERM } : false, { env }, opened);
    }
  });
}

function asShell(client: Client, channel: ClientChannel, listener: ShellListener): Shell {
  let exit: { code: number | null; signal: string | null } = { code: null, signal: null };
  let ended = false;
  channel.on("data", (bytes: Buffer) => listener.onOutput(bytes));
  channel.stderr.on("data", (bytes: Buffer) => listener.onErrorOutput(bytes));
  channel.on("exit", (code: number | null, signal?: string) => {
    exit = { code, signal: signal ?? null };
  });
  channel.on("error", () => undefined);
  // A paused channel never tells its end.
  const drain = () => {
    channel.resume();
    channel.stderr.resume();
  };
  client.once("close", drain);
  channel.on("close", () => {
    if (ended) return;
    ended = true;
    client.removeListener("close", drain);
    listener.onEnd(exit);
  });
  return {
    write(bytes, written) {
      if (ended || !channel.writable) written();
      else channel.write(bytes, () => written());
    },
    endInput: () => void channel.end(),
    resize(columns, rows) {
      if (!ended && channel.writable) channel.setWindow(rows, columns, 0, 0);
    },
    pause() {
      channel.pause();
      channel.stderr.pause();
    },
    resume() {
      channel.resume();
      channel.stderr.resume();
    },
    close() {
      channel.close();
      drain();
    },
  };
}
