import { z } from "zod";
import { ENVIRONMENT_KINDS } from "../../../../shared/tenant/model.ts";

/** Whose data a volume holds; written on the volume itself before anything else and never changed to another tenant. */
export const DataIdentity = z.object({
  tenantId: z.string().min(1).max(100),
  tenant: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?$/, "is no slug"),
  environment: z.enum(ENVIRONMENT_KINDS),
  domain: z
    .string()
    .max(253)
    .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "is no domain name"),
  product: z.string(),
  /** Of the application that last ran on the data. */
  version: z.string(),
  zone: z.string(),
});
export type DataIdentity = z.infer<typeof DataIdentity>;

export const SetupInput = DataIdentity.pick({ tenantId: true, tenant: true, environment: true, domain: true }).extend({
  /** The customer's IANA time zone; absent keeps the known one, UTC at first. */
  zone: z.string().max(60).refine(isZone, "is no time zone").optional(),
});
export type SetupInput = z.infer<typeof SetupInput>;

/** What a host finds in its user data when it is to set itself up: `{"erp": …}`. */
export const UserData = z.object({ erp: SetupInput.extend({ activationKey: z.string().optional() }) });

/** The self-setup part of user data; null when it is not for the ERP (a shell script, cloud-config, nothing). */
export function readUserData(text: string | null): z.infer<typeof UserData>["erp"] | null {
  if (!text) return null;
  try {
    const json: unknown = JSON.parse(text.replace(/^#cloud-config\s*\n/, ""));
    return UserData.safeParse(json).data?.erp ?? null;
  } catch {
    return null;
  }
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
