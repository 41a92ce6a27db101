import { z } from "zod";
import { AppError } from "../errors.ts";
import { EDITIONS, EnvironmentKind, Service } from "../tenant/model.ts";

const Cited = z.strictObject({
  /** Number in docs/policy.md. */
  rule: z.string().regex(/^R\d{1,3}$/),
  /** Line of the source text, "OB:44". */
  source: z.string().min(1).max(60),
  /** What the source leaves open, and how it is read. */
  note: z.string().max(400).optional(),
});

const Hours = z.number().min(0).max(100_000);
const Days = z.number().int().min(0).max(10_000);
const Percent = z.number().min(0).max(100);
const Label = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const Region = z.string().regex(/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/);
const TimeOfDay = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/);

export const MAINTENANCE_KINDS = ["standard", "emergency", "major", "move", "application"] as const;
/**
 * `standard`: the scheduled maintenance of the calendar; `emergency`: unscheduled; `major`: a major change; `move`: to
 * another data centre; `application`: a change of the product by the partner.
 */
export const MaintenanceKind = z.enum(MAINTENANCE_KINDS);
export type MaintenanceKind = z.infer<typeof MaintenanceKind>;

const Notice = Cited.extend({
  /** Elapsed hours between the notice and the start. Absent: the text promises notice but names no length. */
  hours: Hours.optional(),
  /** The gate holds only when the service is interrupted. */
  onlyWhenInterrupting: z.boolean().default(false),
  overridable: z.boolean().default(true),
  /** Minutes of such a window leave the SLA, given proven notice. */
  excludedFromSla: z.boolean(),
  /** Rule that says so, when it is another one than the notice's. */
  slaRule: z.string().optional(),
  slaSource: z.string().optional(),
  /** Longest duration that may be excluded, in hours. */
  maximumHours: Hours.optional(),
});

/** What only the signed contract says. Stays empty until somebody enters it; nothing is invented for it. */
const FromContract = z.strictObject({
  /** Monthly availability target in percent (gap d). */
  uptimePercent: Percent.optional(),
  /** How long copies of one schedule are kept (R63, gap b). */
  retentionTiers: z
    .array(z.strictObject({ name: z.string().min(1).max(60), everyHours: Hours, keepDays: Days }))
    .max(20)
    .optional(),
  /** The "certain restrictions" on URL prefixes (gap e). */
  prefixRestrictions: z
    .strictObject({
      minimumLength: z.number().int().min(1).max(63).optional(),
      maximumLength: z.number().int().min(1).max(63).optional(),
      forbiddenWords: z.array(z.string().min(1).max(63)).max(1_000).optional(),
    })
    .optional(),
  /** Releases in support, where the text gives no number. */
  supportedReleases: z.number().int().min(1).max(100).optional(),
  /** Days that a prepared export file is kept (R74 says "some"). */
  exportFileDays: Days.optional(),
  /** Hours of notice for a change of the standard calendar (R35). */
  calendarChangeNoticeHours: Hours.optional(),
  /** Emergency minutes are left out of the SLA (gap c). Absent: they count. */
  emergencyMinutesExcluded: z.boolean().optional(),
});

/**
 * The numbers of one service's contract. Every number sits beside the rule and the line it was read from; the rule
 * functions hold none. Optional sections are promises that the text does not make.
 */
