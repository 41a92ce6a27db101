import { oc } from "@orpc/contract";
import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";
import { Label, ShownSnapshot, SnapshotComparison, SnapshotList, TakePlan, TakeRequest } from "./model.ts";

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
  /** Prepares an archive of the environment's data as of now; it ends by itself (R74). */
  export: oc
    .input(
      z.object({
        requestId: RequestId,
        tenant: z.string().min(1).max(100),
        environment: EnvironmentKind.default("production"),
        label: Label,
      }),
    )
    .output(Started.extend({ id: z.string() })),
  /**
   * Fetches an archive to this console's machine, with the reason on record (R104). `to` is a whole path of a folder or of
   * a file that does not exist yet.
   */
  download: oc
    .input(
      z.object({
        requestId: RequestId,
        id: Id,
        to: z.string().min(1).max(4_000),
        reason: z.string().trim().min(3).max(500),
      }),
    )
    .output(Started.extend({ file: z.string() })),
  /** Checks an archive on this console's machine and puts it into the account's bucket; versions must match (R71). */
  import: oc
    .input(
      z.object({
        requestId: RequestId,
        tenant: z.string().min(1).max(100),
        environment: EnvironmentKind.default("production"),
        label: Label,
        file: z.string().min(1).max(4_000),
      }),
    )
    .output(Started.extend({ id: z.string() })),
  /** For good (R73). `confirm` is the snapshot's label or the tenant's slug, typed in full. */
  delete: oc.input(z.object({ requestId: RequestId, id: Id, confirm: z.string().max(100) })).output(Started),
  compare: oc.input(z.object({ left: Id, right: Id })).output(SnapshotComparison),
};
