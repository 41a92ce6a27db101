import type { FoundEnvironment } from "../../shared/fleet/inventory.ts";
import { Edition, EnvironmentKind, Service } from "../../shared/tenant/model.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { environmentIdOf } from "./identity.ts";
import type { ProvisionInput } from "./provision-tenant.ts";
import type { StoredEnvironment, StoredTenant } from "./store.ts";

type Tags = Readonly<Record<string, string>>;

export function environmentTags(input: ProvisionInput, environment: ProvisionInput["environments"][number]): Tags {
  const { request } = input;
  return {
    [TAG.tenant]: input.slug,
    [TAG.tenantId]: input.tenantId,
    [TAG.customer]: request.customer,
    [TAG.service]: request.service,
    [TAG.edition]: request.edition,
    [TAG.environment]: environment.kind,
    [TAG.environmentId]: environmentIdOf(input.tenantId, environment.kind),
    [TAG.version]: request.version,
    [TAG.prefix]: request.prefix,
    [TAG.domain]: environment.domain,
    [TAG.owner]: request.owner,
    [TAG.users]: String(request.users),
    [TAG.posTerminals]: String(request.posTerminals),
    [TAG.invoiceDate]: request.invoiceDate,
    [TAG.zone]: request.zone,
    [TAG.ordered]: input.orderedAt.toISOString(),
  };
}

/** The tags of an environment's resources, written again from what is stored: for a resource that takes another's place. */
export function storedTags(tenant: StoredTenant, environment: StoredEnvironment): Tags {
  return {
    [TAG.tenant]: tenant.slug,
    [TAG.tenantId]: tenant.id,
    [TAG.customer]: tenant.customer,
    [TAG.service]: tenant.service,
    [TAG.edition]: tenant.edition,
    [TAG.environment]: environment.kind,
    [TAG.environmentId]: environment.id,
    ...(environment.version ? { [TAG.version]: environment.version } : {}),
    [TAG.prefix]: tenant.prefix,
    [TAG.domain]: environment.domain,
    [TAG.owner]: tenant.owner,
    [TAG.users]: String(tenant.users),
    [TAG.posTerminals]: String(tenant.posTerminals),
    [TAG.invoiceDate]: tenant.invoiceDate,
    [TAG.zone]: tenant.zone,
    ...(environment.hostKey ? { [TAG.hostKey]: environment.hostKey } : {}),
    ...(tenant.orderedAt ? { [TAG.ordered]: tenant.orderedAt.toISOString() } : {}),
    ...(tenant.handedOverAt ? { [TAG.handedOver]: tenant.handedOverAt.toISOString() } : {}),
  };
}

/** One environment as a reading of an account shows it. */
export interface Found extends FoundEnvironment {
  readonly accountId: string;
  readonly readAt: Date;
}

/**
 * The tenant and environment that a resource's tags tell of; undefined when the tags are not whole or hold values that
 * no console writes (somebody edited them): such a resource is shown in AWS, never guessed at here.
 *
 * A resource with an order time and no hand-over time is still being provisioned; one with neither was made by hand or
 * by an older tool and counts as handed over when it was launched.
 */
export function fromTags(found: Found): { tenant: StoredTenant; environment: StoredEnvironment } | undefined {
  const { tags, instance, volume } = found;
  const service = Service.safeParse(tags[TAG.service]);
  const edition = Edition.safeParse(tags[TAG.edition]);
  const kind = EnvironmentKind.safeParse(tags[TAG.environment]);
  const tenantId = tags[TAG.tenantId];
  const slug = tags[TAG.tenant];
  const invoiceDate = tags[TAG.invoiceDate] ?? "";
  if (!service.success || !edition.success || !kind.success || !tenantId || !slug) return undefined;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(invoiceDate) || Number.isNaN(Date.parse(invoiceDate))) return undefined;

  const orderedAt = dateOf(tags[TAG.ordered]);
  const handedOverAt =
    dateOf(tags[TAG.handedOver]) ?? (orderedAt ? null : (dateOf(instance?.launchedAt) ?? found.readAt));
  return {
    tenant: {
      id: tenantId,
      slug,
      customer: tags[TAG.customer] || slug,
      service: service.data,
      edition: edition.data,
      prefix: tags[TAG.prefix] || slug,
      owner: tags[TAG.owner] ?? "",
      users: countOf(tags[TAG.users]),
      posTerminals: countOf(tags[TAG.posTerminals]),
      invoiceDate,
      zone: zoneOf(tags[TAG.zone]),
      accountId: found.accountId,
      orderedAt,
      handedOverAt,
    },
    environment: {
      id: tags[TAG.environmentId] ?? environmentIdOf(tenantId, kind.data),
      tenantId,
      kind: kind.data,
      accountId: found.accountId,
      region: found.region,
      domain: tags[TAG.domain] ?? "",
      version: tags[TAG.version] || null,
      facts: {
        lastBackupAt: found.lastBackupAt,
        ...(instance
          ? {
              instanceId: instance.instanceId,
              instanceState: instance.state,
              instanceType: instance.instanceType,
              imageId: instance.imageId,
              address: instance.address,
              securityGroupId: instance.securityGroupId,
              launchedAt: instance.launchedAt,
            }
          : { instanceState: "missing" }),
        ...(volume ? { volumeId: volume.volumeId, volumeGiB: volume.sizeGiB } : {}),
      },
      health: { state: "unknown", checkedAt: null, detail: null },
      hostKey: tags[TAG.hostKey] ?? null,
      readAt: found.readAt,
    },
  };
}

function dateOf(text: string | null | undefined): Date | null {
  const date = text ? new Date(text) : null;
  return date && !Number.isNaN(date.getTime()) ? date : null;
}

function countOf(text: string | undefined): number {
  const count = Number(text);
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
}

/** UTC for a zone that this machine does not know. */
function zoneOf(zone: string | undefined): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone ?? "UTC" }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}
