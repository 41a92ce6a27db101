import { allow, refuse, type Verdict } from "../policy/verdict.ts";
import type { IdentitySide } from "./model.ts";

/** The console's own rule: no contract line names it. */
const CLAUSE = { rule: "identity", source: "docs/security.md" };

export interface IdentityFacts {
  /** The tenant that was asked for. */
  readonly tenantId: string;
  /** Tags of the copy. */
  readonly tags: { readonly tenantId: string | null; readonly systemIdentifier: string | null };
  /** What the data says of itself: the manifest of the copy, later the restored volume. */
  readonly data: {
    readonly tenantId: string;
    readonly systemIdentifier: string;
    readonly licence: string | null;
  } | null;
  /** The host that would serve it. Null: it does not answer. Absent: nothing is overwritten, no host is asked. */
  readonly host?: {
    readonly tenantId: string | null;
    readonly licence: { readonly installed: boolean; readonly valid: boolean; readonly fingerprint: string | null };
  } | null;
  /** The copy is of the environment that it goes back to: then the licence must be the same one. */
  readonly sameEnvironment: boolean;
}

export function identitySides(facts: IdentityFacts): IdentitySide[] {
  const { tags, data, host } = facts;
  return [
    { side: "tags", ...tags, licence: null },
    {
      side: "data",
      tenantId: data?.tenantId ?? null,
      systemIdentifier: data?.systemIdentifier ?? null,
      licence: data?.licence ?? null,
    },
    ...(host === undefined
      ? []
      : [
          {
            side: "host" as const,
            tenantId: host?.tenantId ?? null,
            systemIdentifier: null,
            licence: host?.licence.fingerprint ?? null,
          },
        ]),
  ];
}

/**
 * Says whether tags, data and host are one tenant's, the one that was asked for.
 *
 * Every disagreement and every silence refuses, and nobody can override it: a restore into the wrong tenant is the one
 * mistake that nothing mends.
 */
export function checkIdentity(facts: IdentityFacts): Verdict {
  const { tenantId, tags, data, host } = facts;
  const no = (name: string, sentence: string, more: Verdict["facts"] = {}) =>
    refuse(CLAUSE, sentence, { facts: { case: `identity.${name}`, ...more } });

  if (!tags.tenantId) return no("untagged", "The copy's tags name no tenant.");
  if (tags.tenantId !== tenantId)
    return no("tags", `The copy's tags name the tenant ${tags.tenantId}, not this one.`, { found: tags.tenantId });
  if (!data) return no("noManifest", "No manifest was taken with the copy: what its data says of itself is not known.");
  if (data.tenantId !== tenantId)
    return no("data", `The copy's data is that of the tenant ${data.tenantId}, not this one's.`, {
      found: data.tenantId,
    });
  if (!data.systemIdentifier) return no("noSystem", "The copy's data names no database system.");
  if (tags.systemIdentifier && tags.systemIdentifier !== data.systemIdentifier)
    return no(
      "system",
      `The copy's tags name the database ${tags.systemIdentifier}, its data ${data.systemIdentifier}.`,
      {
        tagged: tags.systemIdentifier,
        found: data.systemIdentifier,
      },
    );
  if (host === undefined)
    return allow(CLAUSE, "Tags and data name this tenant; no host is overwritten.", {
      facts: { case: "identity.two" },
    });
  if (!host) return no("silent", "The target's host does not answer: whose it is cannot be proven.");
  if (host.tenantId !== tenantId)
    return no("host", `The target's host serves ${host.tenantId ?? "no tenant"}, not this one.`, {
      found: host.tenantId ?? "–",
    });
  if (!host.licence.installed || !host.licence.fingerprint)
    return no("noLicence", "The target's host has no licence: whose it is cannot be proven.");
  if (!host.licence.valid) return no("licence", "The licence on the target's host is not this tenant's.");
  if (facts.sameEnvironment && data.licence !== host.licence.fingerprint)
    return no(
      "otherLicence",
      `The copy was made under the licence ${data.licence ?? "of nobody"}, the host has ${host.licence.fingerprint}.`,
      { copied: data.licence ?? "–", now: host.licence.fingerprint },
    );
  return allow(CLAUSE, "Tags, data and the host's licence name this tenant.", { facts: { case: "identity.three" } });
}
