import { oc } from "@orpc/contract";
import { z } from "zod";
import {
  Act,
  ActPlan,
  Certificate,
  CertificateCheck,
  CertificatePem,
  EnvironmentRef,
  Overrides,
  Reason,
  ResizePlan,
  ResizeRequest,
} from "./acts.ts";
import { ProvisionOptions, ProvisionPlan, ProvisionRequest, Tenant } from "./model.ts";

const RequestId = z.uuid();
const Started = z.object({ jobId: z.string() });
const ActRequest = EnvironmentRef.extend({ requestId: RequestId });
/** On production the notice is asked for, and `confirm` is the slug typed in full. */
const ConfirmedAct = ActRequest.extend({ confirm: z.string().max(100).default(""), overrides: Overrides });

export const tenantContract = {
  /** `tenant` takes a slug or an id. */
  get: oc.input(z.object({ tenant: z.string().min(1).max(100) })).output(Tenant),
  /** What can be chosen in one account and region; reads AWS. */
  provisionOptions: oc
    .input(z.object({ accountId: z.string().max(100).optional(), region: z.string().max(40).optional() }))
    .output(ProvisionOptions),
  /** Dry run: every verdict and every resource, nothing is made. */
  plan: oc.input(ProvisionRequest).output(ProvisionPlan),
  /**
   * Starts provisioning and returns at once; follow it on `jobs.watch`. Safe to repeat with one `requestId`.
   * A refusal by a contract rule is the error RefusedByRule, before any job exists.
   */
  provision: oc
    .input(ProvisionRequest.extend({ requestId: RequestId }))
    .output(z.object({ jobId: z.string(), tenantId: z.string(), slug: z.string() })),
  /** Removes everything that a failed or cancelled provisioning made. `confirm` is the tenant's slug typed in full. */
  rollBack: oc
    .input(z.object({ requestId: RequestId, tenant: z.string().min(1).max(100), confirm: z.string().max(100) }))
    .output(z.object({ jobId: z.string() })),

  /** Dry run of an act: every rule's verdict, and whether the name must be typed. */
  planAct: oc.input(EnvironmentRef.extend({ act: Act, overrides: Overrides })).output(ActPlan),
  start: oc.input(ActRequest).output(Started),
  stop: oc.input(ConfirmedAct).output(Started),
  reboot: oc.input(ConfirmedAct).output(Started),
  /** Users are shut out until `unlock`, or for `minutes`. The watchdog alarms when it outlasts what is said here. */
  lockOut: oc
    .input(ActRequest.extend({ minutes: z.number().int().min(1).max(10_080), reason: Reason, overrides: Overrides }))
    .output(Started),
  /** Also acknowledges a lock-out that ended by itself. */
  unlock: oc.input(ActRequest.extend({ reason: Reason })).output(Started),
  /** Dry run: the sizes from and to, every rule's verdict, the steps. Nothing is changed. */
  planResize: oc.input(ResizeRequest).output(ResizePlan),
  /** Refused by a rule: RefusedByRule, before any job exists. `confirm` is the slug typed in full. */
  resize: oc
    .input(ResizeRequest.extend({ requestId: RequestId, confirm: z.string().max(100).default("") }))
    .output(Started),
  /** Read from the host now. */
  certificate: oc.input(EnvironmentRef).output(Certificate),
  /** A new certificate for the vendor's own domain. */
  renewCertificate: oc.input(ActRequest).output(Started),
  /** Reads a customer's chain and key; nothing is sent or kept. */
  checkCertificate: oc.input(EnvironmentRef.extend({ pem: CertificatePem })).output(CertificateCheck),
  /** Installs a customer's certificate (R12) after the same check. */
  installCertificate: oc.input(ActRequest.extend({ pem: CertificatePem })).output(Started),
};
