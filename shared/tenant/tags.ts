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
  label: "fleetwright:label",
  takenBy: "fleetwright:taken-by",
  imageId: "fleetwright:image-id",
  /** Consistency that a snapshot really reached: quiesced, application or crash. */
  grade: "fleetwright:grade",
  /** SHA-256 of the manifest that was read from the host with the snapshot. */
  manifest: "fleetwright:manifest",
  systemIdentifier: "fleetwright:system-identifier",
  /** Until when something that is no longer used is kept, RFC 3339. */
  keptUntil: "fleetwright:kept-until",
  product: "fleetwright:product",
  sshUser: "fleetwright:ssh-user",
} as const;
