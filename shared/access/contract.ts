import { oc } from "@orpc/contract";
import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";
import { TerminalSession } from "../terminal/model.ts";
import { AccessKey, HostReading, KeyDrift } from "./model.ts";

const RequestId = z.uuid();
const Tenant = z.string().min(1).max(100);
const Environment = z.object({ tenant: Tenant, environment: EnvironmentKind.default("production") });
const Started = z.object({ jobId: z.string() });
const Name = z.string().trim().min(1).max(120);

export const accessContract = {
  /** The register, what no entry of it explains, and how old each host's list is. Never waits for a host. */
  list: oc
    .input(z.object({ tenant: Tenant.optional() }))
    .output(z.object({ keys: z.array(AccessKey), drift: z.array(KeyDrift), readings: z.array(HostReading) })),
  /** Reads one host's list now. */
  read: oc.input(Environment).output(HostReading),
  /** Registers a key and puts it on the host; the host itself refuses it after `expiresAt`. */
  grant: oc
    .input(
      Environment.extend({
        requestId: RequestId,
        owner: Name,
        approver: Name,
        purpose: z.string().trim().min(3).max(500),
        /** One line in OpenSSH form. */
        publicKey: z.string().trim().min(40).max(4_000),
        expiresAt: z.date(),
      }),
    )
    .output(Started),
  /** Takes a key off the host; sessions opened with it end. The entry stays in the register. */
  revoke: oc
    .input(
      z.object({ requestId: RequestId, keyId: z.string().min(1).max(100), reason: z.string().trim().min(3).max(500) }),
    )
    .output(Started),
  /**
   * A new key of this console's operator for all running hosts of one account: made, put there, tested, then the old one
   * taken away. At every moment one of the two opens each host.
   */
  rotate: oc.input(z.object({ requestId: RequestId, accountId: z.string().min(1).max(100) })).output(Started),
  /** Who logged in where, when and why (R101), newest first. */
  sessions: oc
    .input(z.object({ tenant: Tenant.optional(), limit: z.number().int().min(1).max(1000).default(200) }))
    .output(z.array(TerminalSession)),
};
