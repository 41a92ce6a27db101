import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import ssh2, { type AuthContext, type Connection } from "ssh2";
import type { HostKey } from "../host-keys.ts";
import { isUsable, readLine } from "./authorized-keys.ts";
import { type CommandSetting, serveCommands } from "./commands.ts";
import { type FileView, serveFiles } from "./files.ts";
import type { Sessions } from "./sessions.ts";

export interface SshServerOptions {
  /** The host's identity at the moment. */
  readonly keys: () => Promise<readonly HostKey[]>;
  /** Lines of the user's authorized_keys, read anew for each log-in. */
  readonly authorizedKeys: () => Promise<readonly string[]>;
  readonly commands: CommandSetting;
  readonly files: FileView;
  readonly sessions: Sessions;
  /** Somebody has logged in. */
  readonly onLogIn: () => void;
}

export interface SshServer {
  /**
   * Takes a connection over that nothing was read of yet; it ends by itself when nobody logs in. What comes back cuts
   * it.
   */
  accept(socket: Socket): Promise<() => void>;
  /** Ends every connection. */
  cut(): Promise<void>;
  /** Lets all of them stand still, or go on. */
  freeze(on: boolean): Promise<void>;
}

const USER = "ubuntu";
const ATTEMPTS_MAX = 10;
const GRACE_MS = 30_000;

/** sshd as an EC2 host has it: the user `ubuntu`, public keys, nothing else. */
export function createSshServer(options: SshServerOptions): SshServer {
  const open = new Set<Socket>();
  let made: { readonly identity: string; readonly server: ssh2.Server } | undefined;

  /** Sessions that stand know the old key; whoever connects from now on meets the present one. */
  async function present(): Promise<ssh2.Server> {
    const hostKeys = (await options.keys()).map((key) => key.privateKey);
    const identity = hostKeys.join();
    if (made?.identity !== identity) made = { identity, server: createServer(hostKeys, options) };
    return made.server;
  }
  return {
    async accept(socket) {
      const server = await present();
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      socket.setNoDelay(true);
      server.injectSocket(socket);
      socket.resume();
      return () => socket.destroy();
    },
    async cut() {
      for (const socket of open) socket.destroy();
    },
    async freeze(on) {
      for (const socket of open) {
        if (on) socket.pause();
        else socket.resume();
      }
    },
  };
}

function createServer(hostKeys: string[], options: SshServerOptions): ssh2.Server {
  return new ssh2.Server(
    {
      hostKeys,
      ident: "OpenSSH_lab",
      // Without chacha20-poly1305, which not every client's cryptography has.
      algorithms: { cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"] },
      keepaliveInterval: 30_000,
      keepaliveCountMax: 4,
    },
    (client) => serve(client, options),
  );
}

function serve(client: Connection, options: SshServerOptions): void {
  let attempts = 0;
  let openedWith: string | undefined;
  const grace = setTimeout(() => client.end(), GRACE_MS);
  grace.unref();
  client.on("error", () => undefined);
  client.on("close", () => clearTimeout(grace));
  client.on("authentication", (context) => {
    if (attempts++ > ATTEMPTS_MAX) return client.end();
    authenticate(context, options.authorizedKeys).then(
      (fingerprint) => {
        openedWith = fingerprint;
        if (fingerprint) context.accept();
        else context.reject(["publickey"]);
      },
      () => context.reject(["publickey"]),
    );
  });
  client.on("ready", () => {
    clearTimeout(grace);
    options.onLogIn();
    const forget = options.sessions.add(openedWith ?? "", () => client.end());
    client.once("close", forget);
    client.on("session", (accept) => {
      const session = accept();
      serveCommands(session, options.commands);
      session.on("sftp", (acceptFiles) => serveFiles(acceptFiles(), options.files));
    });
  });
}

/** The fingerprint of the key that may log in with this; undefined when none may. */
async function authenticate(
  context: AuthContext,
  authorizedKeys: () => Promise<readonly string[]>,
): Promise<string | undefined> {
  if (context.method !== "publickey" || context.username !== USER) return undefined;
  const known = (await authorizedKeys())
    .map(readLine)
    .find((one) => one && same(one.key.getPublicSSH(), context.key.data) && isUsable(one, Date.now()));
  if (!known) return undefined;
  // Without a signature the client only asks whether the key would do.
  const { signature, blob } = context;
  if (signature && blob && known.key.verify(blob, signature, context.hashAlgo) !== true) return undefined;
  return known.entry.fingerprint;
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
