import ssh2 from "ssh2";

/**
 * A new ed25519 key pair in OpenSSH form; the public half is one `authorized_keys` line.
 *
 * About one in 256 of the keys that ssh2 1.17 makes cannot be read again: such a one is made anew.
 */
export function makeKeyPair(comment: string): { privateKey: string; publicKey: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error))
      return { privateKey: pair.private, publicKey: pair.public };
  }
}

/** The `authorized_keys` line of a private key. Throws on text that is not one, or does not open. */
export function publicKeyOf(privateKey: string, comment: string, passphrase?: string): string {
  const parsed = ssh2.utils.parseKey(privateKey, passphrase);
  if (parsed instanceof Error) throw parsed;
  return `${parsed.type} ${parsed.getPublicSSH().toString("base64")} ${comment}`;
}

/**
 * Host keys that a machine printed on its console at first boot, of the newest boot.
 * Source: cloud-init, cc_keys_to_console: lines between the BEGIN and END marks, "256 SHA256:… comment (ED25519)".
 */
export function hostKeysIn(consoleText: string): { algorithm: string; fingerprint: string }[] {
  const blocks = consoleText.matchAll(
    /-----BEGIN SSH HOST KEY FINGERPRINTS-----([\s\S]*?)-----END SSH HOST KEY FINGERPRINTS-----/g,
  );
  const last = [...blocks].at(-1)?.[1] ?? "";
  const lines = last.matchAll(/\b(?:(\d{3,5}) )?(SHA256:[A-Za-z0-9+/]{43})(?:[^\n]*\((\w+)\))?/g);
  return [...lines].map(([, bits = "", print = "", kind = ""]) => ({
    fingerprint: print,
    algorithm: { ED25519: "ssh-ed25519", RSA: "ssh-rsa", ECDSA: `ecdsa-sha2-nistp${bits}` }[kind] ?? kind.toLowerCase(),
  }));
}

/** The fingerprints among them. */
export const fingerprintsIn = (consoleText: string): string[] =>
  hostKeysIn(consoleText).map(({ fingerprint }) => fingerprint);