export const PolicyProfile = z.strictObject({
  id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/),
  name: z.string().min(1).max(80),
  /** Decisions record it, so that they can be read again under the numbers they were made with. */
  version: z.string().min(1).max(40),
  service: Service,

  domain: Cited.extend({
    suffix: z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/),
    reservedWords: z.array(Label).max(1_000),
    custom: Cited.extend({ allowed: z.boolean() }),
    /** Days before the end of a certificate at which the watch speaks, longest first. */
    certificate: Cited.extend({ watchDays: z.array(Days).min(1).max(10) }),
  }),
  regions: Cited.extend({
    /** Absent: the text names no list. */
    allowed: z.array(Region).min(1).max(60).optional(),
    /** Where tenants with this residency tag may live. */
    residency: Cited.extend({ regionsOf: z.record(z.string().regex(/^[A-Z]{2}$/), z.array(Region).min(1)) }),
    move: Cited.extend({ noticeFreeReasons: z.array(z.enum(["recovery", "disaster"])) }),
  }),
  environments: z
    .array(
      Cited.extend({
        kind: EnvironmentKind,
        minimum: z.number().int().min(0).max(10),
        maximum: z.number().int().min(0).max(10).optional(),
        /** Largest share of the production environment's vCPU, memory and disk. */
        maximumPercentOfProduction: Percent.optional(),
        /** No monitoring, no backup, no SLA by contract. */
        unprotected: z.boolean(),
        /** May be scaled with the measured use. */
        scalable: z.boolean(),
      }),
    )
    .min(1),
  editions: Cited.extend({
    sold: z
      .array(
        z.strictObject({
          edition: z.enum(EDITIONS),
          minimumUsers: z.number().int().min(0).optional(),
          minimumPosTerminals: z.number().int().min(0).optional(),
          /** Oldest version that may migrate in without an upgrade before (R92). */
          migrationFrom: z.string().optional(),
        }),
      )
      .min(1),
    licence: Cited,
    /** Upper bound of users and terminals, if any (R78). */
    maximumUsers: z.number().int().optional(),
    maximumPosTerminals: z.number().int().optional(),
    migration: Cited.optional(),
  }),
  versions: Cited.extend({
    /** Releases in support, newest included. Absent: the text gives no number. */
    supportedReleases: z.number().int().min(1).max(100).optional(),
    /** Updates come by themselves. */
    train: Cited.extend({ updateMonths: z.number().int().min(1), upgradeMonths: z.number().int().min(1) }).optional(),
    /** Option that leaves the timing to the customer. */
    flex: Cited.optional(),
    /** A sandbox before each automatic upgrade is free. */
    freeSandbox: Cited.optional(),
    fixes: Cited,
  }),
  notices: z.strictObject({
    standard: Notice,
    emergency: Notice,
    major: Notice,
    move: Notice,
    application: Notice,
  }),
  windows: z.strictObject({
    /** The standard maintenance window; absent where the text gives no recurrence. */
    standard: Cited.extend({
      /** 1 = Monday … 7 = Sunday. */
      weekday: z.number().int().min(1).max(7),
      /** Which one of the month, 1 to 4. */
      weekOfMonth: z.number().int().min(1).max(4),
      startsAt: TimeOfDay,
      minutes: z
        .number()
        .int()
        .min(1)
        .max(24 * 60),
    }).optional(),
    calendarChange: Cited,
    offPeak: Cited,
    /** Daily backup window in data-centre time. */
    backup: Cited.extend({ from: TimeOfDay, to: TimeOfDay, minutes: z.number().int().min(1) }).optional(),
    /** Hours in which an overwriting restore is refused, customer time. */
    businessHours: Cited.extend({
      from: TimeOfDay,
      to: TimeOfDay,
      weekdays: z.array(z.number().int().min(1).max(7)).min(1).max(7),
    }),
  }),
  counters: z.strictObject({
    major: Cited.extend({ perCalendarYear: z.number().int().min(0), maximumHours: Hours }).optional(),
    weekly: Cited.extend({ averageMinutes: z.number().min(0), weeks: z.number().int().min(1).max(52) }).optional(),
  }),
  backups: z.strictObject({
    nightly: Cited.extend({ keepDays: Days.optional(), copiesPerDay: z.number().int().min(1) }),
    /** Places that must hold each copy. */
    copies: Cited.extend({ places: z.number().int().min(1).max(5) }),
    pointInTime: Cited.extend({ latestOnly: z.boolean() }).optional(),
    /** Purchased access to the customer's own copies. */
    access: Cited.extend({ rollingDays: Days }).optional(),
    /** Restores that nobody guaranteed. */
    bestEffort: Cited.optional(),
    tiers: Cited.optional(),
  }),
  restores: z.strictObject({
    /** Restoring what the customer lost by own doing. */
    customerCaused: Cited.extend({ needsApproval: z.boolean(), needsFee: z.boolean() }),
    keptCopy: Cited.extend({ needsEvaluation: z.boolean(), needsFee: z.boolean() }).optional(),
    /** Overwriting production. */
    overwrite: Cited.extend({ needsFreshSnapshot: z.boolean(), outOfHours: z.boolean() }),
    versionMatch: Cited,
    /** Refresh of a test environment from production. */
    refresh: Cited.extend({ needsFee: z.boolean() }).optional(),
    snapshotQuota: Cited.optional(),
    cleanUp: Cited.extend({ adviseAfterDays: Days }).optional(),
    exportFile: Cited.optional(),
    deletion: Cited,
    targets: Cited,
  }),
  term: Cited.extend({
    /** Months that the customer is bound at least. */
    minimumMonths: z.number().int().min(0).max(120),
    start: Cited,
    /** Days of written notice before any change or end. */
    noticeDays: Days,
    upgrade: Cited,
    downgrade: Cited.extend({ atQuarterStart: z.boolean(), afterMinimum: z.boolean() }),
    cancel: Cited.extend({ atRenewal: z.boolean(), afterMinimum: z.boolean() }),
    renewal: Cited.extend({ daysBefore: Days }).optional(),
    billing: Cited,
  }),
  lifecycle: Cited.extend({
    /** Days after the end without access, data intact; a renewal reactivates. */
    suspensionDays: Days.optional(),
    /** Days after the end within which a copy may be asked for. */
    copyRequestDays: Days.optional(),
    copyRequest: Cited.optional(),
    /** Days after the end in which the data can be retrieved. */
    retrievalDays: Days.optional(),
    standing: Cited.optional(),
    /** Help to retrieve is a ticket of the support portal. */
    retrievalHelp: Cited.optional(),
  }),
  handOver: Cited.extend({ targetBusinessDays: Days, limitBusinessDays: Days, contractual: z.boolean() }),
  /** Change of the licence type, with a free copy of the data for the partner. */
  licenceChange: Cited.extend({
    targetBusinessDays: Days,
    limitBusinessDays: Days,
    contractual: z.boolean(),
  }).optional(),
  disaster: z.strictObject({
    recoveryTime: Cited.extend({ hours: Hours.optional() }),
    recoveryPoint: Cited.extend({ hours: Hours.optional() }),
    /** Disaster minutes count in the SLA. */
    minutesCount: Cited.extend({ counted: z.boolean() }),
  }),
  sla: z.strictObject({ target: Cited, protectedOnly: Cited }),
  duties: z.array(
    Cited.extend({ id: Label, name: z.string(), everyMonths: z.number().int().min(1), remindDays: Days }),
  ),
  incidents: z.strictObject({
    lockOut: Cited,
    outage: Cited.optional(),
    security: Cited.extend({ answerHours: Hours }).optional(),
  }),
  fromContract: FromContract.default({}),
});
export type PolicyProfile = z.infer<typeof PolicyProfile>;

