import { AppError } from "../errors.ts";
import { EDITIONS, ENVIRONMENT_KINDS } from "../tenant/model.ts";
import { HOUR_MS, MINUTE_MS } from "../time.ts";
import { dayIn, utcText } from "./calendar.ts";
import { checkMajorChange } from "./counters.ts";
import { checkEdition, checkLicence, checkMigration } from "./edition-and-licence.ts";
import {
  boolean,
  choice,
  day,
  type Field,
  instant,
  intervals,
  list,
  number,
  optional,
  text,
  zoneField,
} from "./explain-fields.ts";
import {
  checkCopyRequest,
  checkDeletion,
  checkReactivation,
  earliestDeletion,
  type LifecycleFacts,
  lifecycleClocks,
  lifecycleState,
} from "./lifecycle.ts";
import { checkNotice, earliestMajorStart, MOVE_REASONS } from "./notice.ts";
import { checkCustomDomain, checkPrefix } from "./prefix-and-domain.ts";
import { MAINTENANCE_KINDS, type MaintenanceKind, type PolicyProfile } from "./profile.ts";
import { checkBackupDeletion, checkCopyPromise, checkPlaces, checkPointInTime } from "./retention.ts";
import { checkTestSize } from "./size.ts";
import { checkExclusion, checkMonth, type NoticedWindow, slaMonth } from "./sla.ts";
import { checkChange, checkRenewal, checkStart, checkTermLength, nextRenewal } from "./term.ts";
import { allow, verdict, type Verdict } from "./verdict.ts";
import { checkFixes, checkVersion, compareVersions } from "./version-support.ts";
import { checkBackupOverlap, checkBusinessHours, checkOffPeak, checkStandardWindow, regionZone } from "./windows.ts";

