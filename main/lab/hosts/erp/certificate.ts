import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import path from "node:path";
import { z } from "zod";
import { DAY_MS } from "../../../../shared/time.ts";
import type { LabCa } from "../ca.ts";
import { readIfThere, writeWhole } from "../files.ts";
import { Refusal } from "./refusal.ts";

const Stored = z.object({ origin: z.enum(["vendor", "customer"]), cert: z.string(), key: z.string() });

/** What the host shows to browsers: PEM of the chain and of its key. */
export type Certificate = z.infer<typeof Stored>;

export interface CertificateFacts {
  readonly domain: string;
  readonly issuer: string;
  readonly validFrom: string;
  readonly validTo: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  readonly origin: "vendor" | "customer";
}

export interface Certificates {
  /** The one that is there, or a new one of the vendor's when that is ended, about to end or for other names. */
  ensure(domain: string): Promise<Certificate>;
  renew(domain: string): Promise<Certificate>;
  /** Takes the customer's chain and key. Throws Refusal malformed, and nothing is changed. */
  install(domain: string, pem: string): Promise<Certificate>;
}

const VENDOR_DAYS = 365;
const RENEW_BEFORE_MS = 30 * DAY_MS;

export function createCertificates(folder: string, ca: LabCa, address: () => string): Certificates {
  const file = path.join(folder, "tls.json");
  const save = async (certificate: Certificate) => {
    await writeWhole(file, JSON.stringify(certificate), { mode: 0o600 });
    return certificate;
  };
  const renew = async (domain: string) => {
    const made = await ca.issue({ names: [domain], ips: [address()], days: VENDOR_DAYS });
    return save({ origin: "vendor", cert: made.certificate, key: made.key });
  };
  return {
    async ensure(domain) {
      const known = Stored.safeParse(JSON.parse((await readIfThere(file)) ?? "null")).data;
      if (!known) return renew(domain);
      const leaf = new X509Certificate(known.cert);
      const leftMs = Date.parse(leaf.validTo) - Date.now();
      const fits =
        known.origin === "customer"
          ? leftMs > 0 && leaf.checkHost(domain)
          : leftMs > RENEW_BEFORE_MS && leaf.checkHost(domain) && leaf.checkIP(address());
      return fits ? known : renew(domain);
    },
    renew,
    async install(domain, pem) {
      const { chain, key } = readPem(pem);
      const [leaf] = chain;
      if (!leaf) throw new Refusal("malformed", "There is no certificate in what was given.");
      if (!leaf.checkPrivateKey(key)) throw new Refusal("malformed", "The key does not fit the certificate.");
      if (Date.parse(leaf.validTo) <= Date.now())
        throw new Refusal("malformed", `The certificate ended on ${new Date(leaf.validTo).toISOString()}.`);
      if (!leaf.checkHost(domain))
        throw new Refusal(
          "malformed",
          `The certificate is for ${leaf.subjectAltName ?? "no name"}, not for ${domain}.`,
        );
      for (const [index, issuer] of chain.slice(1).entries())
        if (!chain[index]?.checkIssued(issuer))
          throw new Refusal("malformed", "The chain is not in order: each certificate is followed by its issuer's.");
      return save({
        origin: "customer",
        cert: chain.map((one) => one.toString()).join(""),
        key: key.export({ type: "pkcs8", format: "pem" }).toString(),
      });
    },
  };
}

export function certificateFacts({ cert, origin }: Certificate, domain: string): CertificateFacts {
  const leaf = new X509Certificate(cert);
  const name = (text: string) => /(?:^|\n)CN=([^\n]*)/.exec(text)?.[1] ?? text.replaceAll("\n", ", ");
  return {
    domain,
    issuer: name(leaf.issuer),
    validFrom: new Date(leaf.validFrom).toISOString(),
    validTo: new Date(leaf.validTo).toISOString(),
    fingerprint: leaf.fingerprint256.replaceAll(":", "").toLowerCase(),
    origin,
  };
}

function readPem(pem: string): { chain: readonly X509Certificate[]; key: KeyObject } {
  const blocks = pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? [];
  const key = blocks.find((block) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(block));
  if (!key) throw new Refusal("malformed", "There is no private key in what was given.");
  try {
    return {
      chain: blocks
        .filter((block) => block.startsWith("-----BEGIN CERTIFICATE-----"))
        .map((block) => new X509Certificate(block)),
      key: createPrivateKey(key),
    };
  } catch (error) {
    throw new Refusal("malformed", "The certificate or its key cannot be read.", { cause: error });
  }
}
