// What the tests need from the operating system, and how to get it on Debian and Ubuntu.

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PLACES = [...(process.env.PATH ?? "").split(path.delimiter), "/usr/local/sbin", "/usr/sbin", "/sbin"];

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const hasProgram = (name) => PLACES.some((place) => isProgram(path.join(place, name)));

function hasLibraries(...names) {
  const known = spawnSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).stdout ?? "";
  return names.every((name) => known.includes(`${name} `));
}

/** Server programs of Debian's PostgreSQL, which are not in the PATH. */
function hasPostgres() {
  const versions = "/usr/lib/postgresql";
  return existsSync(versions) && readdirSync(versions).some((one) => isProgram(`${versions}/${one}/bin/postgres`));
}

const hasBoto3 = () => spawnSync("/usr/bin/python3", ["-c", "import boto3"]).status === 0;

/** Parts by name: how to see that one is there, and the packages that bring it. */
export const PARTS = {
  chromium: { present: () => isProgram("/usr/bin/chromium"), packages: ["chromium", "fonts-dejavu-core"] },
  display: {
    present: () => ["Xvfb", "xvfb-run", "xauth", "unzip"].every(hasProgram),
    packages: ["xvfb", "xauth", "unzip"],
  },
  gtk: {
    present: () => hasLibraries("libgtk-3.so.0", "libnss3.so", "libgbm.so.1", "libasound.so.2"),
    packages: ["libgtk-3-0", "libnss3", "libgbm1", "libasound2"],
  },
  ssh: { present: () => ["sshd", "ssh", "sftp"].every(hasProgram), packages: ["openssh-server", "openssh-client"] },
  // Gives the sshd of the lab's Debian machines an account "ubuntu".
  accounts: { present: () => hasLibraries("libnss_wrapper.so"), packages: ["libnss-wrapper"] },
  "screen-programs": { present: () => ["vi", "tmux", "htop"].every(hasProgram), packages: ["vim", "tmux", "htop"] },
  postgresql: { present: hasPostgres, packages: ["postgresql"] },
  "aws-cli": { present: () => isProgram("/usr/bin/aws"), packages: ["awscli"] },
  pgbackrest: { present: () => hasProgram("pgbackrest"), packages: ["pgbackrest"] },
  boto3: { present: hasBoto3, packages: ["python3-boto3"] },
  curl: { present: () => hasProgram("curl"), packages: ["curl"] },
  openssl: { present: () => hasProgram("openssl"), packages: ["openssl"] },
  shellcheck: { present: () => hasProgram("shellcheck"), packages: ["shellcheck"] },
};

export const absentParts = (names) => names.filter((name) => !PARTS[name].present());

/** The command that apt is run with, or why there is none. */
function aptCommand() {
  if (!hasProgram("apt-get")) return { why: "this system has no apt-get" };
  if (process.getuid?.() === 0) return { command: [] };
  const mayUseSudo = hasProgram("sudo") && spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0;
  return mayUseSudo ? { command: ["sudo", "-n"] } : { why: "neither root nor sudo without a password" };
}

/**
 * Installs what is absent of the named parts, where it may, and says what it does.
 *
 * Gives the parts that are still absent; never throws.
 */
export function installParts(names) {
  const absent = absentParts(names);
  if (absent.length === 0) return [];
  const packages = absent.flatMap((name) => PARTS[name].packages);
  const { command, why } = aptCommand();
  if (!command) {
    console.log(`Not installed because of ${why}: ${packages.join(" ")}`);
    return absent;
  }
  console.log(`Installing through apt: ${packages.join(" ")}`);
  const apt = (...args) => {
    const [program, ...rest] = [...command, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...args];
    return spawnSync(program, rest, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
  };
  const install = (wanted) => apt("install", "-y", "--no-install-recommends", ...wanted);
  apt("update");
  if (!install(packages)) for (const name of absent) install(PARTS[name].packages); // one bad name spoils them all
  return absentParts(names);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const absent = installParts(Object.keys(PARTS));
  console.log(absent.length === 0 ? "Every part is there." : `Still absent: ${absent.join(", ")}`);
  process.exitCode = absent.length === 0 ? 0 : 1;
}
