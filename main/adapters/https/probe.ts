import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { AppError } from "../../../shared/errors.ts";

export interface HttpsTarget {
  /** Address to connect to; the certificate is checked for `domain`. */
  readonly address: string;
  readonly port: number;
  readonly domain: string;
  readonly caFile?: string;
  /** For messages: "acme production". */
  readonly name: string;
}

export interface HttpsAnswer {
  readonly status: number;
  readonly body: string;
  readonly latencyMs: number;
  readonly certificate: { readonly validTo: string; readonly issuer: string; readonly subjectAltName: string };
}

const ANSWER_MS = 10_000;
const MAX_BODY_BYTES = 256 * 1024;
const CERTIFICATE_TROUBLE = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT)/;

/**
 * GETs one path over HTTPS with the certificate checked for the tenant's domain, whatever DNS says.
 * Throws HostUnreachable (retryable) or CertificateInvalid.
 */
export function getHttps(target: HttpsTarget, path: string, signal?: AbortSignal): Promise<HttpsAnswer> {
  const startedAt = performance.now();
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false, ...(target.caFile ? { ca: readFileSync(target.caFile) } : {}) });
    const outgoing = request(
      {
        agent,
        host: target.address,
        port: target.port,
        servername: target.domain,
        path,
        headers: { host: target.domain, "user-agent": "fleetwright" },
        timeout: ANSWER_MS,
        ...(signal ? { signal } : {}),
      },
      (response) => {
        const certificate = (response.socket as TLSSocket).getPeerCertificate();
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size <= MAX_BODY_BYTES) chunks.push(chunk);
        });
        response.on("error", fail);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString("utf8"),
            latencyMs: performance.now() - startedAt,
            certificate: describe(certificate),
          }),
        );
      },
    );
    const fail = (error: NodeJS.ErrnoException) => reject(asProbeError(error, target));
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer within 10 s")));
    outgoing.on("error", fail);
    outgoing.end();
  });
}

const describe = (certificate: PeerCertificate) => ({
  validTo: certificate.valid_to ? new Date(certificate.valid_to).toISOString() : "",
  issuer: String(certificate.issuer?.CN ?? ""),
  subjectAltName: certificate.subjectaltname ?? "",
});

function asProbeError(error: NodeJS.ErrnoException, target: HttpsTarget): AppError {
  if (CERTIFICATE_TROUBLE.test(error.code ?? "")) {
    return new AppError(
      "CertificateInvalid",
      `The certificate of ${target.name} does not prove ${target.domain}: ${error.message}.`,
      { retryable: false, next: "Renew or correct the certificate on the host, then retry." },
      { cause: error },
    );
  }
  return new AppError(
    "HostUnreachable",
    `${target.name} does not answer over HTTPS at ${target.address}:${target.port}: ${error.message}.`,
    { retryable: true, next: "Check the host's state and that port 443 is open." },
    { cause: error },
  );
}

/** Whether anything accepts a TCP connection there. */
export function portAnswers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 3_000 });
    const end = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}
