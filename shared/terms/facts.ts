import { AppError } from "../errors.ts";
import { addToDay, dateOf, dayIn, isZone, zonedAt } from "../policy/calendar.ts";
import { checkException, effectiveProfile } from "../policy/effective-profile.ts";
import { checkDeletion, type LifecycleFacts } from "../policy/lifecycle.ts";
import { PolicyProfile } from "../policy/profile.ts";
import { checkTermLength } from "../policy/term.ts";
import type { TrainFacts } from "../policy/update-train.ts";
import { versionSupport } from "../policy/version-support.ts";
import type { Environment, Tenant } from "../tenant/model.ts";
import { HOUR_MS } from "../time.ts";
import type { TermsEntry, TermsException, TermsFacts, TermsRecord } from "./model.ts";

/** What the contract's clocks have to know of a tenant. */
export type TermsTenant = Pick<
  Tenant,
  "id" | "slug" | "customer" | "service" | "owner" | "zone" | "isLab" | "invoiceDate" | "handOver"
> & {
  readonly environments: readonly Pick<Environment, "id" | "kind" | "region" | "version" | "state" | "unprotected">[];
};

const NOTHING: TermsFacts = {
  noticeOn: null,
  endOn: null,
  goodStanding: true,
  legalHold: false,
  isFlex: false,
  updatedOn: null,
  upgradedOn: null,
  copyRequestedOn: null,
  copyDeliveredOn: null,
  deletedOn: null,
  termMonths: null,
  uptimePercent: null,
  retentionTiers: [],
  contacts: [],
  profileId: null,
  contractNumbers: {},
};

/** What the records, oldest first, say together. */
export function factsOf(records: readonly TermsRecord[]): TermsFacts {
  return records.reduce((facts, { entry }) => withEntry(facts, entry), NOTHING);
}

function withEntry(facts: TermsFacts, entry: TermsEntry): TermsFacts {
  switch (entry.kind) {
    case "notice":
      return { ...facts, noticeOn: entry.on };
    case "end":
      // A contract that goes on leaves the notice and the copy of that end behind.
      return entry.on === null
        ? { ...facts, endOn: null, noticeOn: null, copyRequestedOn: null, copyDeliveredOn: null, deletedOn: null }
        : { ...facts, endOn: entry.on };
    case "standing":
      return { ...facts, goodStanding: entry.good };
    case "hold":
      return { ...facts, legalHold: entry.held };
    case "flex":
      return { ...facts, isFlex: entry.flex };
    case "update":
      return { ...facts, updatedOn: entry.on };
    case "upgrade":
      return { ...facts, upgradedOn: entry.on };
    case "copy-request":
      return { ...facts, copyRequestedOn: entry.on };
    case "copy-delivery":
      return { ...facts, copyDeliveredOn: entry.on };
    case "deletion":
      return { ...facts, deletedOn: entry.on };
    case "term":
      return { ...facts, termMonths: entry.months };
    case "uptime":
      return { ...facts, uptimePercent: entry.percent };
    case "tiers":
      return { ...facts, retentionTiers: entry.tiers };
    case "contacts":
      return { ...facts, contacts: entry.addresses };
    case "profile":
      return { ...facts, profileId: entry.profileId };
    case "from-contract": {
      const { [entry.name]: _before, ...others } = facts.contractNumbers;
      return { ...facts, contractNumbers: entry.value === null ? others : { ...others, [entry.name]: entry.value } };
    }
    case "exception":
    case "exception-end":
      return facts;
  }
}

/** The exceptions among the records, in the order of their first day. */
export function exceptionsOf(records: readonly TermsRecord[], today: string): TermsException[] {
  const withdrawn = new Set(
    records.flatMap(({ entry }) => (entry.kind === "exception-end" ? [entry.exceptionId] : [])),
  );
  return records
    .flatMap(({ id, entry, reason, by }) => {
      if (entry.kind !== "exception") return [];
      const { rule, document, from, until, numbers = {} } = entry; // older records have none
      const inTime = today < from ? "ahead" : today > until ? "over" : "in-force";
      const standing = withdrawn.has(id) ? "withdrawn" : inTime;
      return [{ id, rule, document, from, until, numbers, reason, by, standing } satisfies TermsException];
    })
    .toSorted((a, b) => (a.from === b.from ? 0 : a.from < b.from ? -1 : 1));
}

