import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";

/** A host's key as the host shows it, or as its machine printed it on the console of AWS. */
export const HostKeyPrint = z.object({
  /** As in the key itself: "ssh-ed25519". */
  algorithm: z.string().max(100),
  /** "SHA256:…" */
  fingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/),
});
export type HostKeyPrint = z.infer<typeof HostKeyPrint>;

/**
 * How a key came to be pinned. `inventory`: found in the tags of AWS, pinned by another console or before this record;
 * `job`: one of our own jobs made the machine anew; `learned`: another algorithm of a host that proved a pinned key;
 * `operator`: pinned again by a person after a block.
 */
export const PinnedHow = z.enum(["inventory", "job", "learned", "operator"]);
export type PinnedHow = z.infer<typeof PinnedHow>;

/** What confirmed a changed key beside the person who pinned it. */
export const SecondLook = z.discriminatedUnion("kind", [
  /** The machine printed the same key on its AWS console; read and compared when it is pinned. */
  z.object({ kind: z.literal("console") }),
  /** A second person compared the fingerprint on the machine itself. */
  z.object({ kind: z.literal("operator"), name: z.string().trim().min(2).max(80) }),
]);
export type SecondLook = z.infer<typeof SecondLook>;

export const PinnedHostKey = z.object({
  fingerprint: z.string(),
  /** Null while only its fingerprint is known. */
  algorithm: z.string().nullable(),
  how: PinnedHow,
  pinnedAt: z.date().nullable(),
  jobId: z.string().nullable(),
  operator: z.string().nullable(),
  reason: z.string().nullable(),
  secondLook: SecondLook.nullable(),
  /** Null while it is accepted. */
  retiredAt: z.date().nullable(),
});
export type PinnedHostKey = z.infer<typeof PinnedHostKey>;

/** A host that showed another key than the pinned ones, and that nobody has settled yet. */
export const HostKeyAlarm = z.object({
  environmentId: z.string(),
  tenantId: z.string(),
  tenantSlug: z.string(),
  customer: z.string(),
  kind: EnvironmentKind,
  /** "ubuntu@203.0.113.7:22" */
  host: z.string(),
  offered: z.array(HostKeyPrint),
  firstAt: z.date(),
  lastAt: z.date(),
  times: z.number().int(),
});
export type HostKeyAlarm = z.infer<typeof HostKeyAlarm>;

export const HostKeyReport = z.object({
  environmentId: z.string(),
  tenantId: z.string(),
  tenantSlug: z.string(),
  customer: z.string(),
  kind: EnvironmentKind,
  host: z.string(),
  pinned: z.array(PinnedHostKey),
  /** Accepted once, newest first. */
  past: z.array(PinnedHostKey),
  alarm: HostKeyAlarm.nullable(),
});
export type HostKeyReport = z.infer<typeof HostKeyReport>;

const Reading = z.object({
  keys: z.array(HostKeyPrint).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});

export const HostKeyVerdictKind = z.enum(["match", "newAlgorithm", "changedByOwnJob", "changedUnexplained"]);

/** A look at the host and at what its machine printed, made now. Nothing is sent to the host but the greeting. */
export const HostKeyLook = z.object({
  at: z.date(),
  shown: Reading,
  printed: Reading,
  /** Null while the host does not answer. */
  verdict: HostKeyVerdictKind.nullable(),
});
export type HostKeyLook = z.infer<typeof HostKeyLook>;

export const RepinHostKey = z.object({
  environmentId: z.string().min(1).max(100),
  /** The new key that was looked at; the host must still show it. */
  fingerprint: HostKeyPrint.shape.fingerprint,
  reason: z.string().trim().min(10).max(500),
  secondLook: SecondLook,
  /** The tenant's short name, typed. */
  confirm: z.string().max(100),
});
export type RepinHostKey = z.infer<typeof RepinHostKey>;

export type HostKeyVerdict =
  | { readonly kind: "match" }
  /** The host holds a pinned key, and has one of an algorithm of which none is pinned. */
  | { readonly kind: "newAlgorithm"; readonly proven: HostKeyPrint }
  /** A job of ours pinned this key after the caller had read the pins. */
  | { readonly kind: "changedByOwnJob"; readonly jobId: string }
  | { readonly kind: "changedUnexplained" };

export type Pin = Pick<PinnedHostKey, "fingerprint" | "algorithm" | "jobId">;

/**
 * What it means that a host shows these keys, the one offered first in front.
 *
 * `trusted` are the fingerprints that the caller came with, `pinned` what is pinned now. A key counts as shown only when
 * it came from a handshake: that proves possession. A second key of an algorithm that is pinned is a change, also of a
 * host that still shows another pinned one: hosts gain algorithms, they do not swap keys by themselves.
 */
export function classifyHostKey(
  trusted: readonly string[],
  pinned: readonly Pin[],
  shown: readonly HostKeyPrint[],
): HostKeyVerdict {
  const [offered] = shown;
  if (!offered) return { kind: "changedUnexplained" };
  const pin = pinned.find(({ fingerprint }) => fingerprint === offered.fingerprint);
  if (pin) {
    const isNews = !trusted.includes(pin.fingerprint) && pin.jobId !== null;
    return isNews ? { kind: "changedByOwnJob", jobId: pin.jobId! } : { kind: "match" };
  }
  const proven = shown.find((key) => pinned.some(({ fingerprint }) => fingerprint === key.fingerprint));
  if (!proven || algorithmsOf(pinned, shown).has(offered.algorithm)) return { kind: "changedUnexplained" };
  return { kind: "newAlgorithm", proven };
}

/** What may be learned quietly of a host that proved all of `shown`: keys of algorithms of which none is pinned. */
export function keysToLearn(pinned: readonly Pin[], shown: readonly HostKeyPrint[]): HostKeyPrint[] {
  if (!shown.some((key) => pinned.some(({ fingerprint }) => fingerprint === key.fingerprint))) return [];
  const known = algorithmsOf(pinned, shown);
  return shown.filter(({ algorithm }) => !known.has(algorithm));
}

/** Algorithms that are pinned; a pin of which only the fingerprint is known has that of the key that shows it. */
function algorithmsOf(pinned: readonly Pin[], shown: readonly HostKeyPrint[]): ReadonlySet<string> {
  const known = pinned.map(
    (pin) => pin.algorithm ?? shown.find(({ fingerprint }) => fingerprint === pin.fingerprint)?.algorithm,
  );
  return new Set(known.filter((algorithm) => algorithm !== undefined));
}