/**
 * What a profile says against itself, one sentence each; empty when it is sound.
 *
 * The schema checks the form of each number; this checks numbers against one another.
 */
export function contradictions(profile: PolicyProfile): string[] {
  const found: string[] = [];
  const { lifecycle, handOver, backups, fromContract, counters, notices, windows } = profile;
  const above = (low: number | undefined, high: number | undefined, sentence: string) => {
    if (low !== undefined && high !== undefined && low > high) found.push(`${sentence} (${low} > ${high})`);
  };

  above(
    lifecycle.copyRequestDays,
    Math.max(lifecycle.suspensionDays ?? 0, lifecycle.retrievalDays ?? 0),
    "lifecycle.copyRequestDays ends after the data is gone",
  );
  above(handOver.targetBusinessDays, handOver.limitBusinessDays, "handOver.targetBusinessDays is above its limit");
  above(
    profile.licenceChange?.targetBusinessDays,
    profile.licenceChange?.limitBusinessDays,
    "licenceChange.targetBusinessDays is above its limit",
  );
  above(
    fromContract.prefixRestrictions?.minimumLength,
    fromContract.prefixRestrictions?.maximumLength,
    "fromContract.prefixRestrictions.minimumLength is above maximumLength",
  );
  above(
    notices.major.maximumHours,
    counters.major?.maximumHours,
    "notices.major.maximumHours is above counters.major.maximumHours",
  );
  above(
    backups.access?.rollingDays,
    backups.nightly.keepDays,
    "backups.access.rollingDays is longer than copies are kept",
  );
  for (const environment of profile.environments)
    above(environment.minimum, environment.maximum, `environments.${environment.kind}.minimum is above its maximum`);

  const repeated = (name: string, values: readonly string[]) => {
    for (const value of new Set(values.filter((one, index) => values.indexOf(one) !== index)))
      found.push(`${name} names ${value} twice`);
  };
  repeated(
    "environments",
    profile.environments.map((one) => one.kind),
  );
  repeated(
    "editions.sold",
    profile.editions.sold.map((one) => one.edition),
  );
  repeated("regions.allowed", profile.regions.allowed ?? []);
  repeated(
    "duties",
    profile.duties.map((one) => one.id),
  );
  repeated(
    "fromContract.retentionTiers",
    (fromContract.retentionTiers ?? []).map((one) => one.name),
  );

  if (notices.application?.excludedFromSla)
    found.push("notices.application.excludedFromSla: a partner's change never earns an exclusion (R38)");
  if (lifecycle.suspensionDays === undefined && lifecycle.retrievalDays === undefined)
    found.push("lifecycle names neither suspensionDays nor retrievalDays: data could be deleted on the day of the end");
  const production = profile.environments.find((one) => one.kind === "production");
  if (!production || production.minimum < 1) found.push("environments holds no production environment");
  if (production?.unprotected) found.push("environments.production is unprotected, yet the SLA is measured on it");
  if (windows.businessHours.from >= windows.businessHours.to)
    found.push("windows.businessHours.from is not before windows.businessHours.to");
  const { regionsOf } = profile.regions.residency;
  for (const [tag, regions] of Object.entries(regionsOf)) repeated(`regions.residency.regionsOf.${tag}`, regions);
  return found;
}

/**
 * Reads a company's own profile.
 *
 * Throws AppError InvalidInput naming every field that is wrong and every contradiction; nothing is half taken over.
 */
export function parseProfile(json: unknown): PolicyProfile {
  const parsed = PolicyProfile.safeParse(json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "profile"}: ${issue.message}`);
    throw invalidProfile(problems);
  }
  const found = contradictions(parsed.data);
  if (found.length > 0) throw invalidProfile(found);
  return parsed.data;
}

function invalidProfile(problems: readonly string[]): AppError {
  const shown = problems.slice(0, 10).join("; ");
  const more = problems.length > 10 ? `; and ${problems.length - 10} more` : "";
  return new AppError("InvalidInput", `The policy profile is not taken over: ${shown}${more}.`, {
    retryable: false,
    problems,
    next: "Correct the named fields; the profile in use stays as it is.",
  });
}
