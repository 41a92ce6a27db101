import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import ssh2 from "ssh2";
import { readIfThere, writeWhole } from "./files.ts";

export interface HostKey {
  readonly type: "ED25519" | "ECDSA";
  /** OpenSSH private key file content. */
  readonly privateKey: string;
  /** "ssh-ed25519 AAAA…" without comment. */
  readonly publicKey: string;
}

/**
 * The SSH identity of a host, kept in its configuration folder; made on first boot. `variant` names a second identity
 * beside it, for the trouble "host key changed".
 */
export async function hostKeys(folder: string, variant = ""): Promise<readonly HostKey[]> {
  await mkdir(folder, { recursive: true });
  return [await hostKey(folder, "ED25519", variant), await hostKey(folder, "ECDSA", variant)];
}

/** Where that identity's private keys are. */
export function hostKeyFiles(folder: string, variant = ""): readonly string[] {
  return [hostKeyFile(folder, "ED25519", variant), hostKeyFile(folder, "ECDSA", variant)];
}

function hostKeyFile(folder: string, type: HostKey["type"], variant: string): string {
  return path.join(folder, `ssh_host_${type.toLowerCase()}_key${variant}`);
}

async function hostKey(folder: string, type: HostKey["type"], variant: string): Promise<HostKey> {
  const file = hostKeyFile(folder, type, variant);
  const [privateKey, publicKey] = await Promise.all([readIfThere(file), readIfThere(`${file}.pub`)]);
  if (privateKey && publicKey) return { type, privateKey, publicKey: publicKey.trim() };

  const made = makeKeyPair(type);
  // The public half last: it says that the pair is complete.
  await writeWhole(file, made.private, { mode: 0o600 });
  await writeWhole(`${file}.pub`, `${made.public}\n`, { mode: 0o644 });
  return { type, privateKey: made.private, publicKey: made.public.trim() };
}

/** About one in 256 of the ed25519 keys that ssh2 1.17 makes cannot be read again: such a one is made anew. */
export function makeKeyPair(type: HostKey["type"], comment = "") {
  for (;;) {
    const made =
      type === "ED25519"
        ? ssh2.utils.generateKeyPairSync("ed25519", { comment })
        : ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256, comment });
    if (!(ssh2.utils.parseKey(made.private) instanceof Error)) return made;
  }
}

/** "SHA256:…" as OpenSSH prints it. */
export function fingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/** The block that cloud-init writes to the console at first boot, and that says which host key is the true one. */
export function consoleBlock(keys: readonly HostKey[], hostname: string): string {
  return [
    "-----BEGIN SSH HOST KEY FINGERPRINTS-----",
    ...keys.map((key) => `256 ${fingerprint(key.publicKey)} root@${hostname} (${key.type})`),
    "-----END SSH HOST KEY FINGERPRINTS-----",
    "-----BEGIN SSH HOST KEY KEYS-----",
    ...keys.map((key) => `${key.publicKey} root@${hostname}`),
    "-----END SSH HOST KEY KEYS-----",
  ].join("\n");
}
