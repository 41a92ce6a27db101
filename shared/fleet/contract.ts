import { oc } from "@orpc/contract";
import { z } from "zod";
import { FleetRow, InventorySource } from "./model.ts";

export const fleetContract = {
  /** The whole fleet as last read, with the age of each source; never waits for AWS. */
  list: oc.output(z.object({ rows: z.array(FleetRow), sources: z.array(InventorySource) })),
  /** Reads AWS again in all accounts and regions and rebuilds the inventory from tags. */
  refresh: oc.output(z.object({ sources: z.array(InventorySource) })),
};
