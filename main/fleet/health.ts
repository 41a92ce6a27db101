import { z } from "zod";
import { errorFacts } from "../../shared/errors.ts";
import type { Health } from "../../shared/tenant/model.ts";

/** What a golden image answers on /health. Source: docs/image-contract.md. */
const HealthAnswer = z.looseObject({
  status: z.string(),
  lockout: z.object({ since: z.coerce.date(), until: z.coerce.date().nullable() }).nullish().catch(undefined),
  database: z.union([z.string(), z.looseObject({ ready: z.boolean() })]).nullish(),
});

/** Reads one answer, or the failure to get one, as health. Pure. */
export function healthOf(
  answer:
    | { status: number; body: string; certificate?: { validTo: string; issuer: string } | undefined }
    | { error: unknown },
  checkedAt: Date,
): Health {
  if ("error" in answer) {
    const facts = errorFacts(answer.error);
    return { state: "down", checkedAt, detail: facts.message };
  }
  const parsed = HealthAnswer.safeParse(parseJson(answer.body));
  const endsAt = new Date(answer.certificate?.validTo ?? Number.NaN);
  const seen = {
    ...(parsed.success && { lockout: parsed.data.lockout ?? null }),
    ...(answer.certificate &&
      !Number.isNaN(endsAt.getTime()) && { certificate: { validTo: endsAt, issuer: answer.certificate.issuer } }),
  };
  if (answer.status === 200) {
    const degraded = parsed.success && parsed.data.status !== "up" && parsed.data.status !== "ok";
    return { state: degraded ? "degraded" : "up", checkedAt, detail: degraded ? parsed.data.status : null, ...seen };
  }
  const said = parsed.success ? parsed.data.status : `HTTP ${answer.status}`;
  return { state: answer.status === 503 && said === "lockout" ? "degraded" : "down", checkedAt, detail: said, ...seen };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
