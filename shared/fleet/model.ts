import { z } from "zod";
import { Environment, Service, Edition } from "../tenant/model.ts";

/** One line of the fleet: one environment with the facts of its tenant. */
export const FleetRow = Environment.extend({
  tenantId: z.string(),
  slug: z.string(),
  customer: z.string(),
  service: Service,
  edition: Edition,
  owner: z.string(),
  zone: z.string(),
  isLab: z.boolean(),
  /** The job that runs on the tenant, or the provisioning that ended before the hand-over; its state tells which. */
  activeJob: z.object({ id: z.string(), kind: z.string(), state: z.string(), percent: z.number() }).nullable(),
});
export type FleetRow = z.infer<typeof FleetRow>;

/** How fresh the inventory of one account and region is, and why it is not fresher. */
export const InventorySource = z.object({
  accountId: z.string(),
  accountName: z.string(),
  region: z.string(),
  readAt: z.date().nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type InventorySource = z.infer<typeof InventorySource>;
