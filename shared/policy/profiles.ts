import type { Service } from "../tenant/model.ts";
import { ACUMATICA } from "./acumatica.ts";
import { OPENBRAVO } from "./openbravo.ts";
import type { PolicyProfile } from "./profile.ts";

/** The shipped profiles, by id. */
export const PROFILES: Readonly<Record<Service, PolicyProfile>> = { openbravo: OPENBRAVO, acumatica: ACUMATICA };

/** The shipped profile of a service. */
export function profileOf(service: Service): PolicyProfile {
  return PROFILES[service];
}
