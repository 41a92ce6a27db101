import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { profileOf } from "../../shared/policy/profiles.ts";
import { versionSupport } from "../../shared/policy/version-support.ts";
import type { Account } from "../../shared/settings/model.ts";
import { evaluationKey } from "../../shared/tenant/licence.ts";
import { tenantContract } from "../../shared/tenant/contract.ts";
import type { EnvironmentKind, ProvisionRequest, Tenant } from "../../shared/tenant/model.ts";
import type { FindEnvironment, OperatedEnvironment } from "../toolkit/ports.ts";
import type { OpenWindow } from "../../shared/policy/interruption.ts";
import { type ActsPorts, tenantActs } from "./acts.ts";
import { environmentIdOf } from "./identity.ts";
import { lockoutStore } from "./lockouts.ts";
import { planProvisioning, type Planned, refusal } from "./plan.ts";
import type { TenantPorts } from "./ports.ts";
import { ProvisionInput, provisionTenant } from "./provision-tenant.ts";
import { handedOver, rollBackTenant } from "./roll-back-tenant.ts";
import { type StoredEnvironment, type StoredTenant, tenantStore } from "./store.ts";
import { storedTags } from "./tags.ts";
import { type Catalogue, isUnprotected, releasesOf, stateOf, viewTenant } from "./view.ts";

export type { Cloud, TenantPorts } from "./ports.ts";
export { inventoryTaker } from "./take-over.ts";
export { tenantStore } from "./store.ts";
export { type Catalogue, releasesOf } from "./view.ts";

/** Requests for the catalogue of one region come in bursts while somebody fills the wizard. */
const REGION_FACTS_MS = 30_000;

interface PlannedWindows {
  /** Start of each environment's next planned window, by tenant and kind: "t-1/production". */
  nextWindows(): Promise<ReadonlyMap<string, Date>>;
  /** The window that is open now. */
  openWindow(tenantId: string, kind: EnvironmentKind): Promise<OpenWindow | null>;
}

