/** Snapshots and archives of tenants' data. AWS's tags and the manifests in the bucket say the same, should this be lost. */
export const sql = `
create table snapshot (
  -- The request that took it.
  id text primary key,
  kind text not null check (kind in ('ebs', 'archive')),
  tenant_id text not null,
  tenant_slug text not null,
  environment text not null,
  environment_id text not null,
  account_id text not null,
  region text not null,
  label text not null,
  state text not null,
  percent real not null default 0,
  grade text,
  is_at_rest boolean not null default false,
  taken_at timestamptz not null,
  taken_by text not null,
  snapshot_id text unique,
  volume_id text,
  volume_gib integer,
  version text,
  image_id text,
  system_identifier text,
  data jsonb,
  manifest_sha256 text,
  copies jsonb not null default '[]',
  file jsonb,
  -- When it was asked of AWS without a token that would make the question repeatable, and the hold that stood then.
  asked jsonb,
  created_at timestamptz not null default now()
);
create index snapshot_by_tenant on snapshot (tenant_id, taken_at desc);
`;
