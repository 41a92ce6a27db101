/** Who may log in to which environment, by whose approval and until when (R102). */
export const sql = `
create table access_key (
  -- The request that registered it, and its name in the host's file.
  id text primary key,
  tenant_id text not null,
  tenant_slug text not null,
  environment_id text not null,
  kind text not null,
  owner text not null,
  approver text not null,
  purpose text not null,
  public_key text not null,
  fingerprint text not null,
  expires_at timestamptz,
  granted_by text not null,
  granted_at timestamptz not null,
  -- Present on the host for the first time after the grant.
  installed_at timestamptz,
  revoked_by text,
  revoked_at timestamptz,
  revoke_reason text,
  -- Verified absent.
  removed_at timestamptz
);
create index access_key_by_environment on access_key (environment_id, granted_at);

-- What a host's own list of keys was when it was read last.
create table access_reading (
  environment_id text primary key,
  tenant_id text not null,
  read_at timestamptz not null,
  keys jsonb not null,
  error jsonb
);
`;
