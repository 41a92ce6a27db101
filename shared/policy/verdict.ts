import { z } from "zod";

/**
 * The answer of one contract rule, ready to be shown: what the rule says of these facts, from when it would allow the
 * act, and where its text stands.
 */
export const Verdict = z.object({
  /**
   * Number in docs/policy.md, "R8"; "quota" is the AWS account's own limit, "overlap" and "blackout" are the calendar's
   * own order, "identity" and "source" are what a restore must know of itself. Several rules in one check name the
   * one that decided.
   */
  rule: z.string().regex(/^(?:R\d{1,3}|quota|overlap|blackout|identity|source)$/),
  allowed: z.boolean(),
  /** RFC 3339 UTC instant or plain date from which the act is allowed; absent when time does not help. */
  earliest: z.string().optional(),
  /** One sentence with the figures that decided; English, the window translates by `rule` and `facts`. */
  reason: z.string(),
  /** Line of the source text, "OB:44". */
  source: z.string(),
  /**
   * The figures of the reason, for translation: {"limitPercent": 50}. `case` names the sentence, "size.above"; further
   * sentences of one reason have theirs under "2.case", "2.limitPercent".
   */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  /** What the source leaves open and how it is read here, "gap (c)" of docs/policy.md. */
  note: z.string().optional(),
  /** The refusal may be overridden with a recorded reason. */
  overridable: z.boolean().optional(),
  /** The recorded reason that overrides this refusal; `allowed` stays false. */
  override: z.string().optional(),
});
export type Verdict = z.infer<typeof Verdict>;

/** Where a number or a rule comes from. */
export interface Clause {
  readonly rule: string;
  readonly source: string;
}

type Extra = Partial<Omit<Verdict, "rule" | "source" | "allowed" | "reason">>;

export const allow = (clause: Clause, reason: string, extra: Extra = {}): Verdict =>
  verdict(clause, true, reason, extra);

export const refuse = (clause: Clause, reason: string, extra: Extra = {}): Verdict =>
  verdict(clause, false, reason, extra);

/** `allowed ? allow(…) : refuse(…)`, for rules whose sentence is the same both ways. */
export function verdict(clause: Clause, allowed: boolean, reason: string, extra: Extra = {}): Verdict {
  const { earliest, facts, note, overridable, override } = extra;
  const result: Verdict = {
    rule: clause.rule,
    allowed,
    ...(earliest === undefined ? {} : { earliest }),
    reason,
    source: clause.source,
    ...(facts === undefined ? {} : { facts }),
    ...(note === undefined ? {} : { note }),
    ...(overridable && !allowed ? { overridable } : {}),
    ...(override === undefined ? {} : { override }),
  };
  return result;
}

/** The refusals that still stand: neither allowed nor overridden with a recorded reason. */
export function standingRefusals(verdicts: readonly Verdict[]): Verdict[] {
  return verdicts.filter((one) => !one.allowed && one.override === undefined);
}

/**
 * Attaches the written reasons of `overrides` (by rule number) to the refusals that may be overridden.
 *
 * A reason for a rule that allows, or that nobody may override, changes nothing.
 */
export function withOverrides(verdicts: readonly Verdict[], overrides: Readonly<Record<string, string>>): Verdict[] {
  return verdicts.map((one) => {
    const reason = Object.hasOwn(overrides, one.rule) ? overrides[one.rule]?.trim() : undefined;
    return !one.allowed && one.overridable && reason ? { ...one, override: reason } : one;
  });
}
