// Adds the packages of other platforms to package-lock.json that npm left out because its registry does not serve them.
// `npm ci` refuses a lock file without them, on every platform. Run it after every `npm install`; it changes nothing
// when nothing is missing.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = "package-lock.json";
const SYSTEMS = {
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  openharmony: "openharmony",
  win32: "win32",
};
const PROCESSORS = ["arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

const lock = JSON.parse(readFileSync(FILE, "utf8"));
const { packages } = lock;
const added = [];
for (const [place, parent] of Object.entries(packages)) {
  if (!place) continue;
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    const platform = platformOf(name);
    if (packages[path] || packages[`${place}/${path}`] || !platform || !/^\d/.test(version)) continue;
    packages[path] = { version, ...platform, ...(parent.dev && { dev: true }), optional: true };
    added.push(`${name}@${version}`);
  }
}
if (added.length > 0) {
  const root = packages[""];
  delete packages[""];
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en"));
  lock.packages = { "": root, ...Object.fromEntries(sorted) };
  writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(added.length === 0 ? `${FILE} is complete.` : `${FILE}: added ${added.join(", ")}.`);

/** What a package's name says of its platform; undefined when it says nothing. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.find((word) => SYSTEMS[word]);
  const cpu = words.findLast((word) => PROCESSORS.includes(word));
  if (!os || !cpu) return undefined;
  const libc = words.some((word) => word.startsWith("musl")) ? "musl" : words.includes("gnu") ? "glibc" : undefined;
  return { os: [SYSTEMS[os]], cpu: [cpu], ...(libc && { libc: [libc] }) };
}
