import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";
import { DAY_MS } from "../time.ts";

/**
 * What a registered key is, from its own dates and from the host's list as last read.
 *
 * `pending`: granted, not seen on the host yet; `expired`: its date has passed, the host refuses it; `missing`: it
 * should be there and is not; `lingering`: it was revoked and is still there; `unknown`: the host was never read.
 */
export const KEY_STANDINGS = [
  "unknown",
  "pending",
  "active",
  "expiring",
  "expired",
  "missing",
  "lingering",
  "removed",
] as const;
export const KeyStanding = z.enum(KEY_STANDINGS);
export type KeyStanding = z.infer<typeof KeyStanding>;

/** One entry of the register (R102). */
export const AccessKey = z.object({
  id: z.string(),
  tenantId: z.string(),
  tenantSlug: z.string(),
  environmentId: z.string(),
  kind: EnvironmentKind,
  /** Person or firm that holds the private half. */
  owner: z.string(),
  approver: z.string(),
  purpose: z.string(),
  publicKey: z.string(),
  /** "SHA256:…", as OpenSSH prints it. */
  fingerprint: z.string(),
  expiresAt: z.date().nullable(),
  grantedBy: z.string(),
  grantedAt: z.date(),
  revokedBy: z.string().nullable(),
  revokedAt: z.date().nullable(),
  revokeReason: z.string().nullable(),
  standing: KeyStanding,
});
export type AccessKey = z.infer<typeof AccessKey>;
export type RegisteredKey = Omit<AccessKey, "standing"> & {
  readonly installedAt: Date | null;
  readonly removedAt: Date | null;
};

/** A line of a host's list of keys. */
export const HostKeyLine = z.object({
  id: z.string().nullable(),
  fingerprint: z.string(),
  comment: z.string(),
  until: z.date().nullable(),
});
export type HostKeyLine = z.infer<typeof HostKeyLine>;

/** A line that the register does not explain: somebody else put it there. */
export const KeyDrift = HostKeyLine.extend({
  tenantId: z.string(),
  tenantSlug: z.string(),
  environmentId: z.string(),
  kind: EnvironmentKind,
  readAt: z.date(),
});
export type KeyDrift = z.infer<typeof KeyDrift>;

export const HostReading = z.object({
  tenantId: z.string(),
  tenantSlug: z.string(),
  environmentId: z.string(),
  kind: EnvironmentKind,
  /** Null: never. */
  readAt: z.date().nullable(),
  /** Keys on the host, the operator's own included. */
  keys: z.number().int(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type HostReading = z.infer<typeof HostReading>;

/** Reminders begin this long before a key ends. */
export const EXPIRING_MS = 14 * DAY_MS;

/** Pure: see `KeyStanding`. `lines` is the host's list as last read, undefined when it never was. */
export function keyStanding(key: RegisteredKey, lines: readonly HostKeyLine[] | undefined, now: Date): KeyStanding {
  if (key.removedAt) return "removed";
  const there = lines?.some((line) => line.id === key.id || line.fingerprint === key.fingerprint);
  if (key.revokedAt) return there === undefined ? "unknown" : there ? "lingering" : "removed";
  if (key.expiresAt && key.expiresAt <= now) return "expired";
  if (there === undefined) return key.installedAt ? "unknown" : "pending";
  if (!there) return key.installedAt ? "missing" : "pending";
  return key.expiresAt && key.expiresAt.getTime() - now.getTime() <= EXPIRING_MS ? "expiring" : "active";
}

/** Lines of a host that neither a registered key nor one of the console's own keys explains. Pure. */
export function driftOf(
  lines: readonly HostKeyLine[],
  registered: readonly Pick<RegisteredKey, "id" | "fingerprint">[],
  own: ReadonlySet<string>,
): HostKeyLine[] {
  return lines.filter(
    (line) =>
      !own.has(line.fingerprint) &&
      !registered.some((key) => key.id === line.id || key.fingerprint === line.fingerprint),
  );
}

export const ACCESS_STEPS = {
  "access.grant": ["register key", "put key on the host", "check that it is there"],
  "access.revoke": ["record the end", "take key off the host", "check that it is gone"],
} as const;

/** Steps of `access.rotate` before and after those of each host. */
export const ROTATE_STEPS = ["make new key", "switch to new key", "forget old key"] as const;
/** Steps of `access.rotate` on each host: "cafe-azul production: put new key on the host". */
export const ROTATE_HOST_STEPS = [
  "put new key on the host",
  "log in with new key",
  "take old key off the host",
] as const;
