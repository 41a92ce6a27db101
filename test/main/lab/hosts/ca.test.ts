import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type IssuedCertificate, type LabCa, openCa } from "../../../../main/lab/hosts/ca.ts";

const runFile = promisify(execFile);
let folder: string;
let ca: LabCa;
let issued: IssuedCertificate;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "fw-ca-"));
  ca = await openCa(folder);
  issued = await ca.issue({ names: ["acme.cloud.openbravo.com", "localhost"], ips: ["127.0.0.1"], days: 30 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a certificate names its hosts, is a server's only, and was signed by the authority", async () => {
  const [leaf, authority] = issued.certificate
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((part) => part.trim())
    .map((pem) => new X509Certificate(pem));
  if (!leaf || !authority) throw new Error("no chain");
  expect(leaf.subjectAltName).toBe("DNS:acme.cloud.openbravo.com, DNS:localhost, IP Address:127.0.0.1");
  expect([leaf.ca, authority.ca]).toEqual([false, true]);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(authority.raw.equals(new X509Certificate(await readFile(ca.certificateFile)).raw)).toBe(true);
  expect((await stat(path.join(folder, "ca.key"))).mode & 0o777).toBe(0o600);
});

test("openssl accepts the chain in its strict mode", async () => {
  const file = path.join(folder, "leaf.crt");
  await writeFile(file, issued.certificate);
  const { stdout } = await runFile("openssl", [
    "verify",
    "-x509_strict",
    "-purpose",
    "sslserver",
    "-CAfile",
    ca.certificateFile,
    file,
  ]);
  expect(stdout).toContain("OK");
});

test("Node and curl accept the server, by name and by address, and refuse another name", async () => {
  const server = createServer({ cert: issued.certificate, key: issued.key }, (_, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const authority = await readFile(ca.certificateFile);
  const get = (servername: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const call = request({ host: "127.0.0.1", port, servername, ca: authority, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on("error", reject).end();
    });
  expect(await get("acme.cloud.openbravo.com")).toBe(200);
  await expect(get("other.cloud.openbravo.com")).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  const { stdout } = await runFile("curl", ["-sS", "--cacert", ca.certificateFile, `https://127.0.0.1:${port}/`]);
  expect(stdout).toBe("hello");
  await new Promise((resolve) => server.close(resolve));
});

test("the authority is the same when opened again, and new in a new folder", async () => {
  const again = await openCa(folder);
  const other = await openCa(path.join(folder, "other"));
  const read = async (which: LabCa) => (await readFile(which.certificateFile)).toString();
  const text = await read(ca);
  expect(await read(again)).toBe(text);
  expect(await read(other)).not.toBe(text);
  const leaf = new X509Certificate((await again.issue({ names: ["x.test"], ips: [], days: 1 })).certificate);
  expect(leaf.verify(new X509Certificate(text).publicKey)).toBe(true);
});
