import type { Edition } from "../tenant/model.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";
import { compareVersions } from "./version-support.ts";

/** Says whether the service is sold with this edition (R76; R112 for the private cloud as a licence of its own). */
export function checkEdition(profile: PolicyProfile, edition: Edition): Verdict {
  const { editions } = profile;
  const sold = editions.sold.map((one) => one.edition);
  if (!sold.includes(edition))
    return refuse(
      editions,
      `${profile.name} is not sold with the edition "${edition}", only with ${sold.join(", ")}.`,
      {
        facts: { case: "edition.unsold", service: profile.name, edition, sold: sold.join(", ") },
      },
    );
  if (edition === "enterprise-private-cloud")
    return allow({ rule: "R112", source: "AC:6,9" }, "The private cloud is a licence model of its own.", {
      facts: { case: "edition.privateCloud" },
    });
  return allow(editions, `${profile.name} is sold with the edition "${edition}".`, {
    facts: { case: "edition.sold", service: profile.name, edition },
  });
}

/**
 * Says whether the licence reaches the edition's minimum of concurrent users and POS terminals (R77) and stays within
 * the maximum, where a profile has one (R78: Openbravo has none).
 */
export function checkLicence(
  profile: PolicyProfile,
  licence: { readonly edition: Edition; readonly users: number; readonly posTerminals: number },
): Verdict {
  const { editions } = profile;
  const { edition, users, posTerminals } = licence;
  const entry = editions.sold.find((one) => one.edition === edition);
  if (!entry)
    return { ...checkEdition(profile, edition), rule: editions.licence.rule, source: editions.licence.source };

  const { minimumUsers, minimumPosTerminals } = entry;
  const figures = {
    service: profile.name,
    edition,
    users,
    posTerminals,
    minimumUsers: minimumUsers ?? null,
    minimumPosTerminals: minimumPosTerminals ?? null,
  };
  const missing = [
    ...(minimumUsers !== undefined && users < minimumUsers ? [`${users} of at least ${minimumUsers} users`] : []),
    ...(minimumPosTerminals !== undefined && posTerminals < minimumPosTerminals
      ? [`${posTerminals} of at least ${minimumPosTerminals} POS terminals`]
      : []),
  ];
  if (missing.length > 0)
    return refuse(editions.licence, `The licence is below the minimum of ${edition}: ${missing.join(", ")}.`, {
      facts: { case: "licence.below", ...figures },
    });

  const { maximumUsers, maximumPosTerminals } = editions;
  if (users > (maximumUsers ?? Infinity) || posTerminals > (maximumPosTerminals ?? Infinity))
    return refuse({ rule: "R78", source: "OB:242" }, `The licence is above the maximum of ${profile.name}.`, {
      facts: { case: "licence.above", ...figures },
    });
  const isFree = minimumUsers === undefined && minimumPosTerminals === undefined;
  const sentence = isFree
    ? `${profile.name} asks for no minimum of users: the tier follows the load.`
    : `${users} users and ${posTerminals} POS terminals reach the minimum of ${edition}.`;
  return allow(editions.licence, sentence, {
    facts: { case: isFree ? "licence.noMinimum" : "licence.reached", ...figures },
  });
}

/** Says whether a customer may migrate in with the version it runs (R92); older ones upgrade first. */
export function checkMigration(profile: PolicyProfile, edition: Edition, version: string): Verdict {
  const clause = profile.editions.migration ?? { rule: "R92", source: "OB:172" };
  const edge = profile.editions.sold.find((one) => one.edition === edition)?.migrationFrom;
  if (edge === undefined)
    return allow(clause, `${profile.name} names no oldest version for migrations.`, {
      facts: { case: "migration.any", service: profile.name },
    });
  const order = compareVersions(version, edge);
  const facts = { version, oldest: edge };
  if (order === undefined)
    return refuse(clause, `"${version}" cannot be compared with ${edge}; write it as on the release.`, {
      facts: { case: "migration.unknown", ...facts },
    });
  return order >= 0
    ? allow(clause, `${version} may migrate in: ${edge} or newer is asked for.`, {
        facts: { case: "migration.allowed", ...facts },
      })
    : refuse(clause, `${version} is older than ${edge}: upgrade first.`, {
        facts: { case: "migration.tooOld", ...facts },
      });
}
