/** What people recorded of the contracts: facts that no machine knows. Rows are only ever added. */
export const sql = `
create table terms_record (
  -- The caller's request: the same one records once.
  id text primary key,
  tenant_id text not null,
  slug text not null,
  entry jsonb not null,
  reason text not null,
  by text not null,
  at timestamptz not null,
  -- Numbers that were in force when it was recorded.
  profile jsonb not null,
  seq bigint generated always as identity
);
create index terms_record_by_tenant on terms_record (tenant_id, seq);
`;
