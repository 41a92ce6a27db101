import { oc } from "@orpc/contract";
import { z } from "zod";
import { ExportedFile } from "../calendar/model.ts";
import { Month, SlaMonth, SlaReport } from "./model.ts";

/** Slug or id. */
const TenantRef = z.string().min(1).max(100);

export const slaContract = {
  /** One month of every tenant's production, the least available first. A month that has not begun is InvalidInput. */
  month: oc.input(z.object({ month: Month })).output(SlaMonth),
  /** One tenant's month with each stretch of it and the proof of each window. NotFound without a production. */
  report: oc.input(z.object({ tenant: TenantRef, month: Month })).output(SlaReport),
  /** The month of all, or of one tenant with its stretches, as a file. */
  export: oc
    .input(z.object({ month: Month, tenant: TenantRef.optional(), format: z.enum(["csv", "json"]) }))
    .output(ExportedFile),
};
