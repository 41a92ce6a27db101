import { oc } from "@orpc/contract";
import { z } from "zod";
import { ShownSnapshot, SnapshotComparison, SnapshotList, TakePlan, TakeRequest } from "./model.ts";

const RequestId = z.uuid();
const Id = z.string().min(1).max(100);
const Started = z.object({ jobId: z.string() });

export const snapshotContract = {
  /** Snapshots and archives, newest first, never nightly backups (R59). `refresh` reads AWS again first. */
  list: oc
    .input(z.object({ tenant: z.string().min(1).max(100).optional(), refresh: z.boolean().default(true) }))
    .output(SnapshotList),
  get: oc.input(z.object({ id: Id })).output(ShownSnapshot),
  /** Every rule's verdict and what will happen; reads the host, makes nothing. */
  plan: oc.input(TakeRequest).output(TakePlan),
  /** Refused by a rule: RefusedByRule. Safe to repeat with one `requestId`, which becomes the snapshot's id. */
  take: oc.input(TakeRequest.extend({ requestId: RequestId })).output(Started.extend({ id: z.string() })),
  compare: oc.input(z.object({ left: Id, right: Id })).output(SnapshotComparison),
};
