import { z } from "zod";
import { LIFECYCLE_STATES } from "../policy/lifecycle.ts";
import { Verdict } from "../policy/verdict.ts";
import { EnvironmentKind, Service, VersionSupport } from "../tenant/model.ts";

/** A plain day of the customer's zone. Bounded, so that a slip of the finger is refused and not computed with. */
export const Day = z.iso.date().refine((day) => day >= "1990-01-01" && day <= "2100-12-31", {
  error: "must lie between 1990 and 2100",
});

/** A rule of the contract, R1 to R113. */
export const RuleNumber = z.string().regex(/^R(?:[1-9]|[1-9]\d|10\d|11[0-3])$/, {
  error: "must be a rule of the contract, R1 to R113",
});

export const RetentionTier = z.object({
  name: z.string().trim().min(1).max(60),
  everyHours: z.number().positive().max(10_000),
  keepDays: z.number().int().min(1).max(10_000),
});
export type RetentionTier = z.infer<typeof RetentionTier>;

const NumberValue = z.union([
  z.number(),
  z.boolean(),
  z.string().max(200),
  z.array(z.union([z.string().max(200), z.number()])).max(1_000),
]);

/** Fields of the profile's `fromContract` that one contract may name for itself. */
export const CONTRACT_NUMBERS = [
  "supportedReleases",
  "exportFileDays",
  "calendarChangeNoticeHours",
  "emergencyMinutesExcluded",
] as const;
export const ContractNumberName = z.enum(CONTRACT_NUMBERS);
export type ContractNumberName = z.infer<typeof ContractNumberName>;

/** One fact that only people know. The newest of a kind holds; `null` takes the earlier one back. */
export const TermsEntry = z.discriminatedUnion("kind", [
  /** Written notice of the end was received. */
  z.object({ kind: z.literal("notice"), on: Day.nullable() }),
  /** First day that the contract no longer covers; may lie ahead. Null: it was renewed or goes on. */
  z.object({ kind: z.literal("end"), on: Day.nullable() }),
  z.object({ kind: z.literal("standing"), good: z.boolean() }),
  /** The customer bought the control of the timing of updates and upgrades (R47), or gave it up. */
  z.object({ kind: z.literal("flex"), flex: z.boolean() }),
  /** The last update, and the last upgrade, were made on this day. */
  z.object({ kind: z.literal("update"), on: Day.nullable() }),
  z.object({ kind: z.literal("upgrade"), on: Day.nullable() }),
  z.object({ kind: z.literal("hold"), held: z.boolean() }),
  z.object({ kind: z.literal("copy-request"), on: Day.nullable() }),
  z.object({ kind: z.literal("copy-delivery"), on: Day.nullable() }),
  /** The tenant's data was deleted on this day; only once every clock of its end has run out. */
  z.object({ kind: z.literal("deletion"), on: Day.nullable() }),
  /** Length of the term and of each renewal. */
  z.object({ kind: z.literal("term"), months: z.number().int().min(1).max(120).nullable() }),
  /** Monthly availability that the signed contract names. */
  z.object({ kind: z.literal("uptime"), percent: z.number().min(0).max(100).nullable() }),
  z.object({ kind: z.literal("tiers"), tiers: z.array(RetentionTier).max(20) }),
  /** Where the tenant's notices go; an empty list takes them back. */
  z.object({
    kind: z.literal("contacts"),
    addresses: z.array(z.email().max(200)).max(20),
  }),
  /** A written departure from one rule; both days count. */
  z.object({
    kind: z.literal("exception"),
    rule: RuleNumber,
    document: z.string().trim().min(1).max(200),
    from: Day,
    until: Day,
    /** Numbers that hold instead of the profile's, by path; none: the document excuses from the rule as it stands. */
    numbers: z
      .record(z.string().min(1).max(100), NumberValue)
      .refine((numbers) => Object.keys(numbers).length <= 20, { error: "must be 20 numbers at most" })
      .default({}),
  }),
  /** A company's profile in the place of the service's own; null: the service's own again. */
  z.object({ kind: z.literal("profile"), profileId: z.string().min(1).max(42).nullable() }),
  /** A number that only the signed contract names. */
  z.object({
    kind: z.literal("from-contract"),
    name: ContractNumberName,
    value: z.union([z.number(), z.boolean()]).nullable(),
  }),
  /** Takes back an exception that was recorded by mistake or ended early. */
  z.object({ kind: z.literal("exception-end"), exceptionId: z.string().min(1).max(100) }),
]);
export type TermsEntry = z.infer<typeof TermsEntry>;
export type TermsEntryKind = TermsEntry["kind"];

