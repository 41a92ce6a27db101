/**
 * Keys of the tags that carry the fleet on instances, data volumes, images and snapshots: whoever reads AWS can rebuild
 * the fleet from them. Stored in customers' accounts: never rename.
 */
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
  ordered: "fleetwright:ordered",
  handedOver: "fleetwright:handed-over",
  /** Job that made the resource; with `resource` the find-or-create key. */
  job: "fleetwright:job",
  resource: "fleetwright:resource",
  kind: "fleetwright:kind",
  takenAt: "fleetwright:taken-at",
  product: "fleetwright:product",
  sshUser: "fleetwright:ssh-user",
} as const;
