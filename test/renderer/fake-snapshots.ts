import { AppError } from "../../shared/errors.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { checkCleanUp, checkSnapshotSpace } from "../../shared/policy/restore.ts";
import { compareSnapshots } from "../../shared/snapshot/compare.ts";
import type { ShownSnapshot, SnapshotData, SnapshotList, TakePlan, TakeRequest } from "../../shared/snapshot/model.ts";
import { takeSteps } from "../../shared/snapshot/steps.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { DAY_MS } from "../../shared/time.ts";

const GIB = 1024 ** 3;

/** Three snapshots for each tenant, under the real rules. */
export function createFakeSnapshots(tenants: readonly Tenant[], now: Date) {
  const all = tenants.flatMap((tenant) => demoSnapshots(tenant, now));
  const ofTenant = (ref: string): Tenant => {
    const tenant = tenants.find(({ id, slug }) => id === ref || slug === ref);
    if (!tenant) throw new AppError("NotFound", `There is no tenant ${ref}.`, { retryable: false });
    return tenant;
  };
  const get = (id: string): ShownSnapshot => {
    const found = all.find((one) => one.id === id);
    if (!found) throw new AppError("NotFound", `There is no snapshot ${id}.`, { retryable: false });
    return found;
  };

  return {
    get,
    list(ref?: string): SnapshotList {
      const tenant = ref === undefined ? undefined : ofTenant(ref);
      const snapshots = tenant ? all.filter((one) => one.tenantId === tenant.id) : all;
      return {
        snapshots,
        unread: [],
        storage: tenant
          ? [
              {
                environment: "production",
                purchasedBytes: 100 * GIB,
                dataBytes: 12 * GIB,
                snapshotBytes: 24 * GIB,
                freeBytes: 64 * GIB,
              },
            ]
          : [],
      };
    },
    plan(request: TakeRequest): TakePlan {
      const tenant = ofTenant(request.tenant);
      const verdict = checkSnapshotSpace(profileOf(tenant.service), {
        purchasedBytes: 100 * GIB,
        databaseBytes: 12 * GIB,
        snapshotBytes: 24 * GIB,
      });
      const copyTo = request.copyTo === undefined ? "eu-central-1" : request.copyTo;
      return {
        verdicts: [verdict],
        allowed: verdict.allowed,
        projectedBytes: 12 * GIB,
        holdSeconds: 60,
        copyTo,
        copyRegions: ["eu-central-1"],
        steps: [...takeSteps(copyTo)],
      };
    },
    take: (request: TakeRequest & { readonly requestId: string }) => ({
      jobId: request.requestId,
      id: request.requestId,
    }),
    compare: (left: string, right: string) => compareSnapshots(get(left), get(right)),
  };
}

function demoSnapshots(tenant: Tenant, now: Date): ShownSnapshot[] {
  const environment = tenant.environments.find(({ kind }) => kind === "production");
  if (!environment) return [];
  return [1, 3, 12].map((days, index): ShownSnapshot => {
    const takenAt = new Date(now.getTime() - days * DAY_MS);
    return {
      id: `${tenant.id}-snapshot-${index}`,
      kind: "ebs",
      tenantId: tenant.id,
      tenantSlug: tenant.slug,
      environment: "production",
      environmentId: environment.id,
      accountId: environment.accountId,
      region: environment.region,
      label: ["Before the update", "Year end", "Import of items"][index]!,
      state: "completed",
      percent: 100,
      grade: (["quiesced", "application", "crash"] as const)[index]!,
      isAtRest: index < 2,
      takenAt,
      takenBy: "Camille",
      snapshotId: `snap-0${index}${tenant.id.replace(/\W/g, "").slice(0, 12)}`,
      volumeId: environment.volumeId,
      volumeGiB: environment.volumeGiB,
      version: environment.version,
      imageId: environment.imageId,
      systemIdentifier: "7710754295996808408",
      data: demoData(tenant, environment.version ?? "26Q2", takenAt, index),
      manifestSha256: "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
      copies:
        index === 2 ? [] : [{ region: "eu-central-1", snapshotId: `snap-1${index}`, state: "completed", percent: 100 }],
      file: null,
      advice: [checkCleanUp(profileOf(tenant.service), takenAt, now)],
      hasExportedCopy: false,
      jobId: null,
    };
  });
}

const demoData = (tenant: Tenant, version: string, readAt: Date, index: number): SnapshotData => ({
  tenant: tenant.slug,
  tenantId: tenant.id,
  environment: "production",
  product: tenant.service,
  version,
  licenceFingerprint: "9f2c4e0011223344",
  systemIdentifier: "7710754295996808408",
  databaseMajor: 18,
  databaseBytes: 11 * GIB,
  attachmentsBytes: GIB,
  relations: [
    { name: "customers", rows: 320 },
    { name: "orders", rows: 18_250 - 400 * index },
  ],
  newestTransactionAt: readAt,
  walPosition: "0/1A2B3C4D",
  packages: [
    { name: "openssl", version: index === 2 ? "3.0.14" : "3.0.15" },
    { name: "postgresql-18", version: "18.1" },
  ],
  extensions: [],
  readAt,
});
