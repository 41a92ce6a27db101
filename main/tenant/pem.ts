import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { AppError } from "../../shared/errors.ts";

export interface PemFacts {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  readonly fingerprint: string;
  /** What keeps it from being installed, in plain words. Never a part of the key. */
  readonly problems: readonly string[];
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;

/**
 * Reads a certificate chain with its key (PEM) and says what is wrong with it for `domain` at `now`.
 *
 * Throws AppError InvalidInput when it holds no certificate that can be read. Nothing of the text is in any message.
 */
export function readPem(pem: string, domain: string, now: Date): PemFacts {
  const blocks = [...pem.matchAll(BLOCK)].map(([text, label]) => ({ text, label: `${label}` }));
  const chain = blocks.filter((one) => one.label === "CERTIFICATE").map(({ text }) => certificateOf(text));
  const [leaf] = chain;
  if (!leaf) throw unreadable("It holds no certificate.");
  const keys = blocks.filter((one) => one.label.endsWith("PRIVATE KEY"));
  const validFrom = new Date(leaf.validFrom);
  const validTo = new Date(leaf.validTo);
  const names = (leaf.subjectAltName ?? "")
    .split(", ")
    .filter((name) => name.startsWith("DNS:"))
    .map((name) => name.slice(4));
  return {
    ...{ names, validFrom, validTo, fingerprint: leaf.fingerprint256 },
    issuer: /(?:^|\n)(?:CN|O)=(.+)/.exec(leaf.issuer)?.[1] ?? leaf.issuer.replaceAll("\n", ", "),
    problems: [
      ...(leaf.checkHost(domain) ? [] : [`It is not for ${domain} but for ${names.join(", ") || "no name"}.`]),
      ...(validTo <= now ? [`It ended on ${validTo.toISOString()}.`] : []),
      ...(validFrom > now ? [`It begins only on ${validFrom.toISOString()}.`] : []),
      ...(leaf.ca ? ["The first certificate is one of an authority; the site's own comes first."] : []),
      ...chainProblems(chain),
      ...keyProblems(leaf, keys),
    ],
  };
}

function certificateOf(text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw unreadable("One of its certificates cannot be read.");
  }
}

function chainProblems(chain: readonly X509Certificate[]): string[] {
  const broken = chain.findIndex((one, index) => index > 0 && !chain[index - 1]!.checkIssued(one));
  return broken < 0 ? [] : [`Certificate ${broken + 1} of the chain did not issue the one before it.`];
}

function keyProblems(leaf: X509Certificate, keys: readonly { readonly text: string; readonly label: string }[]) {
  if (keys.length !== 1) return [`It holds ${keys.length} private keys instead of one.`];
  if (keys[0]!.label.startsWith("ENCRYPTED")) return ["Its key is encrypted; take its passphrase off before."];
  let key: KeyObject;
  try {
    key = createPrivateKey(keys[0]!.text);
  } catch {
    return ["Its private key cannot be read."];
  }
  return leaf.checkPrivateKey(key) ? [] : ["Its private key does not fit the certificate."];
}

function unreadable(what: string): AppError {
  return new AppError("InvalidInput", `The PEM text cannot be used. ${what}`, {
    retryable: false,
    next: "Give the certificate, its chain and its private key as one PEM text. Nothing was sent.",
  });
}
