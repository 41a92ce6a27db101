import type { Client } from "../../main/hosts/connect.ts";
import { ProvisionRequest } from "../../shared/tenant/model.ts";

/**
 * An order that every rule allows, out of what the first account of this console offers: a small Openbravo tenant in
 * its first region, with a test environment of half the size.
 */
export async function provisionRequest(
  client: Client,
  order: { readonly customer: string; readonly prefix: string; readonly region?: string },
): Promise<ProvisionRequest> {
  const { accounts } = await client.tenant.provisionOptions({});
  const account = accounts[0];
  if (!account) throw new Error("This console has no account to provision in.");
  const region = order.region ?? account.regions[0]!;
  const { images, sizes } = await client.tenant.provisionOptions({ accountId: account.id, region });
  const newest = images
    .filter((image) => image.service === "openbravo" && image.support.state === "current")
    .sort((one, other) => other.version.localeCompare(one.version))[0];
  const bySize = [...sizes].sort((one, other) => one.vcpus - other.vcpus || one.memoryMiB - other.memoryMiB);
  const test = bySize[0];
  const production = bySize.find(
    (size) => test && size.vcpus >= 2 * test.vcpus && size.memoryMiB >= 2 * test.memoryMiB,
  );
  if (!newest || !test || !production) throw new Error(`The region ${region} offers no image or no sizes to order.`);
  return ProvisionRequest.parse({
    customer: order.customer,
    service: "openbravo",
    edition: "business",
    prefix: order.prefix,
    version: newest.version,
    accountId: account.id,
    region,
    environments: [
      { kind: "production", instanceType: production.instanceType, volumeGiB: 20 },
      { kind: "test", instanceType: test.instanceType, volumeGiB: 10 },
    ],
    users: 20,
    posTerminals: 5,
    invoiceDate: new Date().toISOString().slice(0, 10),
    owner: "Northwind Partners",
    zone: "Europe/Madrid",
  });
}