/** What every family is decided under. */
export interface Context {
  readonly profile: PolicyProfile;
  readonly now: Date;
  /** Zone that the facts name by `zone` or `region`, else UTC. */
  readonly zone: string;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
type FactsOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

export interface Family {
  readonly summary: string;
  readonly fields: Fields;
  readonly decide: (facts: never, context: Context) => Verdict;
}

function family<F extends Fields>(
  summary: string,
  fields: F,
  decide: (facts: FactsOf<F>, context: Context) => Verdict,
): Family {
  return { summary, fields, decide };
}

const kindField = choice<MaintenanceKind>(
  MAINTENANCE_KINDS,
  { description: "what is done", example: "emergency", aliases: ["maintenance", "maintenance-kind"] },
  {
    scheduled: "standard",
    planned: "standard",
    maintenance: "standard",
    calendar: "standard",
    unscheduled: "emergency",
    unplanned: "emergency",
    "major-change": "major",
    "data-centre-move": "move",
    "data-center-move": "move",
    "region-move": "move",
    relocation: "move",
    migration: "move",
    product: "application",
    "product-change": "application",
    partner: "application",
    "application-change": "application",
  },
);
const startField = instant({
  description: "when it starts",
  example: "2026-03-03T20:00:00Z",
  aliases: ["starts", "starts-at", "start-at", "begin", "at"],
});
const endField = instant({
  description: "when it ends",
  example: "2026-03-03T21:00:00Z",
  aliases: ["ends", "ends-at", "end-at", "until"],
});
const announcedField = instant({
  description: "when the customer was told; left out: now",
  example: "2026-03-02T20:00:00Z",
  aliases: ["announced-at", "notice", "notice-at", "noticed", "noticed-at", "notified", "told", "sent", "sent-at"],
});
const zoneInput = optional(
  zoneField({
    description: "time zone of days and local times; left out: UTC",
    example: "Europe/Madrid",
    aliases: ["time-zone", "tz"],
  }),
);
const regionInput = optional(text({ description: "AWS region, for data-centre time", example: "eu-west-1" }));
const versionField = text({
  description: "version that the tenant runs",
  example: "PR25Q1",
  aliases: ["release", "runs", "running", "tenant-version", "installed"],
});
const environmentInput = optional(
  choice(
    ENVIRONMENT_KINDS,
    { description: "kind of environment", example: "test", aliases: ["env", "environment-kind"] },
    {
      prod: "production",
    },
  ),
);

const sizeFields = (whose: string, aliases: readonly string[]) => {
  const named = (names: readonly string[]) => aliases.flatMap((alias) => names.map((name) => `${alias}${name}`));
  return {
    vcpus: optional(
      number({
        description: `vCPU of ${whose}`,
        example: "2",
        unit: "vCPU",
        aliases: named(["vcpus", "vcpu", "cpus", "cpu"]),
      }),
    ),
    memory: optional(
      number({
        description: `memory of ${whose}`,
        example: "8",
        unit: "GiB",
        aliases: named(["memory-gib", "memory", "ram-gib", "ram"]),
      }),
    ),
    disk: optional(
      number({
        description: `disk of ${whose}`,
        example: "50",
        unit: "GiB",
        aliases: named(["disk-gib", "disk", "volume-gib"]),
      }),
    ),
  };
};
const testSize = sizeFields("the test environment", ["", "test-"]);
const productionSize = sizeFields("production", ["production-", "prod-"]);

/** The rule families, with their facts and what decides them. */
export const FAMILIES = {
  notice: family(
    "may maintenance start, given when the customer was told (R33 to R45)",
    {
      kind: kindField,
      start: startField,
      announced: optional(announcedField),
      interrupts: optional(
        boolean({
          description: "the service is interrupted; left out: true",
          example: "true",
          aliases: ["interrupt", "interruption", "interrupting", "service-interrupted"],
        }),
      ),
      region: regionInput,
      zone: zoneInput,
      reason: optional(
        choice(
          MOVE_REASONS,
          { description: "why a data-centre move is made; left out: other", example: "recovery" },
          {
            "service-recovery": "recovery",
            dr: "disaster",
            "disaster-recovery": "disaster",
          },
        ),
      ),
      "from-region": optional(
        text({ description: "region that a move leaves", example: "eu-west-1", aliases: ["source-region", "from"] }),
      ),
      "to-region": optional(
        text({ description: "region that a move enters", example: "us-east-1", aliases: ["target-region", "to"] }),
      ),
      "same-region": optional(boolean({ description: "a move stays in its region", example: "false" })),
      "duration-hours": optional(
        number({
          description: "length of a major change",
          example: "12",
          unit: "hours",
          aliases: ["duration", "hours"],
        }),
      ),
      majors: optional(
        number({
          integer: true,
          description: "other major changes in the calendar year of the start",
          example: "1",
          aliases: ["major-count", "majors-this-year", "majors-in-year"],
        }),
      ),
    },
    (facts, { profile, now, zone }) => {
      const { kind, start, announced } = facts;
      const sameRegion =
        facts["same-region"] ?? (facts["from-region"] !== undefined && facts["from-region"] === facts["to-region"]);
      const notice = checkNotice(
        profile,
        {
          kind,
          startsAt: start,
          announcedAt: announced ?? null,
          interrupts: facts.interrupts ?? true,
          ...(kind === "move" ? { move: { sameRegion, reason: facts.reason ?? "other" } } : {}),
          ...(kind === "standard" && regionZone(facts.region ?? "") ? { calendar: { zone, endsAt: start } } : {}),
        },
        now,
      );
      if (kind !== "major" || !notice.allowed) return notice;
      const endsAt = new Date(start.getTime() + (facts["duration-hours"] ?? 0) * HOUR_MS);
      const others = Array.from({ length: Math.min(facts.majors ?? 0, 1_000) }, () => ({
        startsAt: start,
        endsAt: start,
      }));
      const counted = checkMajorChange(profile, zone, { startsAt: start, endsAt }, others);
      if (!counted.allowed) return counted;
      const nextWindow = utcText(earliestMajorStart(profile, zone, announced ?? now));
      return { ...notice, facts: { ...notice.facts, ...counted.facts, nextWindow } };
    },
  ),

  size: family(
    "is a test environment small enough beside production (R8)",
    {
      vcpus: testSize.vcpus,
      "memory-gib": testSize.memory,
      "disk-gib": testSize.disk,
      "production-vcpus": productionSize.vcpus,
      "production-memory-gib": productionSize.memory,
      "production-disk-gib": productionSize.disk,
      environment: environmentInput,
    },
    (facts, { profile }) => {
      const pairs = [
        ["vcpus", facts.vcpus, facts["production-vcpus"]],
        ["memory-gib", facts["memory-gib"], facts["production-memory-gib"]],
        ["disk-gib", facts["disk-gib"], facts["production-disk-gib"]],
      ] as const;
      if (pairs.every(([, test]) => test === undefined))
        throw invalid([
          "vcpus: is missing; give at least one of vcpus, memory-gib, disk-gib with its production- counterpart",
        ]);
      for (const [name, test, production] of pairs)
        if ((test === undefined) !== (production === undefined))
          throw invalid([`${test === undefined ? name : `production-${name}`}: is missing beside its counterpart`]);
      const size = (index: 1 | 2) => ({
        vcpus: pairs[0][index] ?? 0,
        memoryMiB: (pairs[1][index] ?? 0) * 1024,
        diskGiB: pairs[2][index] ?? 0,
      });
      const decided = checkTestSize(profile, facts.environment ?? "test", size(2), size(1));
      const left = pairs.filter(([, test]) => test === undefined).map(([name]) => name);
      return left.length > 0 ? { ...decided, note: `Not given and not checked: ${left.join(", ")}.` } : decided;
    },
  ),

  term: family(
    "may the contract be changed or ended on a day, and by when must notice be written (R79 to R84)",
    {
      act: choice(
        ["upgrade", "downgrade", "change", "cancel", "renew", "start", "length"],
        { description: "what is wanted", example: "downgrade", aliases: ["action"] },
        {
          cancellation: "cancel",
          terminate: "cancel",
          termination: "cancel",
          end: "cancel",
          renewal: "renew",
          begin: "start",
          minimum: "length",
        },
      ),
      "invoice-date": day({
        description: "start of the subscription",
        example: "2026-01-15",
        aliases: ["invoice", "invoiced", "start", "start-date", "starts", "subscription-start", "term-start", "from"],
      }),
      months: optional(
        number({
          integer: true,
          description: "length of the term; left out: the minimum",
          example: "12",
          unit: "months",
          aliases: ["term-months", "term"],
        }),
      ),
      notice: optional(
        day({
          description: "day of the written notice; left out: today",
          example: "2026-12-16",
          aliases: ["notice-date", "notice-on", "notice-day", "noticed", "announced"],
        }),
      ),
      effective: optional(
        day({
          description: "day on which it takes effect; left out: today",
          example: "2027-01-15",
          aliases: ["effective-date", "effective-on", "on", "date"],
        }),
      ),
      expiry: optional(
        day({
          description: "day that a renewal extends; left out: the next one",
          example: "2027-01-15",
          aliases: ["expires", "expiry-date"],
        }),
      ),
      live: optional(
        day({
          description: "day on which the tenant went live",
          example: "2026-02-01",
          aliases: ["live-on", "go-live"],
        }),
      ),
      zone: zoneInput,
    },
    (facts, { profile, now, zone }) => {
      const today = dayIn(now, zone);
      const months = facts.months;
      if (months !== undefined && (months < 1 || months > 600)) throw invalid(["months: is not between 1 and 600"]);
      const term = { invoiceDate: facts["invoice-date"], ...(months === undefined ? {} : { months }) };
      switch (facts.act) {
        case "renew":
          return checkRenewal(profile, facts.expiry ?? nextRenewal(profile, term, today), today);
        case "start":
          return checkStart(profile, term.invoiceDate, facts.live ?? null, today);
        case "length":
          return checkTermLength(profile, months ?? profile.term.minimumMonths);
        case "upgrade":
        case "downgrade":
        case "change":
        case "cancel":
          return checkChange(profile, facts.act, term, facts.notice ?? today, facts.effective ?? today);
      }
    },
  ),

  retention: family(
    "is a copy promised, may it be deleted, may a point in time be chosen (R50 to R67)",
    {
      act: optional(
        choice(
          ["restore", "delete", "point-in-time", "places"],
          { description: "what is wanted; left out: by the other facts", example: "delete", aliases: ["action"] },
          {
            copy: "restore",
            keep: "restore",
            kept: "restore",
            pitr: "point-in-time",
            recover: "point-in-time",
            copies: "places",
          },
        ),
      ),
      taken: optional(
        instant({
          description: "when the copy was taken",
          example: "2026-02-01T01:00:00Z",
          aliases: ["taken-at", "backup", "backup-at", "created", "date"],
        }),
      ),
      target: optional(
        text({
          description: 'point in time to recover to, or "latest"',
          example: "latest",
          aliases: ["to", "point", "target-time"],
        }),
      ),
      access: optional(
        boolean({
          description: "the customer bought access to the backups",
          example: "true",
          aliases: ["entitled", "backup-access"],
        }),
      ),
      tier: optional(text({ description: "schedule of the contract that the copy belongs to", example: "monthly" })),
      places: optional(
        list({
          description: "places that hold the copy",
          example: "eu-west-1,eu-central-1",
          aliases: ["locations", "regions"],
        }),
      ),
      zone: zoneInput,
    },
    (facts, { profile, now, zone }) => {
      const act = facts.act ?? (facts.target !== undefined ? "point-in-time" : facts.places ? "places" : "restore");
      if (act === "point-in-time") {
        if (facts.target === undefined || facts.target.trim().toLowerCase() === "latest")
          return checkPointInTime(profile, null);
        const target = readOne("target", instant({ description: "", example: "" }), facts.target, zone);
        return checkPointInTime(profile, target);
      }
      if (act === "places") return checkPlaces(profile, { takenAt: facts.taken ?? now, places: facts.places ?? [] });
      if (!facts.taken) throw invalid(["taken: is missing"]);
      if (act === "delete") return checkBackupDeletion(profile, facts.taken, now, facts.tier);
      const copy = { takenAt: facts.taken, hasAccess: facts.access ?? false };
      return checkCopyPromise(profile, facts.tier === undefined ? copy : { ...copy, tier: facts.tier }, now);
    },
  ),

  lifecycle: family(
    "what may be done with a tenant around the end of its contract (R86 to R90)",
    {
      act: optional(
        choice(
          ["use", "copy", "reactivate", "delete"],
          { description: "what is wanted; left out: use", example: "delete", aliases: ["action"] },
          {
            state: "use",
            access: "use",
            suspend: "use",
            "copy-request": "copy",
            request: "copy",
            retrieve: "copy",
            retrieval: "copy",
            renew: "reactivate",
            reactivation: "reactivate",
            deletion: "delete",
          },
        ),
      ),
      end: optional(
        instant({
          description: "first moment without contract",
          example: "2026-03-01",
          aliases: [
            "ends",
            "ended",
            "ends-at",
            "end-date",
            "expiry",
            "expires",
            "expired",
            "expiry-date",
            "contract-end",
          ],
        }),
      ),
      ordered: optional(
        instant({ description: "when it was ordered", example: "2025-01-10", aliases: ["ordered-at"] }),
      ),
      provisioning: optional(
        instant({ description: "when work on it began", example: "2025-01-11", aliases: ["provisioning-at"] }),
      ),
      active: optional(
        instant({
          description: "when it was handed over",
          example: "2025-01-15",
          aliases: ["active-at", "handed-over", "live"],
        }),
      ),
      notice: optional(
        instant({
          description: "when notice of the end came",
          example: "2026-01-20",
          aliases: ["notice-at", "notice-date"],
        }),
      ),
      "copy-requested": optional(
        instant({
          description: "when a copy was asked for",
          example: "2026-03-05",
          aliases: ["requested", "copy-request-at"],
        }),
      ),
      "copy-delivered": optional(
        instant({ description: "when the copy was handed over", example: "2026-03-09", aliases: ["delivered"] }),
      ),
      standing: optional(
        boolean({
          description: "the account is in good standing; left out: true",
          example: "true",
          aliases: ["good-standing"],
        }),
      ),
      "legal-hold": optional(
        boolean({ description: "deletion is forbidden by a legal hold", example: "false", aliases: ["hold"] }),
      ),
      deleted: optional(
        instant({ description: "when the data was deleted", example: "2026-05-01", aliases: ["deleted-at"] }),
      ),
      zone: zoneInput,
    },
    (input, { profile, now, zone }) => {
      const known = [input.ordered, input.provisioning, input.active, input.notice, input.end, now];
      const orderedAt = input.ordered ?? new Date(Math.min(...known.flatMap((at) => (at ? [at.getTime()] : []))));
      const facts: LifecycleFacts = {
        orderedAt,
        provisioningAt: input.provisioning ?? null,
        activeAt: input.active ?? (input.ordered || input.provisioning ? null : orderedAt),
        noticeAt: input.notice ?? null,
        endsAt: input.end ?? null,
        copyRequestedAt: input["copy-requested"] ?? null,
        copyDeliveredAt: input["copy-delivered"] ?? null,
        goodStanding: input.standing ?? true,
        legalHold: input["legal-hold"] ?? false,
        deletedAt: input.deleted ?? null,
        zone,
      };
      const state = lifecycleState(profile, facts, now);
      const decided =
        input.act === "copy"
          ? checkCopyRequest(profile, facts, now)
          : input.act === "reactivate"
            ? checkReactivation(profile, facts, now)
            : input.act === "delete"
              ? checkDeletion(profile, facts, now)
              : mayUse(profile, facts, state);
      return { ...decided, facts: { state, ...decided.facts } };
    },
  ),

  version: family(
    "may a version be run, does it get fixes, may it migrate in (R42, R46, R92, R113)",
    {
      version: versionField,
      releases: optional(
        list({
          description: "confirmed-stable releases, oldest first",
          example: "PR24Q3,PR24Q4,PR25Q1,PR25Q2",
          aliases: ["release-list", "known", "supported"],
        }),
      ),
      newer: optional(
        number({
          integer: true,
          description: "how many releases are newer, instead of their list",
          example: "3",
          unit: "releases",
          aliases: ["behind", "releases-behind", "newer-releases"],
        }),
      ),
      act: optional(
        choice(["run", "fixes", "migrate"], {
          description: "what is wanted; left out: run",
          example: "run",
          aliases: ["action"],
        }),
      ),
      edition: optional(choice(EDITIONS, { description: "edition, for a migration", example: "commerce" })),
    },
    (facts, { profile }) => {
      const { version, newer } = facts;
      if (facts.act === "migrate") {
        if (!facts.edition) throw invalid(["edition: is missing; a migration is checked by edition"]);
        return checkMigration(profile, facts.edition, version);
      }
      const releases = facts.releases
        ? oldestFirst(facts.releases)
        : newer === undefined
          ? []
          : [version, ...Array.from({ length: Math.min(newer, 1_000) }, (_, index) => `+${index + 1}`)];
      if (releases.length === 0) throw invalid(["releases: is missing; give the list, oldest first, or newer"]);
      return facts.act === "fixes" ? checkFixes(profile, version, releases) : checkVersion(profile, version, releases);
    },
  ),

  window: family(
    "does work lie in the right hours (R33 standard, R62 backup, R72 business hours, R34/R44 off-peak)",
    {
      kind: optional(
        choice(
          ["standard", "backup", "business-hours", "off-peak"],
          { description: "which hours; left out: the standard window, else the backup's", example: "standard" },
          { scheduled: "standard", maintenance: "standard", restore: "business-hours", traffic: "off-peak" },
        ),
      ),
      region: regionInput,
      zone: zoneInput,
      start: optional(startField),
      end: optional(endField),
      minutes: optional(
        number({
          description: "length, instead of the end",
          example: "60",
          unit: "minutes",
          aliases: ["duration", "duration-minutes"],
        }),
      ),
    },
    (facts, { profile, now }) => {
      const zone = facts.zone ?? regionZone(facts.region ?? "");
      if (zone === undefined)
        throw invalid([
          facts.region === undefined
            ? "region: is missing; or give zone"
            : "region: is not in the table of regions; give zone",
        ]);
      const startsAt = facts.start ?? now;
      const endsAt = facts.end ?? new Date(startsAt.getTime() + Math.min(facts.minutes ?? 0, 1e7) * MINUTE_MS);
      if (endsAt < startsAt) throw invalid(["end: is before start"]);
      const kind = facts.kind ?? (profile.windows.standard ? "standard" : "backup");
      switch (kind) {
        case "standard":
          return checkStandardWindow(profile, zone, { startsAt, endsAt }, now);
        case "backup":
          return checkBackupOverlap(profile, zone, {
            startsAt,
            endsAt: endsAt > startsAt ? endsAt : new Date(startsAt.getTime() + 1),
          });
        case "business-hours":
          return checkBusinessHours(profile, zone, startsAt);
        case "off-peak":
          return checkOffPeak(profile, zone, startsAt);
      }
    },
  ),

  sla: family(
    "do the minutes of a window leave the SLA, or how does a month stand (R9, R37 to R45, R61)",
    {
      kind: optional(kindField),
      start: optional(startField),
      end: optional(endField),
      announced: optional({
        ...announcedField,
        description: "when the notice was sent, by its proof; left out: not proven",
      }),
      "major-of-year": optional(
        number({
          integer: true,
          description: "which major change of its year it is",
          example: "1",
          aliases: ["major-ordinal", "majors"],
        }),
      ),
      environment: environmentInput,
      month: optional(text({ description: "month of a report", example: "2026-03" })),
      zone: zoneInput,
      down: optional(
        intervals({
          description: "when the tenant was down",
          example: "2026-03-03T20:00:00Z/2026-03-03T21:00:00Z",
          aliases: ["downtime"],
        }),
      ),
      unknown: optional(
        intervals({ description: "when the probe was blind", example: "2026-03-04T00:00:00Z/2026-03-04T00:10:00Z" }),
      ),
      target: optional(
        number({
          description: "availability that the contract names",
          example: "99.5",
          unit: "percent",
          aliases: ["uptime", "uptime-percent"],
        }),
      ),
    },
    (facts, { profile, now, zone }) => {
      const { kind, start, end, announced, month } = facts;
      const environment = facts.environment ?? "production";
      const named = [kind, start, end].filter((one) => one !== undefined).length;
      if (named > 0 && named < 3) throw invalid(["kind, start, end: a window needs all three"]);
      if (end && start && end < start) throw invalid(["end: is before start"]);
      const window: NoticedWindow | undefined =
        kind && start && end
          ? {
              id: "window",
              kind,
              startsAt: start,
              endsAt: end,
              noticeProvenAt: announced ?? null,
              ...(facts["major-of-year"] === undefined ? {} : { majorOfYear: facts["major-of-year"] }),
            }
          : undefined;
      if (month === undefined) {
        if (!window) throw invalid(["kind: is missing; describe a window, or give month"]);
        const isProtected = profile.environments.find((one) => one.kind === environment)?.unprotected === false;
        if (!isProtected)
          return allow(profile.sla.protectedOnly, `A ${environment} environment has no SLA: its minutes never count.`);
        return checkExclusion(profile, window);
      }
      if (facts.target !== undefined && facts.target > 100) throw invalid(["target: is above 100 percent"]);
      const promised: PolicyProfile =
        facts.target === undefined
          ? profile
          : { ...profile, fromContract: { ...profile.fromContract, uptimePercent: facts.target } };
      const report = slaMonth(promised, {
        month,
        zone,
        environment,
        down: facts.down ?? [],
        unknown: facts.unknown ?? [],
        windows: window ? [window] : [],
        observed: { startsAt: new Date(0), endsAt: now },
      });
      return checkMonth(promised, report);
    },
  ),

  prefix: family(
    "may a customer have a URL prefix, or a domain of its own (R10 to R12)",
    {
      prefix: optional(
        text({ description: "prefix that the customer wants", example: "acme", aliases: ["name", "subdomain"] }),
      ),
      taken: optional(
        list({ description: "prefixes of other tenants", example: "globex,initech", aliases: ["used", "existing"] }),
      ),
      domain: optional(
        text({
          description: "domain of the customer's own, instead of a prefix",
          example: "erp.example.org",
          aliases: ["custom-domain"],
        }),
      ),
      certificate: optional(
        boolean({
          description: "the customer supplies the domain's certificate",
          example: "true",
          aliases: ["has-certificate"],
        }),
      ),
    },
    (facts, { profile }) => {
      if (facts.domain !== undefined) return checkCustomDomain(profile, facts.domain, facts.certificate ?? false);
      if (facts.prefix === undefined) throw invalid(["prefix: is missing"]);
      return checkPrefix(profile, facts.prefix, facts.taken ?? []);
    },
  ),

  licence: family(
    "is the service sold so, and does the licence reach its minimum (R76, R77, R78, R92)",
    {
      edition: choice(
        EDITIONS,
        { description: "edition that is bought", example: "commerce", aliases: ["suite"] },
        {
          "commerce-suite": "commerce",
          "business-suite": "business",
        },
      ),
      users: optional(
        number({
          integer: true,
          description: "concurrent users",
          example: "10",
          unit: "users",
          aliases: ["concurrent-users", "user"],
        }),
      ),
      "pos-terminals": optional(
        number({
          integer: true,
          description: "POS terminals; left out: 0",
          example: "20",
          unit: "terminals",
          aliases: ["pos", "terminals"],
        }),
      ),
      version: optional({ ...versionField, description: "version of a customer that migrates in" }),
    },
    (facts, { profile }) => {
      const { edition, users, version } = facts;
      const sold = checkEdition(profile, edition);
      if (!sold.allowed) return sold;
      const terminals = facts["pos-terminals"];
      if (users === undefined && terminals === undefined && version === undefined) return sold;
      if (users !== undefined || terminals !== undefined) {
        const licence = checkLicence(profile, { edition, users: users ?? 0, posTerminals: terminals ?? 0 });
        if (!licence.allowed || version === undefined) return licence;
      }
      return checkMigration(profile, edition, version!);
    },
  ),
} as const satisfies Record<string, Family>;

/** A list that was given newest first is turned round. */
function oldestFirst(releases: readonly string[]): readonly string[] {
  const order = compareVersions(releases[0] ?? "", releases.at(-1) ?? "");
  return order !== undefined && order > 0 ? releases.toReversed() : releases;
}

/** One value of a text field that may also be a time. */
function readOne<T>(name: string, field: Field<T>, value: string, zone: string): T {
  const parsed = field.schema({ zone, isNamed: zone !== "UTC" }).safeParse(value);
  if (!parsed.success)
    throw invalid(parsed.error.issues.map((issue) => `${name}: "${value.slice(0, 60)}" ${issue.message}`));
  return parsed.data;
}

/** Whether the customer may use the tenant in this state, and what its clocks say. */
function mayUse(profile: PolicyProfile, facts: LifecycleFacts, state: string): Verdict {
  const clocks = Object.fromEntries(
    lifecycleClocks(profile, facts).map((one) => [`${one.name}-until`, utcText(one.endsAt)]),
  );
  const deletion = earliestDeletion(profile, facts);
  const allowed = state === "active" || state === "notice";
  return verdict(profile.lifecycle, allowed, `The tenant's state is ${state}.`, {
    facts: { ...clocks, ...(deletion ? { "deletion-from": utcText(deletion) } : {}) },
    note: profile.lifecycle.copyRequest?.note,
  });
}

/** What `explain` throws for facts that cannot be judged. */
export function invalid(problems: readonly string[]): AppError {
  return new AppError("InvalidInput", `The facts cannot be judged: ${problems.slice(0, 10).join("; ")}.`, {
    retryable: false,
    problems: problems.slice(0, 50),
    next: "Correct the named facts; the help of the family lists them all.",
  });
}