/** An entry as it was recorded. Records never change; a correction is another record. */
export const TermsRecord = z.object({
  id: z.string(),
  entry: TermsEntry,
  reason: z.string(),
  by: z.string(),
  at: z.date(),
});
export type TermsRecord = z.infer<typeof TermsRecord>;

export const TermsException = z.object({
  id: z.string(),
  rule: z.string(),
  document: z.string(),
  from: z.string(),
  until: z.string(),
  numbers: z.record(z.string(), NumberValue),
  reason: z.string(),
  by: z.string(),
  /** Against today in the customer's zone. */
  standing: z.enum(["ahead", "in-force", "over", "withdrawn"]),
});
export type TermsException = z.infer<typeof TermsException>;

/** What the records say today. */
export const TermsFacts = z.object({
  noticeOn: z.string().nullable(),
  endOn: z.string().nullable(),
  goodStanding: z.boolean(),
  legalHold: z.boolean(),
  isFlex: z.boolean(),
  updatedOn: z.string().nullable(),
  upgradedOn: z.string().nullable(),
  copyRequestedOn: z.string().nullable(),
  copyDeliveredOn: z.string().nullable(),
  deletedOn: z.string().nullable(),
  termMonths: z.number().int().nullable(),
  uptimePercent: z.number().nullable(),
  retentionTiers: z.array(RetentionTier),
  contacts: z.array(z.string()),
  /** Id of the company's profile that binds instead of the service's own. */
  profileId: z.string().nullable(),
  /** Entered from the signed contract. */
  contractNumbers: z.partialRecord(ContractNumberName, z.union([z.number(), z.boolean()])),
});
export type TermsFacts = z.infer<typeof TermsFacts>;

const Facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

/** Rule, line of the source, the sentence with the figures, and what the source leaves open. */
const Because = {
  rule: z.string(),
  source: z.string(),
  reason: z.string(),
  facts: Facts,
  note: z.string().nullable(),
};

export const CLOCK_IDS = [
  "invoice",
  "handOverTarget",
  "handOverLimit",
  "handedOver",
  "yearOne",
  "quarter",
  "upgrade",
  "downgrade",
  "cancel",
  "nextUpdate",
  "nextUpgrade",
  "renewBy",
  "renewal",
  "notice",
  "end",
  "copyRequest",
  "suspension",
  "retrieval",
  "deletion",
] as const;
export const ClockId = z.enum(CLOCK_IDS);
export type ClockId = z.infer<typeof ClockId>;

/** One date of the contract, read from the facts by a rule and never stored. */
export const TermsClock = z.object({
  id: ClockId,
  /** Day in the customer's zone. */
  on: z.string(),
  /** Exact moment, where the rule counts to one. */
  at: z.date().nullable(),
  standing: z.enum(["passed", "ahead"]),
  ...Because,
});
export type TermsClock = z.infer<typeof TermsClock>;

export const ENTITLEMENT_IDS = [
  "dedicatedHost",
  "httpsOnly",
  "keyOnlySsh",
  "monitoring",
  "backups",
  "stackUpdates",
  "serverAccess",
  "disasterRecovery",
  "highAvailability",
  "access247",
  "sla",
  "scaling",
  "size",
  "backupKept",
  "backupPlaces",
  "latestOnly",
  "tiers",
  "backupAccess",
  "uptime",
  "recoveryTime",
  "recoveryPoint",
  "certificateWatch",
  "version",
  "updates",
  "majorChanges",
  "weeklyMinutes",
  "securityAnswer",
  "noticeDays",
  "minimumTerm",
  "export",
] as const;
export const EntitlementId = z.enum(ENTITLEMENT_IDS);
export type EntitlementId = z.infer<typeof EntitlementId>;

/** One promise, or the lack of one. */
export const Entitlement = z.object({
  id: EntitlementId,
  /** Null: of the whole contract. */
  environment: EnvironmentKind.nullable(),
  /** `open`: only the signed contract can say, and nobody has entered it. */
  standing: z.enum(["promised", "not-promised", "open"]),
  /** The value was entered from the signed contract. */
  fromContract: z.boolean(),
  /** Exception in force for its rule. */
  exceptionId: z.string().nullable(),
  ...Because,
});
export type Entitlement = z.infer<typeof Entitlement>;

