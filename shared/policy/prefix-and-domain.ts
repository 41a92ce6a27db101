import { DAY_MS } from "../time.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";

/** Longest label of RFC 1035. */
const LABEL_LENGTH = 63;

/** What is wrong with the form of a DNS label, or undefined when it is sound (RFC 1035, RFC 5891). */
export const labelFault = (label: string): string | undefined => labelFaultCase(label)?.[1];

/** The fault with the name it has in `facts.case`. */
function labelFaultCase(label: string): readonly [name: string, why: string] | undefined {
  if (label.length === 0) return ["empty", "it is empty"];
  if (label.length > LABEL_LENGTH)
    return ["long", `it has ${label.length} characters, a DNS label has at most ${LABEL_LENGTH}`];
  if (/[A-Z]/.test(label)) return ["capitals", "it holds capital letters; addresses are written in lower case"];
  if (!/^[a-z0-9-]+$/.test(label)) return ["characters", "only a to z, 0 to 9 and hyphens may stand in it"];
  if (label.startsWith("-") || label.endsWith("-")) return ["edgeHyphen", "it starts or ends with a hyphen"];
  if (label.slice(2, 4) === "--")
    return ["innerHyphens", "two hyphens in third and fourth place are kept for international names"];
  return undefined;
}

/**
 * Says whether a customer may have this URL prefix (R10 Openbravo, R12 Acumatica).
 *
 * Checks DNS form, reserved words, the contract's own restrictions where somebody entered them (gap e), and that no
 * tenant of `takenPrefixes` has it, in any case of letters. Never overridable: an address has one owner.
 */
export function checkPrefix(profile: PolicyProfile, prefix: string, takenPrefixes: Iterable<string>): Verdict {
  const { domain, fromContract } = profile;
  const shown = prefix.length > 80 ? `${prefix.slice(0, 80)}…` : prefix;
  const no = (name: string, why: string, more: Verdict["facts"] = {}) =>
    refuse(domain, `The prefix "${shown}" cannot be used: ${why}.`, {
      note: domain.note,
      facts: { case: `prefix.${name}`, prefix: shown, ...more },
    });

  const fault = labelFaultCase(prefix);
  if (fault) return no(...fault, { length: prefix.length, maximum: LABEL_LENGTH });
  if (domain.reservedWords.includes(prefix)) return no("reserved", "the word is reserved");

  const { minimumLength, maximumLength, forbiddenWords } = fromContract.prefixRestrictions ?? {};
  if (minimumLength !== undefined && prefix.length < minimumLength)
    return no("tooShort", `the contract asks for at least ${minimumLength} characters`, { minimum: minimumLength });
  if (maximumLength !== undefined && prefix.length > maximumLength)
    return no("tooLong", `the contract allows at most ${maximumLength} characters`, { maximum: maximumLength });
  const forbidden = forbiddenWords?.find((word) => prefix.includes(word.toLowerCase()));
  if (forbidden !== undefined) return no("forbidden", `the contract forbids "${forbidden}" in it`, { word: forbidden });

  for (const taken of takenPrefixes)
    if (taken.toLowerCase() === prefix)
      return no("taken", `another tenant has ${prefix}.${domain.suffix}`, { address: `${prefix}.${domain.suffix}` });
  return allow(domain, `https://${prefix}.${domain.suffix} is free and well formed.`, {
    facts: { case: "prefix.free", address: `${prefix}.${domain.suffix}` },
  });
}

/** Says whether a tenant may use a domain of its own (R11: never; R12: with its own certificate). */
export function checkCustomDomain(profile: PolicyProfile, domain: string, hasCertificate: boolean): Verdict {
  const { custom } = profile.domain;
  if (!custom.allowed)
    return refuse(custom, `${profile.name} gives no choice of the domain name.`, {
      facts: { case: "domain.noChoice", service: profile.name },
    });
  const labels = domain.toLowerCase().split(".");
  const fault =
    domain.length > 253
      ? "it is longer than 253 characters"
      : labels.length < 2
        ? "it needs a name and a top-level domain"
        : labels.map(labelFault).find((one) => one !== undefined && !one.startsWith("two hyphens"));
  if (fault)
    return refuse(custom, `"${domain.slice(0, 80)}" is no domain name: ${fault}.`, {
      facts: { case: "domain.malformed", domain: domain.slice(0, 80) },
    });
  if (!hasCertificate)
    return refuse(custom, `${domain} needs a certificate supplied by the customer.`, {
      facts: { case: "domain.needsCertificate", domain },
    });
  return allow(custom, `${domain} may be used with the customer's own certificate.`, {
    facts: { case: "domain.own", domain },
  });
}

/**
 * Certificate watch (R13): refuses once the certificate has ended, and names the watch step that was reached.
 *
 * `stepDays` of the facts is the smallest step at or above the whole days left, null before the first step.
 */
export function checkCertificate(profile: PolicyProfile, notAfter: Date, now: Date): Verdict {
  const { certificate } = profile.domain;
  const leftMs = notAfter.getTime() - now.getTime();
  const daysLeft = Math.floor(leftMs / DAY_MS);
  const reached = certificate.watchDays.filter((days) => leftMs <= days * DAY_MS);
  const stepDays = reached.length > 0 ? Math.min(...reached) : null;
  const name = leftMs <= 0 ? "certificate.ended" : "certificate.lasts";
  const extra = { facts: { case: name, daysLeft, stepDays, endsAt: notAfter.toISOString() }, note: certificate.note };
  if (leftMs <= 0) return refuse(certificate, `The certificate ended on ${notAfter.toISOString()}.`, extra);
  return allow(certificate, `The certificate ends in ${daysLeft} days.`, extra);
}
