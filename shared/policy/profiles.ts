import type { Service } from "../tenant/model.ts";
import { ACUMATICA } from "./acumatica.ts";
import { OPENBRAVO } from "./openbravo.ts";
import type { PolicyProfile } from "./profile.ts";

/** The shipped profiles, by id. */
export const PROFILES: Readonly<Record<Service, PolicyProfile>> = { openbravo: OPENBRAVO, acumatica: ACUMATICA };

/** The numbers that bind a tenant at a moment: its own profile, or its service's, with the exceptions in force. */
export type ProfileFinder = (tenant: { readonly id: string; readonly service: Service }, at: Date) => PolicyProfile;

/** Without any contract of its own. */
export const shippedProfiles: ProfileFinder = ({ service }) => PROFILES[service];

/** The shipped profile of a service. */
export function profileOf(service: Service): PolicyProfile {
  return PROFILES[service];
}
