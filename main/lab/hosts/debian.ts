import { constants } from "node:fs";
import { access, readdir } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../../../shared/errors.ts";
import type { PostgresBinaries } from "./postgres/binaries.ts";

/** Programs of Debian (or Ubuntu) that hosts are made of instead of the built-in ones. */
export interface DebianParts {
  readonly postgres: PostgresBinaries;
  readonly sshd: string;
  readonly sftpServer: string;
  /** Library that gives sshd a list of accounts of the host's own, with `ubuntu` in it. */
  readonly accounts: string;
}

const POSTGRES = "/usr/lib/postgresql";
const LIBRARIES = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];

/** Throws AppError LabUnavailable, naming the packages that are missing. */
export async function findDebianParts(): Promise<DebianParts> {
  const versions = (await readdir(POSTGRES).catch(() => []))
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(b) - Number(a));
  const [postgres, sshd, sftpServer, accounts] = await Promise.all([
    firstOf(
      versions.map((version) => path.join(POSTGRES, version, "bin", "postgres")),
      constants.X_OK,
    ),
    firstOf(["/usr/sbin/sshd"], constants.X_OK),
    firstOf(["/usr/lib/openssh/sftp-server"], constants.X_OK),
    firstOf(
      LIBRARIES.map((folder) => path.join(folder, "libnss_wrapper.so")),
      constants.R_OK,
    ),
  ]);
  if (postgres && sshd && sftpServer && accounts) {
    const environment = { TZ: "UTC", LC_ALL: "C.UTF-8", PATH: "/usr/local/bin:/usr/bin:/bin" };
    const initdb = path.join(path.dirname(postgres), "initdb");
    return { postgres: { initdb, postgres, environment }, sshd, sftpServer, accounts };
  }
  const missing = [
    ...(postgres ? [] : ["postgresql"]),
    ...(sshd && sftpServer ? [] : ["openssh-server"]),
    ...(accounts ? [] : ["libnss-wrapper"]),
  ];
  throw new AppError(
    "LabUnavailable",
    `The lab's hosts are to be made of Debian's own parts, of which some are missing: ${missing.join(", ")}.`,
    { retryable: true, next: `Install them (apt-get install ${missing.join(" ")}), or use the built-in machines.` },
  );
}

async function firstOf(files: readonly string[], mode: number): Promise<string | undefined> {
  for (const file of files) {
    const there = await access(file, mode).then(
      () => true,
      () => false,
    );
    if (there) return file;
  }
  return undefined;
}