/** Ports in, router out. `catalogue` is what the fleet last read of images and sizes. */
export function tenantArea(
  ports: TenantPorts & { catalogue(): Promise<Catalogue> } & PlannedWindows &
    Pick<ActsPorts, "secrets" | "keepSecret" | "lookAgain">,
) {
  const store = tenantStore(ports.pool);
  const lockouts = lockoutStore(ports.pool);
  const startProvisioning = ports.jobs.define(provisionTenant(ports, store));
  const startRollBack = ports.jobs.define(rollBackTenant(ports, store));
  const os = implement(tenantContract);

  const regionFacts = remembered(REGION_FACTS_MS, async (account: Account, region: string) => {
    const cloud = ports.cloud(account, region);
    const [images, sizes] = await Promise.all([cloud.images(), cloud.sizes()]);
    return { images, sizes };
  });

  function accountOf(id: string): Account {
    const account = ports.accounts().find((one) => one.id === id);
    if (account) return account;
    throw new AppError("NotFound", `There is no account ${id} in this console.`, {
      retryable: false,
      next: "Choose one of the accounts in Settings.",
    });
  }

  async function planned(request: ProvisionRequest, ownTenantId?: string): Promise<Planned> {
    const account = accountOf(request.accountId);
    if (!account.regions.includes(request.region)) {
      throw new AppError("InvalidInput", `The account ${account.name} is not used in region ${request.region}.`, {
        retryable: false,
        next: `Choose one of ${account.regions.join(", ")}, or add the region to the account.`,
      });
    }
    if (request.sshFrom.length === 0 && ports.sshFrom(account).length === 0) {
      throw new AppError("InvalidInput", "No network is allowed to reach SSH on the new hosts (sshFrom is empty).", {
        retryable: false,
        next: "Name the networks in the order, or once for all in Settings.",
      });
    }
    const [{ images, sizes }, quota, tenants, catalogue] = await Promise.all([
      regionFacts(account, request.region),
      ports.cloud(account, request.region).instanceQuota(),
      store.tenants(),
      ports.catalogue(),
    ]);
    const ofService = images.filter((one) => one.service === request.service).map((one) => one.version);
    return planProvisioning(request, {
      account,
      images,
      sizes,
      quota,
      releases: releasesOf([...catalogue.releases[request.service], ...ofService]),
      tenants: tenants.filter((one) => one.id !== ownTenantId),
      sshFrom: ports.sshFrom(account),
      now: ports.now(),
    });
  }

  /** Every tenant with everything that is known of it; never waits for AWS. */
  async function listTenants(): Promise<Tenant[]> {
    const [tenants, environments, jobs, catalogue, windows, locked] = await Promise.all([
      store.tenants(),
      store.environments(),
      ports.jobs.ofEachTenant(),
      ports.catalogue(),
      ports.nextWindows(),
      lockouts.open(),
    ]);
    const byTenant = new Map<string, StoredEnvironment[]>();
    for (const one of environments) byTenant.set(one.tenantId, [...(byTenant.get(one.tenantId) ?? []), one]);
    const jobOf = new Map(jobs.map((job) => [job.tenantId, job]));
    const facts = { accounts: ports.accounts(), catalogue, windows, lockouts: locked, now: ports.now() };
    return tenants.map((tenant) => {
      const job = jobOf.get(tenant.id);
      return viewTenant(tenant, byTenant.get(tenant.id) ?? [], { ...facts, jobs: job ? [job] : [] });
    });
  }

  /** Who lives where, for those who only need that. */
  async function places() {
    const [tenants, environments] = await Promise.all([store.tenants(), store.environments()]);
    const byTenant = new Map<string, StoredEnvironment[]>(tenants.map(({ id }) => [id, []]));
    for (const one of environments) byTenant.get(one.tenantId)?.push(one);
    return tenants.map(({ id, slug, customer, service, zone }) => ({
      ...{ id, slug, customer, service, zone },
      environments: (byTenant.get(id) ?? []).map(({ kind, region }) => ({ kind, region })),
    }));
  }

  /** Every environment with what reading its counters needs. */
  async function metered() {
    const [tenants, environments] = await Promise.all([store.tenants(), store.environments()]);
    const byId = new Map(tenants.map((tenant) => [tenant.id, tenant]));
    return environments.flatMap((one) => {
      const tenant = byId.get(one.tenantId);
      if (!tenant) return [];
      const { id: environmentId, kind, accountId, facts } = one;
      return {
        ...{ tenantId: tenant.id, tenantSlug: tenant.slug, service: tenant.service, environmentId, kind, accountId },
        unprotected: isUnprotected(tenant, one),
        state: stateOf(tenant, one),
        address: facts.address ?? null,
        user: facts.sshUser ?? "ubuntu",
        hostKeys: one.hostKey?.split(" ") ?? [],
      };
    });
  }

  /** Everything an act on one environment needs to know, as last read. */
  const operated: FindEnvironment = async (ref, kind) => {
    const tenant = await existing(ref);
    const environments = await store.environments(tenant.id);
    const found = environments.find((one) => one.kind === kind);
    if (!found) {
      throw new AppError("NotFound", `${tenant.slug} has no ${kind} environment.`, {
        retryable: false,
        tenant: tenant.slug,
        next: `It has: ${environments.map((one) => one.kind).join(", ") || "none"}.`,
      });
    }
    return operatedOf(tenant, found);
  };

  /** The environments of one tenant (slug or id), or of all, whose account this console has. */
  async function operatedAll(ref?: string): Promise<OperatedEnvironment[]> {
    const tenants = ref === undefined ? await store.tenants() : [await existing(ref)];
    const byId = new Map(tenants.map((one) => [one.id, one]));
    const accounts = new Set(ports.accounts().map((one) => one.id));
    return (await store.environments(ref === undefined ? undefined : tenants[0]!.id)).flatMap((one) => {
      const tenant = byId.get(one.tenantId);
      return tenant && accounts.has(one.accountId) ? [operatedOf(tenant, one)] : [];
    });
  }

  function operatedOf(tenant: StoredTenant, found: StoredEnvironment): OperatedEnvironment {
    const { facts } = found;
    return {
      tenantId: tenant.id,
      tenantSlug: tenant.slug,
      customer: tenant.customer,
      service: tenant.service,
      edition: tenant.edition,
      zone: tenant.zone,
      owner: tenant.owner,
      environmentId: found.id,
      kind: found.kind,
      account: accountOf(found.accountId),
      region: found.region,
      domain: found.domain,
      version: found.version,
      instanceId: facts.instanceId ?? null,
      instanceType: facts.instanceType ?? null,
      imageId: facts.imageId ?? null,
      volumeId: facts.volumeId ?? null,
      volumeGiB: facts.volumeGiB ?? null,
      securityGroupId: facts.securityGroupId ?? null,
      address: facts.address ?? null,
      sshUser: facts.sshUser ?? "ubuntu",
      hostKeys: found.hostKey?.split(" ").filter(Boolean) ?? [],
    };
  }

  async function existing(ref: string): Promise<StoredTenant> {
    const tenant = await store.tenant(ref);
    if (tenant) return tenant;
    throw new AppError("NotFound", `There is no tenant ${ref}.`, {
      retryable: false,
      next: "Look at the fleet; reading AWS again may show it.",
    });
  }

  const learn: ActsPorts["learn"] = async (one, { version, ...facts }) => {
    await store.learn(one.environmentId, facts, version === undefined ? {} : { version });
    ports.changed(one.tenantId);
  };
  const acts = tenantActs({
    ...ports,
    find: operated,
    learn,
    lockouts,
    sizes: async ({ account, region }) => (await regionFacts(account, region)).sizes,
    kinds: async (tenantId) => (await store.environments(tenantId)).map((one) => one.kind),
  });

  const router = {
    ...acts,

    get: os.get.handler(async ({ input }) => {
      const tenant = await existing(input.tenant);
      const [environments, jobs, catalogue, windows, locked] = await Promise.all([
        store.environments(tenant.id),
        ports.jobs.ofTenant(tenant.id),
        ports.catalogue(),
        ports.nextWindows(),
        lockouts.open(tenant.id),
      ]);
      return viewTenant(tenant, environments, {
        accounts: ports.accounts(),
        catalogue,
        jobs,
        windows,
        lockouts: locked,
        now: ports.now(),
      });
    }),

    provisionOptions: os.provisionOptions.handler(async ({ input }) => {
      const accounts = ports.accounts();
      const account = input.accountId ? accountOf(input.accountId) : accounts[0];
      const region = input.region ?? account?.regions[0];
      const facts = account && region ? await regionFacts(account, region) : { images: [], sizes: [] };
      const catalogue = await ports.catalogue();
      return {
        accounts: accounts.map(({ id, name, regions, isLab }) => ({ id, name, regions, isLab })),
        images: facts.images.map((image) => ({
          imageId: image.imageId,
          region: region!,
          service: image.service,
          version: image.version,
          name: image.name,
          createdAt: image.createdAt,
          support: versionSupport(
            profileOf(image.service),
            image.version,
            releasesOf([
              ...catalogue.releases[image.service],
              ...facts.images.filter((one) => one.service === image.service).map((one) => one.version),
            ]),
          ),
        })),
        sizes: [...facts.sizes],
        owners: [
          ...new Set((await store.tenants()).map((one) => one.owner).filter((owner) => owner !== "")),
        ].toSorted(),
      };
    }),

    plan: os.plan.handler(async ({ input }) => (await planned(input)).plan),

    provision: os.provision.handler(async ({ input }) => {
      const { requestId, ...request } = input;
      const running = await ports.jobs.get(requestId);
      if (running?.kind === "tenant.provision" && running.tenantSlug) {
        return { jobId: running.id, tenantId: requestId, slug: running.tenantSlug };
      }
      const { plan, order } = await planned(request, requestId);
      if (!order) throw refusal(request, plan);

      const now = ports.now();
      const tenant: StoredTenant = {
        id: requestId,
        slug: order.slug,
        customer: request.customer,
        service: request.service,
        edition: request.edition,
        prefix: request.prefix,
        owner: request.owner,
        users: request.users,
        posTerminals: request.posTerminals,
        invoiceDate: request.invoiceDate,
        zone: request.zone,
        accountId: request.accountId,
        orderedAt: now,
        handedOverAt: null,
      };
      const environments = order.environments.map(
        (one): StoredEnvironment => ({
          id: environmentIdOf(tenant.id, one.kind),
          tenantId: tenant.id,
          kind: one.kind,
          accountId: request.accountId,
          region: request.region,
          domain: one.domain,
          version: request.version,
          facts: {
            instanceType: one.instanceType,
            volumeGiB: one.volumeGiB,
            imageId: order.imageId,
            sshUser: order.sshUser,
          },
          health: { state: "unknown", checkedAt: null, detail: null },
          hostKey: null,
          readAt: null,
        }),
      );
      if (!(await store.reserve(tenant, environments))) {
        throw new AppError("RefusedByRule", `R10: the prefix ${request.prefix} was taken a moment ago.`, {
          retryable: false,
          rule: "R10",
          tenant: request.prefix,
          next: "Choose another prefix; nothing was made.",
        });
      }
      const { jobId } = await startProvisioning({
        id: requestId,
        tenantId: tenant.id,
        tenantSlug: tenant.slug,
        subject: tenant.customer,
        requestedBy: ports.operator(),
        input: {
          tenantId: tenant.id,
          slug: order.slug,
          orderedAt: now,
          orderedBy: ports.operator(),
          request,
          imageId: order.imageId,
          sshUser: order.sshUser,
          sshFrom: [...order.sshFrom],
          environments: [...order.environments],
        },
      });
      ports.changed(tenant.id);
      return { jobId, tenantId: tenant.id, slug: tenant.slug };
    }),

    rollBack: os.rollBack.handler(async ({ input }) => {
      const tenant = await existing(input.tenant);
      if (input.confirm !== tenant.slug) {
        throw new AppError("ConfirmationNeeded", `Type ${tenant.slug} in full to roll it back.`, {
          retryable: false,
          tenant: tenant.slug,
          next: "Nothing was changed.",
        });
      }
      if (tenant.handedOverAt) throw handedOver(tenant.slug);
      const [environment] = await store.environments(tenant.id);
      return startRollBack({
        id: input.requestId,
        tenantId: tenant.id,
        tenantSlug: tenant.slug,
        subject: tenant.customer,
        requestedBy: ports.operator(),
        input: {
          tenantId: tenant.id,
          slug: tenant.slug,
          accountId: tenant.accountId,
          region: environment?.region ?? "",
          provisioningJobId: tenant.id,
        },
      });
    }),
  };

  /** Tags of an environment's own resources, as stored. */
  async function tagsOf(environmentId: string): Promise<Readonly<Record<string, string>>> {
    const environment = (await store.environments()).find((one) => one.id === environmentId);
    const tenant = environment && (await store.tenant(environment.tenantId));
    return tenant ? storedTags(tenant, environment) : {};
  }

  /** The key that makes a machine this tenant's: the one it was ordered with, or the lab's own. Null: not known here. */
  async function activationKeyOf(tenantId: string): Promise<string | null> {
    const tenant = await store.tenant(tenantId);
    if (!tenant) return null;
    const order = ProvisionInput.safeParse((await ports.jobs.get(tenantId))?.input);
    if (order.success && order.data.request.activationKey) return order.data.request.activationKey;
    const isLab = ports.accounts().find((one) => one.id === tenant.accountId)?.isLab ?? false;
    if (!order.success && !isLab) return null;
    const { id, service, edition, users, posTerminals } = tenant;
    return evaluationKey({ tenantId: id, service, edition, users, posTerminals });
  }

  return {
    router,
    listTenants,
    places,
    metered,
    operated,
    operatedAll,
    tagsOf,
    activationKeyOf,
    learn,
    lockouts,
    store,
  };
}

/** Keeps answers for a while, failures not at all. */
function remembered<T>(forMs: number, read: (account: Account, region: string) => Promise<T>) {
  const known = new Map<string, { at: number; answer: Promise<T> }>();
  return (account: Account, region: string): Promise<T> => {
    const key = `${account.id}/${region}/${account.endpoints.ec2 ?? ""}`;
    const existing = known.get(key);
    if (existing && performance.now() - existing.at < forMs) return existing.answer;
    const answer = read(account, region);
    known.set(key, { at: performance.now(), answer });
    answer.catch(() => known.delete(key));
    return answer;
  };
}
