import { checkBackupOverlap, regionZone } from "../../shared/policy/windows.ts";
import type { PolicyProfile } from "../../shared/policy/profile.ts";
import { checkResidency } from "../../shared/policy/region.ts";
import { checkRefresh, checkRestore, checkSourceVersion, checkVersionMatch } from "../../shared/policy/restore.ts";
import { allow, refuse, standingRefusals, type Verdict, withOverrides } from "../../shared/policy/verdict.ts";
import { lossesOf } from "../../shared/restore/compare.ts";
import { checkIdentity, identitySides, type IdentityFacts } from "../../shared/restore/identity.ts";
import type { RestoreOrder, RestorePlan, RestoreSource, SourceManifest } from "../../shared/restore/model.ts";
import { restoreSteps } from "../../shared/restore/steps.ts";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { DAY_MS, HOUR_MS } from "../../shared/time.ts";
import type { PlannedWork } from "./ports.ts";

/** The environment over or beside which it is restored, as it was read just before. */
export interface TargetFacts {
  readonly kind: EnvironmentKind;
  readonly name: string;
  readonly domain: string;
  readonly version: string | null;
  readonly region: string;
  readonly instanceType: string | null;
  readonly volumeGiB: number | null;
  /** Null: its host does not answer. */
  readonly host: NonNullable<IdentityFacts["host"]> | null;
  readonly manifest: SourceManifest | null;
}

export interface DecideFacts {
  readonly purpose: "restore" | "refresh";
  readonly tenantId: string;
  readonly customerZone: string;
  readonly profile: PolicyProfile;
  /** Null: a refresh that takes its own snapshot of production first. */
  readonly source: RestoreSource | null;
  /** Null: the tenant has no such environment. */
  readonly target: TargetFacts | null;
  /** Size of production's volume: what a refresh brings. */
  readonly productionGiB: number | null;
  readonly productionVersion: string | null;
  readonly residency: string | null;
  readonly images: readonly { readonly imageId: string; readonly version: string }[];
  readonly quota: { readonly limit: number; readonly used: number } | undefined;
  readonly work: readonly PlannedWork[];
  /** A case of this tenant that is open already. */
  readonly openCase: string | null;
  /** When production would be overwritten; absent: it is not yet, only restored beside. */
  readonly now: Date;
}

/** An upgrade this near makes a refresh a waste of the customer's fee. The number is the console's own choice. */
const NEAR_UPGRADE_MS = 7 * DAY_MS;
/** A restore beside is expected to be done within this. */
const EXPECTED_MS = HOUR_MS;

/** Decides about a restore: every rule's verdict, the proof of identity, what is lost, what is made. Pure. */
export function planRestore(order: Omit<RestoreOrder, "tenant" | "source">, facts: DecideFacts): RestorePlan {
  const { source, target, profile, now, purpose } = facts;
  const overwrites = order.target !== "beside";
  const onVersion = order.onVersion ?? target?.version ?? null;
  const sourceVersion = source ? (source.manifest?.version ?? source.version) : facts.productionVersion;
  const isArchive = source?.kind === "archive";
  const image = facts.images.find((one) => one.version === onVersion);
  const sourceImage = facts.images.find((one) => one.version === sourceVersion);
  const volumeGiB = Math.max(
    source?.sizeGiB ?? facts.productionGiB ?? 0,
    purpose === "refresh" ? 0 : (target?.volumeGiB ?? 0),
  );
  const identity = identityOf(order, facts);
  const versions = { sourceVersion, targetVersion: onVersion };
  const told = { sourceVersion: sourceVersion ?? "?", targetVersion: onVersion ?? "?" };

  const verdicts: Verdict[] = [
    ...(identity ? [checkIdentity(identity)] : []),
    ...sourceVerdicts(facts),
    ...(purpose === "refresh"
      ? checkRefresh(profile, {
          fee: order.papers.fee,
          target: order.target === "sandbox" ? "sandbox" : "test",
          neededGiB: volumeGiB,
          targetGiB: target?.volumeGiB ?? null,
          lastChangeAt: target?.manifest?.newestTransactionAt ?? null,
        }).concat(isArchive ? [checkVersionMatch(profile, { ...told, exported: true })] : [])
      : checkRestore(profile, {
          ...{ reason: order.reason, ...order.papers },
          // Beside it overwrites nothing yet: the hours are asked again for the swap, which does.
          overwritesProduction: order.target === "production",
          freshSnapshot: true,
          startsAt: now,
          customerZone: facts.customerZone,
          ...told,
          exported: isArchive,
        })),
    ...(isArchive ? [] : [checkSourceVersion(profile, { ...versions, hasImage: sourceImage !== undefined })]),
    checkResidency(profile, facts.residency, target?.region ?? source?.region ?? ""),
    ...workVerdicts(order, facts),
    quotaVerdict(facts),
    ...(image ? [] : [noImage(onVersion, target?.region ?? "")]),
    ...(facts.openCase
      ? [
          refuse({ rule: "source", source: "docs/how-it-works.md" }, "Another restore of this tenant is open.", {
            facts: { case: "source.open", found: facts.openCase },
          }),
        ]
      : []),
  ];
  const decided = withOverrides(verdicts, order.overrides);
  const remedied = decided.some((one) => !one.allowed && one.rule === "R71") && sourceImage && sourceVersion;
  return {
    verdicts: decided,
    allowed: standingRefusals(decided).length === 0,
    source,
    target: overwrites && target ? { name: target.name, domain: target.domain, version: target.version } : null,
    identity: identity ? identitySides(identity) : [],
    losses: overwrites && target?.manifest ? lossesOf(target.manifest, source?.manifest ?? null) : null,
    remedy: remedied ? { target: "beside", onVersion: sourceVersion, imageId: sourceImage.imageId } : null,
    resources: [
      `${volumeGiB} GiB gp3, encrypted`,
      `${target?.instanceType ?? "?"}, ${image?.imageId ?? "no image"}`,
      "SSH and HTTPS from allowed networks only",
    ],
    steps: restoreSteps(purpose, isArchive),
    volumeGiB: volumeGiB || null,
    keptUntil: new Date(now.getTime() + order.keepDays * DAY_MS),
  };
}

