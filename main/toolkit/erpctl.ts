import { z } from "zod";
import { SnapshotData } from "../../shared/snapshot/model.ts";
import { AppError } from "../../shared/errors.ts";
import type { HostAddress, RunOnHost } from "./ports.ts";

/**
 * What `erpctl` of a host's image prints, and the calls for it. The promises behind it are in docs/image-contract.md;
 * later contract versions may add fields, so unknown ones are passed over.
 */

const Instant = z.coerce.date();

export const HostLockout = z.object({ since: Instant, until: Instant.nullable() });
export type HostLockout = z.infer<typeof HostLockout>;

export const ConsistencyGrade = z.enum(["quiesced", "application", "crash"]);
export type ConsistencyGrade = z.infer<typeof ConsistencyGrade>;

export const HostQuiesce = z.object({
  id: z.string(),
  since: Instant,
  /** When the host thaws and unlocks by itself. */
  thawsAt: Instant,
  lockedOut: z.boolean(),
  backupMode: z.boolean(),
  frozen: z.boolean(),
  grade: ConsistencyGrade,
});
export type HostQuiesce = z.infer<typeof HostQuiesce>;

export const HostFacts = z.object({
  contract: z.number().int(),
  product: z.string().nullable(),
  version: z.string().nullable(),
  tenant: z.string().nullable(),
  tenantId: z.string().nullable(),
  environment: z.string().nullable(),
  domain: z.string().nullable(),
  licence: z.object({ installed: z.boolean(), fingerprint: z.string().nullable(), valid: z.boolean() }),
  database: z.object({
    ready: z.boolean(),
    major: z.number().int().nullable(),
    systemIdentifier: z.string().nullable(),
  }),
  lockout: HostLockout.nullable(),
  quiesce: HostQuiesce.nullable().default(null),
  neutralised: z
    .object({ since: Instant, what: z.array(z.string()) })
    .nullable()
    .default(null),
  dataDevice: z.string().nullable(),
  /** Another one after each start of the machine. */
  bootId: z.string().nullable().default(null),
});
export type HostFacts = z.infer<typeof HostFacts>;

/** What a host tells of its data is what a snapshot of it keeps. */
export const DataManifest = SnapshotData;
export type DataManifest = SnapshotData;

export const HostSpace = z.object({
  totalBytes: z.number(),
  freeBytes: z.number(),
  freeInodes: z.number().nullable(),
  databaseBytes: z.number(),
  attachmentsBytes: z.number(),
  walBytes: z.number(),
  /** Where long work may put its files, on the data volume. */
  scratch: z.string(),
});
export type HostSpace = z.infer<typeof HostSpace>;

export const HostThaw = z.object({
  id: z.string(),
  /** False: the host's own timer had ended the hold before, or it was never held. */
  held: z.boolean(),
  since: Instant.nullable(),
  endedAt: Instant.nullable(),
  endedBy: z.enum(["console", "timer", "restart"]).nullable(),
});
export type HostThaw = z.infer<typeof HostThaw>;

export const HostSmoke = z.object({
  ok: z.boolean(),
  checks: z.array(
    z.object({ name: z.string(), ok: z.boolean(), detail: z.string().nullish(), milliseconds: z.number() }),
  ),
});
export type HostSmoke = z.infer<typeof HostSmoke>;

export const HostCertificate = z.object({
  domain: z.string(),
  issuer: z.string(),
  validFrom: Instant,
  validTo: Instant,
  fingerprint: z.string(),
  /** `vendor`: issued by the service for its own domain; `customer`: installed for the customer's domain (R12). */
  origin: z.enum(["vendor", "customer"]),
});
export type HostCertificate = z.infer<typeof HostCertificate>;

export const HostKeyEntry = z.object({
  /** Null for a line that no console wrote. */
  id: z.string().nullable(),
  fingerprint: z.string(),
  comment: z.string(),
  until: Instant.nullable(),
});
export type HostKeyEntry = z.infer<typeof HostKeyEntry>;

const Count = z.number().int().nullable();
/** One reading. What only counts up starts anew with the database. */
export const HostIndicators = z.object({
  at: Instant,
  /** Null while the database does not answer, or is held still for a copy. */
  database: z
    .object({
      connections: z.number(),
      maxConnections: z.number(),
      committed: z.number(),
      rolledBack: z.number(),
      blocksHit: z.number(),
      blocksRead: z.number(),
      waitingLocks: z.number(),
      longestTransactionSeconds: z.number().nullable(),
      walBytes: z.number(),
      databaseBytes: z.number(),
      replicationLagBytes: z.number().nullable(),
      archiveLagSeconds: z.number().nullable(),
    })
    .nullable(),
  application: z.object({
    status: z.enum(["up", "degraded", "down"]),
    /** Of one GET /health over HTTPS from the host itself; null when it did not answer. */
    responseMilliseconds: z.number().nullable(),
    orders: z.number(),
    ordersPerMinute: z.number(),
    /** Documents of the present calendar month in the customer's zone (R26). */
    monthly: z
      .object({
        salesOrders: Count,
        invoices: Count,
        shipments: Count,
        payments: Count,
        purchaseOrders: Count,
        purchaseReceipts: Count,
        bills: Count,
        vendorPayments: Count,
      })
      .nullable(),
  }),
});
export type HostIndicators = z.infer<typeof HostIndicators>;

export type HostUpdate = z.infer<typeof HostUpdate>;
export const HostUpdate = z.object({
  changed: z.array(z.object({ name: z.string(), from: z.string().nullable(), to: z.string() })),
  rebootNeeded: z.boolean(),
});

export type HostExport = z.infer<typeof HostExport>;
export const HostExport = z.object({
  file: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  parts: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
});

