import { z } from "zod";

/**
 * The answer of one contract rule, ready to be shown: what the rule says of these facts, from when it would allow the
 * act, and where its text stands.
 */
export const Verdict = z.object({
  /** Number in docs/policy.md, "R8". Several rules in one check name the one that decided. */
  rule: z.string().regex(/^R\d{1,3}$/),
  allowed: z.boolean(),
  /** RFC 3339 UTC instant or plain date from which the act is allowed; absent when time does not help. */
  earliest: z.string().optional(),
  /** One sentence with the figures that decided; English, the window translates by `rule` and `facts`. */
  reason: z.string(),
  /** Line of the source text, "OB:44". */
  source: z.string(),
  /** The figures of the reason, for translation: {"limitPercent": 50}. */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  /** The refusal may be overridden with a recorded reason. */
  overridable: z.boolean().optional(),
});
export type Verdict = z.infer<typeof Verdict>;
