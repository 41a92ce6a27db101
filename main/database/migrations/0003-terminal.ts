/** Who logged in to which environment, why and for how long (R101), with the recording's place and hash. */
export const sql = `
create table access_session (
  id text primary key,
  tenant_id text not null,
  tenant_slug text not null,
  customer text not null,
  environment_id text not null,
  kind text not null,
  host text not null,
  operator text not null,
  reason text not null,
  contract_reference text,
  command text,
  machine text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  bytes_out bigint not null default 0,
  bytes_in bigint not null default 0,
  exit_code integer,
  error jsonb,
  recording jsonb
);
create index access_session_newest on access_session (started_at desc);
create index access_session_by_tenant on access_session (tenant_id, started_at desc);
`;
