import { oc } from "@orpc/contract";
import { z } from "zod";
import { Fault, FaultInput, LabStatus } from "./model.ts";

/** The lab's own page. Everything else learns of the lab only through AWS's protocols. */
export const labContract = {
  /** null when this console runs without a lab. */
  status: oc.output(LabStatus.nullable()),
  injectFault: oc.input(FaultInput).output(Fault),
  clearFault: oc.input(z.object({ id: z.string().max(100) })).output(z.object({ cleared: z.boolean() })),
  clearFaults: oc.output(z.object({ cleared: z.number().int() })),
  /** Wipes all instances, volumes, buckets and hosts and seeds anew. `confirm` is the word "lab". */
  reset: oc.input(z.object({ confirm: z.string().max(20), seed: z.enum(["demo", "empty"]) })).output(LabStatus),
};
