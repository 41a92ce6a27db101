import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import ssh2, { type AuthContext, type Connection } from "ssh2";
import type { HostKey } from "../host-keys.ts";
import { isUsable, readLine } from "./authorized-keys.ts";
import { type CommandSetting, serveCommands } from "./commands.ts";
import { type FileView, serveFiles } from "./files.ts";
import type { Sessions } from "./sessions.ts";

export interface SshServerOptions {
  readonly keys: readonly HostKey[];
  /** Lines of the user's authorized_keys, read anew for each log-in. */
  readonly authorizedKeys: () => Promise<readonly string[]>;
  readonly commands: CommandSetting;
  readonly files: FileView;
  readonly sessions: Sessions;
  /** Somebody has logged in. */
  readonly onLogIn: () => void;
}

export interface SshServer {
  /** Takes a connection over; it ends by itself when nobody logs in. */
  accept(socket: Socket): void;
}

const USER = "ubuntu";
const ATTEMPTS_MAX = 10;
const GRACE_MS = 30_000;

/** sshd as an EC2 host has it: the user `ubuntu`, public keys, nothing else. */
export function createSshServer(options: SshServerOptions): SshServer {
  const server = new ssh2.Server(
    {
      hostKeys: options.keys.map((key) => key.privateKey),
      ident: "OpenSSH_lab",
      // Without chacha20-poly1305, which not every client's cryptography has.
      algorithms: { cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"] },
      keepaliveInterval: 30_000,
      keepaliveCountMax: 4,
    },
    (client) => serve(client, options),
  );
  return {
    accept(socket) {
      socket.setNoDelay(true);
      server.injectSocket(socket);
    },
  };
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
  const signed = context.signature && context.blob;
  if (signed && known.key.verify(context.blob, context.signature, context.hashAlgo) !== true) return undefined;
  return known.entry.fingerprint;
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
