import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import type { webcrypto } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { DAY_MS } from "../../../shared/time.ts";
import { writeWhole } from "./files.ts";

export interface CertificateRequest {
  /** DNS names; the first becomes the subject. */
  readonly names: readonly string[];
  /** IP addresses, v4 or v6. */
  readonly ips: readonly string[];
  readonly days: number;
}

export interface IssuedCertificate {
  /** PEM: the certificate, then the authority's. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly key: string;
}

/** The lab's own certificate authority: stands in for the public one that signs a vendor's domains. */
export interface LabCa {
  /** PEM file that a client trusts. */
  readonly certificateFile: string;
  issue(request: CertificateRequest): Promise<IssuedCertificate>;
}

const KEYS = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const AUTHORITY_DAYS = 3650;
/** Clocks of clients may run behind. */
const BACKDATE_MS = 5 * 60_000;

/**
 * Opens the authority kept in `folder`, or makes one there on first use.
 *
 * The private key is readable for the owner only. Losing the folder means a new authority that nobody trusts yet.
 */
export async function openCa(folder: string): Promise<LabCa> {
  const certificateFile = path.join(folder, "ca.crt");
  const keyFile = path.join(folder, "ca.key");
  await mkdir(folder, { recursive: true });
  const authority = (await read(certificateFile, keyFile)) ?? (await create(certificateFile, keyFile));

  return {
    certificateFile,
    async issue({ names, ips, days }) {
      const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: [{ CN: [names[0] ?? ips[0] ?? "localhost"] }],
        issuer: authority.certificate.subjectName,
        notBefore: new Date(Date.now() - BACKDATE_MS),
        notAfter: new Date(Date.now() + days * DAY_MS),
        signingAlgorithm: SIGNATURE,
        publicKey: keys.publicKey,
        signingKey: authority.privateKey,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
          new x509.SubjectAlternativeNameExtension([
            ...names.map((value) => ({ type: "dns" as const, value })),
            ...ips.map((value) => ({ type: "ip" as const, value })),
          ]),
          await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
          await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
        ],
      });
      return {
        certificate: `${certificate.toString("pem")}\n${authority.certificate.toString("pem")}\n`,
        key: await privateKeyPem(keys.privateKey),
      };
    },
  };
}

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly privateKey: webcrypto.CryptoKey;
}

async function read(certificateFile: string, keyFile: string): Promise<Authority | undefined> {
  try {
    const [certificate, key] = await Promise.all([readFile(certificateFile, "utf8"), readFile(keyFile, "utf8")]);
    const raw = x509.PemConverter.decodeFirst(key);
    return {
      certificate: new x509.X509Certificate(certificate),
      privateKey: await crypto.subtle.importKey("pkcs8", raw, KEYS, false, ["sign"]),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function create(certificateFile: string, keyFile: string): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ["Fleetwright Lab Authority"] }, { O: ["Fleetwright lab, not for real use"] }],
    notBefore: new Date(Date.now() - BACKDATE_MS),
    notAfter: new Date(Date.now() + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  // The key first: a certificate without its key would be taken for a complete authority by other programs.
  await writeWhole(keyFile, await privateKeyPem(keys.privateKey), { mode: 0o600 });
  await writeWhole(certificateFile, `${certificate.toString("pem")}\n`, { mode: 0o644 });
  return { certificate, privateKey: keys.privateKey };
}

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

/** 128 random bits, positive and without a leading zero octet, as RFC 5280 asks. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return Buffer.from(bytes).toString("hex");
}
