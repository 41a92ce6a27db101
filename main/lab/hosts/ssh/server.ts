import { timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import ssh2, { type AuthContext, type Connection, type ParsedKey } from "ssh2";
import type { HostKey } from "../host-keys.ts";
import { type CommandSetting, serveCommands } from "./commands.ts";
import { type FileView, serveFiles } from "./files.ts";

export interface SshServerOptions {
  readonly keys: readonly HostKey[];
  /** Lines of the user's authorized_keys, read anew for each log-in. */
  readonly authorizedKeys: () => Promise<readonly string[]>;
  readonly commands: CommandSetting;
  readonly files: FileView;
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
  const grace = setTimeout(() => client.end(), GRACE_MS);
  grace.unref();
  client.on("error", () => undefined);
  client.on("close", () => clearTimeout(grace));
  client.on("authentication", (context) => {
    if (attempts++ > ATTEMPTS_MAX) return client.end();
    authenticate(context, options.authorizedKeys).then(
      (allowed) => (allowed ? context.accept() : context.reject(["publickey"])),
      () => context.reject(["publickey"]),
    );
  });
  client.on("ready", () => {
    clearTimeout(grace);
    options.onLogIn();
    client.on("session", (accept) => {
      const session = accept();
      serveCommands(session, options.commands);
      session.on("sftp", (acceptFiles) => serveFiles(acceptFiles(), options.files));
    });
  });
}

async function authenticate(context: AuthContext, authorizedKeys: () => Promise<readonly string[]>): Promise<boolean> {
  if (context.method !== "publickey" || context.username !== USER) return false;
  const known = (await authorizedKeys())
    .map(readPublicKey)
    .find((key) => key && same(key.getPublicSSH(), context.key.data));
  if (!known) return false;
  // Without a signature the client only asks whether the key would do.
  if (!context.signature || !context.blob) return true;
  return known.verify(context.blob, context.signature, context.hashAlgo) === true;
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A line of authorized_keys, options in front of the key left out; undefined for comments and what is no key. */
function readPublicKey(line: string): ParsedKey | undefined {
  const key = /(?:^|\s)((?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]+)/.exec(line.trim())?.[1];
  if (!key || line.trim().startsWith("#")) return undefined;
  const parsed = ssh2.utils.parseKey(key);
  return parsed instanceof Error ? undefined : Array.isArray(parsed) ? parsed[0] : parsed;
}