/** Null for a refresh whose copy is still to be taken: it is proven when it is there. */
function identityOf(order: Pick<RestoreOrder, "target">, facts: DecideFacts): IdentityFacts | null {
  const { source, target } = facts;
  if (!source) return null;
  const { manifest } = source;
  return {
    tenantId: facts.tenantId,
    tags: { tenantId: source.tenantId, systemIdentifier: source.systemIdentifier },
    data: manifest && {
      tenantId: manifest.tenantId,
      systemIdentifier: manifest.systemIdentifier,
      licence: manifest.licenceFingerprint,
    },
    ...(order.target === "beside" ? {} : { host: target?.host ?? null }),
    sameEnvironment: source.environment === order.target,
  };
}

function sourceVerdicts({ source, target }: DecideFacts): Verdict[] {
  const clause = { rule: "source", source: "docs/how-it-works.md" };
  const verdicts: Verdict[] = [];
  if (!target)
    verdicts.push(refuse(clause, "The tenant has no such environment.", { facts: { case: "source.noTarget" } }));
  if (!source) return verdicts;
  if (!source.isComplete)
    verdicts.push(
      refuse(clause, "The copy is not complete: a restore would read holes.", { facts: { case: "source.partial" } }),
    );
  if (target && source.region !== target.region && source.kind !== "archive")
    verdicts.push(
      allow(clause, `The copy is in ${source.region}: it is copied to ${target.region} first.`, {
        facts: { case: "source.region", region: source.region, target: target.region },
      }),
    );
  if (source.grade && source.grade !== "quiesced")
    verdicts.push(
      allow(clause, `The copy is of the grade ${source.grade}: the database recovers it as after a power cut.`, {
        facts: { case: "source.grade", grade: source.grade },
      }),
    );
  if (verdicts.length === 0)
    verdicts.push(allow(clause, "The copy is complete and where it is needed.", { facts: { case: "source.whole" } }));
  return verdicts;
}

function workVerdicts(order: Pick<RestoreOrder, "target">, facts: DecideFacts): Verdict[] {
  const { target, profile, now } = facts;
  if (!target || order.target === "beside") return [];
  const expected = { startsAt: now, endsAt: new Date(now.getTime() + EXPECTED_MS) };
  const clause = { rule: "overlap", source: "docs/how-it-works.md" };
  const upgrade = facts.work.find(
    ({ kind, environment, startsAt, endsAt }) =>
      (kind === "application" || kind === "major") &&
      (environment === target.kind || environment === "production") &&
      endsAt > now &&
      startsAt.getTime() - now.getTime() < NEAR_UPGRADE_MS,
  );
  const zone = regionZone(target.region);
  return [
    ...(facts.purpose === "refresh" && upgrade
      ? [
          refuse(clause, `An upgrade is planned for ${upgrade.startsAt.toISOString()}: refresh after it.`, {
            facts: { case: "overlap.upgrade", title: upgrade.title, startsAt: upgrade.startsAt.toISOString() },
            earliest: upgrade.endsAt.toISOString(),
            overridable: true,
          }),
        ]
      : []),
    ...(zone ? [checkBackupOverlap(profile, zone, expected)] : []),
  ];
}

function quotaVerdict({ quota }: DecideFacts): Verdict {
  const clause = { rule: "quota", source: "AWS" };
  if (!quota) return allow(clause, "The account's limit was not read.", { facts: { case: "source.quotaUnread" } });
  const facts = { used: quota.used, limit: quota.limit };
  return quota.used < quota.limit
    ? allow(clause, `${quota.used} of ${quota.limit} instances are used.`, {
        facts: { case: "source.quota", ...facts },
      })
    : refuse(clause, `All ${quota.limit} instances of the account's limit are used: nothing fits beside.`, {
        facts: { case: "source.quotaFull", ...facts },
      });
}

function noImage(version: string | null, region: string): Verdict {
  return refuse(
    { rule: "R18", source: "OB:60" },
    `No image of ${version ?? "an unknown version"} exists in ${region}.`,
    {
      facts: { case: "source.noImage", version: version ?? "–", region },
    },
  );
}
