import type { PolicyProfile } from "../policy/profile.ts";
import type { Clause } from "../policy/verdict.ts";
import { checkVersion } from "../policy/version-support.ts";
import type { Service } from "../tenant/model.ts";
import { because, ofVerdict } from "./clocks.ts";
import type { TermsTenant } from "./facts.ts";
import type { Entitlement, EntitlementId, TermsException } from "./model.ts";

type Draft = Omit<Entitlement, "exceptionId">;

/** What the service includes for production, by the line that says so (R1, R4 to R7, R100). */
const INCLUDED: Readonly<Record<Service, readonly (Clause & { readonly ids: readonly EntitlementId[] })[]>> = {
  openbravo: [
    { rule: "R1", source: "OB:15,35", ids: ["dedicatedHost"] },
    { rule: "R4", source: "OB:38", ids: ["httpsOnly"] },
    { rule: "R5", source: "OB:39,52", ids: ["keyOnlySsh"] },
    { rule: "R6", source: "OB:40,41,42", ids: ["monitoring", "backups", "stackUpdates", "serverAccess"] },
    { rule: "R7", source: "OB:43", ids: ["sla"] },
  ],
  acumatica: [
    {
      rule: "R100",
      source: "AC:6",
      ids: [
        ...(["disasterRecovery", "backups", "access247", "highAvailability"] as const),
        ...(["monitoring", "stackUpdates", "sla"] as const),
      ],
    },
  ],
};

/** What an unprotected environment does not have (R9, R28). */
const UNPROTECTED: readonly EntitlementId[] = ["monitoring", "backups", "sla"];

/**
 * What one contract promises, per environment and as a whole, each with its rule (R6, R9, R100).
 *
 * `profile` carries what was entered from the signed contract; `releases` are the product's, oldest first.
 */
export function entitlementsOf(
  tenant: TermsTenant,
  profile: PolicyProfile,
  exceptions: readonly TermsException[],
  releases: readonly string[],
): Entitlement[] {
  const inForce = exceptions.filter(({ standing }) => standing === "in-force");
  return [
    ...tenant.environments.flatMap((environment) => ofEnvironment(environment, profile, releases)),
    ...ofContract(profile),
  ].map((one) => ({ ...one, exceptionId: inForce.find(({ rule }) => rule === one.rule)?.id ?? null }));
}

function ofEnvironment(
  { kind, version }: TermsTenant["environments"][number],
  profile: PolicyProfile,
  releases: readonly string[],
): Draft[] {
  const contract = profile.environments.find((one) => one.kind === kind);
  const drafts: Draft[] = [];
  const add = (id: EntitlementId, standing: Draft["standing"], why: ReturnType<typeof because>) =>
    drafts.push({ id, environment: kind, standing, fromContract: false, ...why });

  if (contract?.unprotected) {
    const { protectedOnly } = profile.sla;
    for (const id of UNPROTECTED)
      add(id, "not-promised", because(protectedOnly, "A test environment is unprotected by contract."));
  } else {
    for (const { ids, ...clause } of INCLUDED[profile.service])
      for (const id of ids) add(id, "promised", because(clause, "Included in the service."));
  }
  if (contract?.scalable)
    add("scaling", "promised", because({ rule: "R2", source: "OB:36" }, "Production is scaled with its measured use."));
  if (contract?.maximumPercentOfProduction !== undefined)
    add(
      "size",
      "promised",
      because(contract, `At most ${contract.maximumPercentOfProduction} % of production.`, {
        percent: contract.maximumPercentOfProduction,
      }),
    );
  if (version !== null) {
    const verdict = checkVersion(profile, version, releases);
    add("version", verdict.allowed ? "promised" : "not-promised", ofVerdict(verdict));
  }
  return drafts;
}

