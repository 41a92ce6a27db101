import type { VersionSupport } from "../tenant/model.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";

/**
 * Orders two versions of one product: negative, 0 or positive; undefined when they cannot be compared.
 *
 * Reads the numbers and leaves the letters: PR24Q2 < PR24Q2.1 < RR24Q3; "2024 R2" < "2025 R1"; 24.209 < 24.210.
 */
export function compareVersions(left: string, right: string): number | undefined {
  const [a, b] = [numbersOf(left), numbersOf(right)];
  if (a.length === 0 || b.length === 0) return undefined;
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): number[] {
  const quarter = /(\d{2})Q([1-4])(?:\.(\d{1,9}))?/i.exec(version);
  if (quarter) return [Number(quarter[1]), Number(quarter[2]), Number(quarter[3] ?? 0)];
  return (version.slice(0, 80).match(/\d{1,9}/g) ?? []).map(Number);
}

/**
 * How long a version stays in support (R42).
 *
 * `releases`: the product's confirmed-stable releases, oldest first; their order decides, their names are compared only
 * for a version that is not among them (a fix of a release counts as that release or newer). Without a number of
 * supported releases in the profile, only the newest is told apart.
 */
export function versionSupport(
  profile: PolicyProfile,
  version: string | null,
  releases: readonly string[],
): VersionSupport {
  const unknown: VersionSupport = { state: "unknown", leavesInReleases: null };
  if (version === null) return unknown;
  const newer = newerReleases(version, releases);
  if (newer === undefined) return unknown;

  const supported = profile.versions.supportedReleases ?? profile.fromContract.supportedReleases;
  if (supported === undefined) return newer === 0 ? { state: "current", leavesInReleases: null } : unknown;
  if (newer >= supported) return { state: "unsupported", leavesInReleases: null };
  const leavesInReleases = supported - 1 - newer;
  const state = newer === 0 ? "current" : leavesInReleases === 0 ? "last" : "supported";
  return { state, leavesInReleases };
}

/** How many of `releases` are newer than the version; undefined when that cannot be told. */
function newerReleases(version: string, releases: readonly string[]): number | undefined {
  if (releases.length === 0) return undefined;
  const index = releases.indexOf(version);
  if (index >= 0) return releases.length - 1 - index;
  const orders = releases.map((release) => compareVersions(release, version));
  return orders.includes(undefined) ? undefined : orders.filter((order) => order! > 0).length;
}

/**
 * Says whether a tenant may run this version (R42; R46 for a service that updates by itself).
 *
 * `releases` as in `versionSupport`. A version that cannot be placed is refused under R42, overridable.
 */
export function checkVersion(profile: PolicyProfile, version: string, releases: readonly string[]): Verdict {
  const { versions } = profile;
  const support = versionSupport(profile, version, releases);
  const newest = releases.at(-1) ?? null;
  const facts = { version, newest, state: support.state, leavesInReleases: support.leavesInReleases };
  const told = (name: string, more: Verdict["facts"] = {}) => ({ case: `version.${name}`, ...facts, ...more });
  const number = versions.supportedReleases ?? profile.fromContract.supportedReleases;

  if (number === undefined) {
    const sentence =
      support.state === "current"
        ? `${version} is the newest release.`
        : `${version} is not the newest release${newest ? ` (${newest})` : ""}; updates come by themselves.`;
    const name = support.state === "current" ? "newest" : newest ? "behind" : "unplaced";
    return allow(versions, sentence, { facts: told(name), note: versions.note });
  }
  const window = releases.slice(-number).join(", ");
  switch (support.state) {
    case "current":
      return allow(versions, `${version} is the newest release or newer.`, { facts: told("current") });
    case "supported":
      return allow(versions, `${version} leaves support in ${support.leavesInReleases} further releases.`, {
        facts: told("supported"),
      });
    case "last":
      return allow(versions, `${version} is the last supported release: the next one ends its support.`, {
        facts: told("last"),
      });
    case "unsupported":
      return refuse(versions, `${version} is older than the last ${number} releases (${window}).`, {
        facts: told("unsupported", { number, window }),
        overridable: true,
      });
    case "unknown":
      return refuse(versions, `${version} cannot be placed among the known releases${window ? ` (${window})` : ""}.`, {
        facts: window ? told("unknown", { window }) : told("noReleases"),
        overridable: true,
      });
  }
}

/** State of the vendor's fixes for a support case (R113): only supported standard versions get them. */
export function checkFixes(profile: PolicyProfile, version: string, releases: readonly string[]): Verdict {
  const { fixes } = profile.versions;
  const { state } = versionSupport(profile, version, releases);
  const name = { unsupported: "fixes.ended", unknown: "fixes.unknown" }[state as string] ?? "fixes.given";
  const facts = { case: name, version, state };
  if (state === "unsupported") return refuse(fixes, `${version} gets no fixes any more: it left support.`, { facts });
  if (state === "unknown")
    return allow(fixes, `Whether ${version} still gets fixes cannot be told.`, { facts, note: profile.versions.note });
  return allow(fixes, `${version} gets fixes.`, { facts });
}
