import type { Tag } from "@aws-sdk/client-ec2";

/** Keys of the tags that carry the fleet's inventory; whoever reads AWS can rebuild the fleet from them. */
export const TAG = {
  tenant: "fleetwright:tenant",
  tenantId: "fleetwright:tenant-id",
  customer: "fleetwright:customer",
  service: "fleetwright:service",
  edition: "fleetwright:edition",
  environment: "fleetwright:environment",
  environmentId: "fleetwright:environment-id",
  version: "fleetwright:version",
  prefix: "fleetwright:prefix",
  domain: "fleetwright:domain",
  owner: "fleetwright:owner",
  users: "fleetwright:users",
  posTerminals: "fleetwright:pos-terminals",
  invoiceDate: "fleetwright:invoice-date",
  zone: "fleetwright:zone",
  hostKey: "fleetwright:host-key",
  handedOver: "fleetwright:handed-over",
  ordered: "fleetwright:ordered",
  /** Job that made the resource; with `resource` the find-or-create key. */
  job: "fleetwright:job",
  resource: "fleetwright:resource",
  kind: "fleetwright:kind",
  takenAt: "fleetwright:taken-at",
  product: "fleetwright:product",
  sshUser: "fleetwright:ssh-user",
} as const;

export type Tags = Readonly<Record<string, string>>;

/** EC2 takes 256 characters a value; longer ones are cut, never refused half-way. */
export const toTagList = (tags: Tags): Tag[] =>
  Object.entries(tags).map(([Key, value]) => ({ Key, Value: value.slice(0, 256) }));

export const fromTagList = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]));