export const LifecycleStateName = z.enum(LIFECYCLE_STATES);

export const ContractTerms = z.object({
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  service: Service,
  owner: z.string(),
  zone: z.string(),
  isLab: z.boolean(),
  profile: z.object({ id: z.string(), name: z.string(), version: z.string() }),
  today: z.string(),
  state: LifecycleStateName,
  facts: TermsFacts,
  /** In order of time. */
  clocks: z.array(TermsClock),
  entitlements: z.array(Entitlement),
  /** Whether a copy, a renewal and the deletion are possible now. */
  acts: z.object({ copyRequest: Verdict, reactivation: Verdict, deletion: Verdict }),
  /** Whether a sandbox is free now (R30); null for a service without a train of upgrades. */
  freeSandbox: Verdict.nullable(),
  exceptions: z.array(TermsException),
  /** Newest first. */
  records: z.array(TermsRecord),
});
export type ContractTerms = z.infer<typeof ContractTerms>;

export const SOLVE_ACTS = ["upgrade", "downgrade", "cancel", "end"] as const;
/** `end` is a cancellation with the clocks that it starts. */
export const SolveAct = z.enum(SOLVE_ACTS);
export type SolveAct = z.infer<typeof SolveAct>;

export const Solution = z.object({
  act: SolveAct,
  announcedOn: z.string(),
  /** First possible day. */
  effectiveOn: z.string(),
  /** Last day of written notice for it. */
  noticeBy: z.string(),
  verdict: Verdict,
  /** What starts on that day; empty for a mere change. */
  afterwards: z.array(TermsClock),
});
export type Solution = z.infer<typeof Solution>;

const RowTenant = {
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  service: Service,
  owner: z.string(),
  isLab: z.boolean(),
};

export const VersionRow = z.object({
  ...RowTenant,
  environmentId: z.string(),
  environment: EnvironmentKind,
  region: z.string(),
  version: z.string().nullable(),
  newest: z.string().nullable(),
  support: VersionSupport,
  exceptionUntil: z.string().nullable(),
  /** When production's next update and upgrade come; null for a service without a train. */
  train: z
    .object({
      updateOn: z.string(),
      upgradeOn: z.string(),
      /** False: the customer keeps the timing. */
      isAutomatic: z.boolean(),
      /** The day has passed, and a newer release exists. */
      updateOverdue: z.boolean(),
      upgradeOverdue: z.boolean(),
      rule: z.string(),
      source: z.string(),
    })
    .nullable(),
  ...Because,
});
export type VersionRow = z.infer<typeof VersionRow>;

export const ExpiryRow = z.object({
  ...RowTenant,
  state: LifecycleStateName,
  goodStanding: z.boolean(),
  legalHold: z.boolean(),
  /** The date that comes next, or the deletion that is due; null where the dates contradict each other. */
  next: TermsClock.nullable(),
  /** Whole days to it; negative when it has passed. */
  daysLeft: z.number().int().nullable(),
  /** Why the state cannot be told. */
  problem: z.string().nullable(),
});
export type ExpiryRow = z.infer<typeof ExpiryRow>;

export const TermsBoard = z.object({ versions: z.array(VersionRow), expiries: z.array(ExpiryRow) });
export type TermsBoard = z.infer<typeof TermsBoard>;

/** One number of a profile with the rule that it was read from. */
export const ProfileNumber = z.object({
  /** "lifecycle.suspensionDays". */
  path: z.string(),
  value: z.string(),
  rule: z.string(),
  source: z.string(),
  note: z.string().nullable(),
  /** Tenants with an exception in force for the rule, by slug. */
  excepted: z.array(z.string()),
});
export type ProfileNumber = z.infer<typeof ProfileNumber>;

/** An exception of any tenant, as the list of a profile's numbers shows it. */
export const StandingException = TermsException.extend({ slug: z.string(), customer: z.string() });
export type StandingException = z.infer<typeof StandingException>;

export const ProfileView = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  service: Service,
  tenants: z.array(z.object({ slug: z.string(), customer: z.string() })),
  numbers: z.array(ProfileNumber),
  /** Who added it and when; null for a shipped one. */
  added: z.object({ by: z.string(), at: z.date() }).nullable(),
  /** In force or ahead, of the tenants that it binds. */
  exceptions: z.array(StandingException),
});
export type ProfileView = z.infer<typeof ProfileView>;