/** Words of the long verbs: they run as detached steps, see detached.ts. */
export const longVerbs = {
  exportData: (id: string, to: string) => ["erpctl", "export", "--id", id, "--to", to],
  importData: (from: string) => ["erpctl", "import", "--from", from],
  updateStack: () => ["erpctl", "update", "stack"],
  updateApplication: (version: string) => ["erpctl", "update", "application", "--to", version],
} as const;

export interface SetupOrder {
  readonly tenant: string;
  readonly tenantId: string;
  readonly environment: string;
  readonly domain: string;
  readonly zone?: string;
  /** Mail, schedulers, payments and integrations are cut before the application starts. */
  readonly neutralise?: boolean;
  /** The application starts locked out and stays so until it is unlocked. */
  readonly lockedOut?: boolean;
}

/** The verbs of `erpctl` on one host. Each may be repeated; failures are AppErrors that name the host. */
export function erpctl(run: RunOnHost, host: HostAddress, signal: AbortSignal) {
  async function ask<T>(schema: z.ZodType<T>, words: readonly string[], stdin?: string): Promise<T> {
    const command = ["erpctl", ...words];
    const result = await run(host, command, { signal, ...(stdin === undefined ? {} : { stdin }) });
    // smoke and health print their document also when they end with 1
    const speaks = result.exitCode === 0 || (result.exitCode === 1 && result.stdout.trim().startsWith("{"));
    if (!speaks) throw commandFailed(host.name, command, result);
    try {
      return schema.parse(JSON.parse(result.stdout));
    } catch (error) {
      throw new AppError(
        "HostCommandFailed",
        `${host.name}: "${command.slice(0, 2).join(" ")}" gave no answer that the image contract knows.`,
        { retryable: false, next: "Check the image's contract version; nothing was decided on this answer." },
        { cause: error },
      );
    }
  }
  const flags = (order: SetupOrder) => [
    "--tenant",
    order.tenant,
    "--tenant-id",
    order.tenantId,
    "--environment",
    order.environment,
    "--domain",
    order.domain,
    ...(order.zone ? ["--zone", order.zone] : []),
    ...(order.neutralise ? ["--neutralise"] : []),
    ...(order.lockedOut ? ["--locked-out"] : []),
  ];

  return {
    facts: () => ask(HostFacts, ["facts"]),
    setup: (order: SetupOrder) => ask(HostFacts, ["setup", ...flags(order)]),
    installLicence: (key: string) =>
      ask(z.object({ installed: z.boolean(), valid: z.boolean() }), ["licence", "install"], `${key}\n`),
    smoke: () => ask(HostSmoke, ["smoke"]),
    lockOut: async (minutes: number | null) =>
      (
        await ask(z.object({ lockout: HostLockout.nullable() }), [
          "lockout",
          "on",
          ...(minutes === null ? [] : ["--minutes", String(minutes)]),
        ])
      ).lockout,
    unlock: async () => (await ask(z.object({ lockout: HostLockout.nullable() }), ["lockout", "off"])).lockout,
    indicators: async () => (await ask(z.object({ indicators: HostIndicators }), ["indicators"])).indicators,
    manifest: async () => (await ask(z.object({ manifest: DataManifest }), ["manifest"])).manifest,
    space: async () => (await ask(z.object({ space: HostSpace }), ["space"])).space,
    quiesce: async (id: string, seconds: number) =>
      (await ask(z.object({ quiesce: HostQuiesce }), ["quiesce", "--id", id, "--seconds", String(seconds)])).quiesce,
    thaw: async (id: string) => (await ask(z.object({ thaw: HostThaw }), ["thaw", "--id", id])).thaw,
    neutralise: async () =>
      (await ask(z.object({ neutralised: z.object({ since: Instant, what: z.array(z.string()) }) }), ["neutralise"]))
        .neutralised,
    /** Ends application and database and lets go of the data volume, so that it can be detached whole. */
    release: async () => (await ask(z.object({ released: z.boolean() }), ["release"])).released,
    certificate: async () =>
      (await ask(z.object({ certificate: HostCertificate }), ["certificate", "show"])).certificate,
    renewCertificate: async () =>
      (await ask(z.object({ certificate: HostCertificate }), ["certificate", "renew"])).certificate,
    installCertificate: async (pem: string) =>
      (await ask(z.object({ certificate: HostCertificate }), ["certificate", "install"], pem)).certificate,
    keys: async () => (await ask(z.object({ keys: z.array(HostKeyEntry) }), ["access", "list"])).keys,
    grantKey: async (id: string, publicKey: string, until: Date | null) =>
      (
        await ask(
          z.object({ keys: z.array(HostKeyEntry) }),
          ["access", "grant", "--id", id, ...(until ? ["--until", until.toISOString()] : [])],
          `${publicKey}\n`,
        )
      ).keys,
    revokeKey: async (id: string) =>
      (await ask(z.object({ keys: z.array(HostKeyEntry) }), ["access", "revoke", "--id", id])).keys,
  };
}
export type Erpctl = ReturnType<typeof erpctl>;

/** The failure of a command on a host, with what the host said of it. */
export function commandFailed(
  name: string,
  words: readonly string[],
  result: { readonly exitCode: number; readonly stdout: string; readonly stderr: string },
): AppError {
  const said = (result.stderr || result.stdout).trim().slice(0, 2000);
  return new AppError(
    "HostCommandFailed",
    `"${words.slice(0, 2).join(" ")}" on ${name} ended with ${result.exitCode}: ${said}`,
    {
      retryable: false,
      exitCode: result.exitCode,
      next: "Read the host's answer above, mend it there or in the image, then retry from this step.",
    },
  );
}