function ofContract(profile: PolicyProfile): Draft[] {
  const { backups, disaster, versions, counters, term, fromContract } = profile;
  const drafts: Draft[] = [];
  const add = (
    id: EntitlementId,
    clause: Parameters<typeof because>[0],
    value: Record<string, string | number> | undefined,
    reason: string,
    how: { readonly fromContract?: boolean; readonly without?: Draft["standing"] } = {},
  ) =>
    drafts.push({
      ...{ id, environment: null, standing: value ? "promised" : (how.without ?? "not-promised") },
      ...{ fromContract: how.fromContract === true && value !== undefined },
      ...because(clause, value ? reason : "The text names no number.", value),
    });
  const number = (name: string, value: number | undefined) => (value === undefined ? undefined : { [name]: value });

  const tiers = fromContract.retentionTiers?.map(({ name, keepDays }) => `${name} ${keepDays}`).join(", ");
  const { keepDays, copiesPerDay } = backups.nightly;
  add("backupKept", backups.nightly, number("days", keepDays), `${copiesPerDay} a day, kept for ${keepDays} days.`, {
    without: tiers ? "promised" : "open",
  });
  if (backups.tiers || tiers)
    add("tiers", backups.tiers ?? backups.nightly, tiers ? { tiers } : undefined, `Kept in days: ${tiers}.`, {
      ...{ fromContract: true, without: "open" },
    });
  const { places } = backups.copies;
  add("backupPlaces", backups.copies, { places }, `Each copy stands in ${places} places.`);
  if (backups.pointInTime)
    drafts.push({
      ...{ id: "latestOnly", environment: null, standing: "promised", fromContract: false },
      ...because(backups.pointInTime, "Only the latest state can be recovered."),
    });
  if (backups.access) {
    const { rollingDays: days } = backups.access;
    add("backupAccess", backups.access, { days }, `Where purchased, the copies of the last ${days} days.`);
  }
  const { uptimePercent } = fromContract;
  add("uptime", profile.sla.target, number("percent", uptimePercent), `${uptimePercent} % a month.`, {
    ...{ fromContract: true, without: "open" },
  });
  const { recoveryTime, recoveryPoint } = disaster;
  add("recoveryTime", recoveryTime, number("hours", recoveryTime.hours), `${recoveryTime.hours} h from declaration.`);
  add("recoveryPoint", recoveryPoint, number("hours", recoveryPoint.hours), `${recoveryPoint.hours} h from onset.`);
  const { certificate } = profile.domain;
  const days = certificate.watchDays.join(", ");
  add("certificateWatch", certificate, { days }, `Watched ${days} days before the end.`);
  const { train } = versions;
  if (train)
    add(
      "updates",
      train,
      { updateMonths: train.updateMonths, upgradeMonths: train.upgradeMonths },
      `Updates every ${train.updateMonths}, upgrades every ${train.upgradeMonths} months.`,
    );
  if (counters.major) {
    const { perCalendarYear: perYear, maximumHours: hours } = counters.major;
    add("majorChanges", counters.major, { perYear, hours }, `At most ${perYear} a year, ${hours} h each.`);
  }
  if (counters.weekly) {
    const { averageMinutes: minutes, weeks } = counters.weekly;
    add("weeklyMinutes", counters.weekly, { minutes, weeks }, `${minutes} minutes a week over ${weeks} weeks.`);
  }
  const { security } = profile.incidents;
  if (security)
    add("securityAnswer", security, { hours: security.answerHours }, `Answered in ${security.answerHours} h.`);
  add("noticeDays", term.upgrade, { days: term.noticeDays }, `${term.noticeDays} days of written notice.`);
  add("minimumTerm", term, { months: term.minimumMonths }, `${term.minimumMonths} months at least.`);
  drafts.push({
    ...{ id: "export", environment: null, standing: "promised", fromContract: false },
    ...because(
      profile.service === "openbravo" ? { rule: "R91", source: "OB:276" } : profile.restores.targets,
      "The customer's data can leave the service.",
    ),
  });
  return drafts;
}