/** The profile's numbers with what was entered from the signed contract. */
export function profileWith(profile: PolicyProfile, facts: TermsFacts): PolicyProfile {
  const { uptimePercent, retentionTiers, contractNumbers } = facts;
  if (uptimePercent === null && retentionTiers.length === 0 && Object.keys(contractNumbers).length === 0)
    return profile;
  return {
    ...profile,
    fromContract: {
      ...profile.fromContract,
      ...(contractNumbers as Partial<PolicyProfile["fromContract"]>),
      ...(uptimePercent === null ? {} : { uptimePercent }),
      ...(retentionTiers.length === 0 ? {} : { retentionTiers: [...retentionTiers] }),
    },
  };
}

/**
 * The numbers that bind a tenant at `now`: the profile with what was entered from the signed contract and every exception
 * in force. Exceptions that no longer fit a newer profile are left out rather than refused: they were checked when they
 * were recorded, and a tenant without rules would be worse.
 */
export function bindingProfile(
  profile: PolicyProfile,
  tenant: Pick<TermsTenant, "zone">,
  records: readonly TermsRecord[],
  now: Date,
): PolicyProfile {
  if (records.length === 0) return profile;
  const own = profileWith(profile, factsOf(records));
  const today = dayIn(now, isZone(tenant.zone) ? tenant.zone : "UTC");
  const standing = exceptionsOf(records, today).filter((one) => one.standing === "in-force");
  try {
    return effectiveProfile(own, standing, today);
  } catch {
    return standing.reduce((fitting, one) => {
      try {
        return effectiveProfile(fitting, [one], today);
      } catch {
        return fitting;
      }
    }, own);
  }
}

/** First moment of a day in a zone. */
export function startOfDay(day: string, zone: string): Date {
  const noon = zonedAt(new Date(`${day}T12:00:00Z`), zone);
  return dateOf(noon.with({ ...partsOf(day) }).startOfDay());
}

const partsOf = (day: string) => {
  const [year = 0, month = 1, dayOfMonth = 1] = day.split("-").map(Number);
  return { year, month, day: dayOfMonth };
};

/** The facts in the form that the rules of the lifecycle read; `dayStart` is for callers who keep what it gave. */
export function lifecycleFactsOf(tenant: TermsTenant, facts: TermsFacts, dayStart = startOfDay): LifecycleFacts {
  const { zone, handOver, environments } = tenant;
  const at = (day: string | null) => (day === null ? null : dayStart(day, zone));
  const invoiced = dayStart(tenant.invoiceDate, zone);
  // Found in AWS without an order of this console: in use since its invoice.
  const activeAt = handOver ? handOver.handedOverAt : invoiced;
  const known = [invoiced, ...(handOver ? [handOver.orderedAt] : []), ...(activeAt ? [activeAt] : [])];
  const orderedAt = new Date(Math.min(...known.map((one) => one.getTime())));
  return {
    orderedAt,
    provisioningAt: environments.length > 0 ? orderedAt : null,
    activeAt,
    noticeAt: at(facts.noticeOn),
    endsAt: at(facts.endOn),
    copyRequestedAt: at(facts.copyRequestedOn),
    copyDeliveredAt: at(facts.copyDeliveredOn),
    goodStanding: facts.goodStanding,
    legalHold: facts.legalHold,
    deletedAt: at(facts.deletedOn),
    zone,
  };
}

/**
 * The facts in the form that the train of updates reads. A tenant begins with the newest release of its day; an upgrade
 * brings the newest update along. `isNewest` says so of production's version, where that is known.
 */
export function trainFactsOf(tenant: TermsTenant, facts: TermsFacts, isNewest: boolean): TrainFacts {
  const { handOver, invoiceDate, zone } = tenant;
  const startOn = handOver?.handedOverAt ? dayIn(handOver.handedOverAt, zone) : invoiceDate;
  const lastUpgradeOn = facts.upgradedOn ?? startOn;
  const { updatedOn, isFlex } = facts;
  return {
    ...{ lastUpgradeOn, isFlex, isNewest },
    lastUpdateOn: updatedOn !== null && updatedOn > lastUpgradeOn ? updatedOn : lastUpgradeOn,
  };
}

/** Whether production runs the newest of the product's releases; what cannot be told counts as newest: nothing is due. */
export function runsNewest(tenant: TermsTenant, releases: readonly string[], profile: PolicyProfile): boolean {
  const version = tenant.environments.find(({ kind }) => kind === "production")?.version ?? null;
  if (version === null || releases.length === 0) return true;
  return releases.includes(version)
    ? version === releases.at(-1)
    : versionSupport(profile, version, releases).state === "current";
}

/** Clocks of two machines differ by less than this. */
const CLOCK_TOLERANCE_MS = HOUR_MS;

/**
 * Refuses an entry that contradicts what is known, by name and with nothing changed.
 *
 * `profile` is the one that binds the tenant without its exceptions. A recorded day has happened, except the end, which may lie ahead. Throws AppError InvalidInput, Conflict for an
 * exception that overlaps another one of its rule, RefusedByRule for a term below the contract's minimum.
 */
export function checkEntry(
  tenant: TermsTenant,
  profile: PolicyProfile,
  records: readonly TermsRecord[],
  entry: TermsEntry,
  now: Date,
): void {
  const today = dayIn(now, tenant.zone);
  const facts = factsOf(records);
  const { slug, invoiceDate } = tenant;
  const refuse = (message: string, next: string): never => {
    throw new AppError("InvalidInput", `${slug}: ${message} Nothing was recorded.`, {
      retryable: false,
      tenant: slug,
      next,
    });
  };
  const newest = records.at(-1);
  if (newest && newest.at.getTime() - now.getTime() > CLOCK_TOLERANCE_MS)
    refuse(
      `the clock of this machine (${now.toISOString()}) stands before the newest record (${newest.at.toISOString()}).`,
      "Set the machine's clock, then record it again.",
    );
  const hasHappened = (what: string, on: string) => {
    if (on > today) refuse(`${what} on ${on} lies ahead of today, ${today}.`, "Record it once it has happened.");
  };
  const notBefore = (what: string, on: string, other: string, otherOn: string | null) => {
    if (otherOn !== null && on < otherOn)
      refuse(`${what} on ${on} is before ${other} on ${otherOn}.`, "Correct the day, or the other one first.");
  };
  const somethingToTakeBack = (what: string, known: unknown) => {
    if (known === null) refuse(`no ${what} is recorded.`, "There is nothing to take back.");
  };
  const START = "the start of the subscription";

  switch (entry.kind) {
    case "notice":
      if (entry.on === null) return somethingToTakeBack("notice of the end", facts.noticeOn);
      hasHappened("the notice", entry.on);
      notBefore("the notice", entry.on, START, invoiceDate);
      if (facts.endOn !== null) notBefore("the end", facts.endOn, "the notice", entry.on);
      return;
    case "end":
      if (facts.deletedOn !== null)
        refuse(`its data was deleted on ${facts.deletedOn}.`, "Take back the record of the deletion first.");
      if (entry.on === null) return somethingToTakeBack("end of the contract", facts.endOn);
      // The end is the first day without a contract: there is at least one day with it.
      notBefore("the end", entry.on, "the first day after the start", addToDay(invoiceDate, { days: 1 }));
      notBefore("the end", entry.on, "the notice", facts.noticeOn);
      return;
    case "flex":
      if (entry.flex && !profile.versions.flex)
        refuse(`${profile.name} has no such option.`, "Correct the tenant, or leave it out.");
      return;
    case "update":
    case "upgrade":
      if (entry.on === null)
        return somethingToTakeBack(entry.kind, entry.kind === "update" ? facts.updatedOn : facts.upgradedOn);
      if (!profile.versions.train)
        refuse(`${profile.name} has no train of updates.`, "Its versions are followed by their releases.");
      hasHappened(`the ${entry.kind}`, entry.on);
      notBefore(`the ${entry.kind}`, entry.on, START, invoiceDate);
      return;
    case "copy-request":
      if (entry.on === null) {
        somethingToTakeBack("copy request", facts.copyRequestedOn);
        if (facts.copyDeliveredOn !== null)
          refuse("the copy of this request is handed over.", "Take back the hand-over of the copy first.");
        return;
      }
      hasHappened("the copy request", entry.on);
      notBefore("the copy request", entry.on, START, invoiceDate);
      if (facts.copyDeliveredOn !== null)
        notBefore("the hand-over of the copy", facts.copyDeliveredOn, "its request", entry.on);
      return;
    case "copy-delivery":
      if (entry.on === null) return somethingToTakeBack("hand-over of a copy", facts.copyDeliveredOn);
      if (facts.copyRequestedOn === null) refuse("no copy request is recorded.", "Record the request first.");
      hasHappened("the hand-over of the copy", entry.on);
      notBefore("the hand-over of the copy", entry.on, "its request", facts.copyRequestedOn);
      return;
    case "deletion": {
      if (entry.on === null) return somethingToTakeBack("deletion", facts.deletedOn);
      hasHappened("the deletion", entry.on);
      // Judged at the beginning of its day: who deletes in the course of the last promised day deletes too early.
      const at = startOfDay(entry.on, tenant.zone);
      const binding = bindingProfile(profile, tenant, records, at);
      const verdict = checkDeletion(binding, lifecycleFactsOf(tenant, { ...facts, deletedOn: null }), at);
      if (verdict.allowed) return;
      throw new AppError("RefusedByRule", `${slug}: ${verdict.reason} Nothing was recorded.`, {
        ...{ retryable: false, tenant: slug, rule: verdict.rule, verdicts: [verdict] },
        ...(verdict.earliest === undefined ? {} : { earliest: verdict.earliest }),
        next: "Find out what became of the data; the contract still promises it.",
      });
    }
    case "term": {
      if (entry.months === null) return somethingToTakeBack("length of the term", facts.termMonths);
      const verdict = checkTermLength(profile, entry.months);
      if (!verdict.allowed)
        throw new AppError("RefusedByRule", `${slug}: ${verdict.reason} Nothing was recorded.`, {
          ...{ retryable: false, tenant: slug, rule: verdict.rule },
          next: "Enter the length that the signed contract names.",
        });
      return;
    }
    case "tiers": {
      const names = entry.tiers.map(({ name }) => name);
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined)
        refuse(`the retention schedule "${twice}" is named twice.`, "Give each one its own name.");
      return;
    }
    case "contacts": {
      const addresses = entry.addresses.map((address) => address.toLowerCase());
      const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
      if (twice !== undefined) refuse(`the address ${twice} is named twice.`, "Name each address once.");
      return;
    }
    case "exception": {
      if (entry.until < entry.from)
        refuse(
          `the exception to ${entry.rule} ends on ${entry.until}, before it starts on ${entry.from}.`,
          "Correct one of the two days.",
        );
      const other = exceptionsOf(records, today).find(
        (one) =>
          one.standing !== "withdrawn" && one.rule === entry.rule && one.from <= entry.until && entry.from <= one.until,
      );
      if (other)
        throw new AppError(
          "Conflict",
          `${slug}: the exception to ${entry.rule} from ${entry.from} to ${entry.until} overlaps the one of "${other.document}" from ${other.from} to ${other.until}. Nothing was recorded.`,
          {
            ...{ retryable: false, tenant: slug, rule: entry.rule },
            next: "Choose days outside of it, or withdraw the other exception first.",
          },
        );
      const others = exceptionsOf(records, today).filter((one) => one.standing !== "withdrawn");
      checkException(profileWith(profile, facts), others, { ...entry, id: "new" });
      return;
    }
    case "exception-end": {
      const known = exceptionsOf(records, today).find(({ id }) => id === entry.exceptionId);
      if (!known) refuse(`there is no exception ${entry.exceptionId}.`, "Look at the list of exceptions.");
      if (known?.standing === "withdrawn") refuse("this exception is withdrawn already.", "Nothing is left to do.");
      return;
    }
    case "from-contract": {
      if (entry.value === null) return somethingToTakeBack(entry.name, facts.contractNumbers[entry.name] ?? null);
      const changed = profileWith(profile, withEntry(facts, entry));
      const parsed = PolicyProfile.shape.fromContract.safeParse(changed.fromContract);
      if (!parsed.success)
        refuse(`${entry.name} cannot be ${entry.value}.`, "Enter it as the signed contract names it.");
      return;
    }
    case "profile":
    case "standing":
    case "hold":
    case "uptime":
      return;
  }
}
