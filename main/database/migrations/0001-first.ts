/** Jobs with their steps and logs, and the inventory of tenants and environments as last read from AWS. */
export const sql = `
create table job (
  id text primary key,
  kind text not null,
  tenant_id text,
  tenant_slug text,
  subject text not null,
  state text not null,
  waiting_for text,
  current_step text,
  error jsonb,
  input jsonb not null,
  can_roll_back boolean not null default false,
  requested_by text not null,
  executor text not null,
  machine text not null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
create index job_newest on job (created_at desc);
create index job_by_tenant on job (tenant_id, created_at desc);

create table job_step (
  job_id text not null references job (id) on delete cascade,
  position integer not null,
  name text not null,
  state text not null,
  detail text,
  attempts integer not null default 0,
  error jsonb,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (job_id, position),
  unique (job_id, name)
);

create table job_log (
  seq bigint generated always as identity primary key,
  job_id text not null references job (id) on delete cascade,
  at timestamptz not null default now(),
  level text not null,
  step text,
  text text not null
);
create index job_log_by_job on job_log (job_id, seq);

create table tenant (
  id text primary key,
  slug text not null unique,
  customer text not null,
  service text not null,
  edition text not null,
  prefix text not null,
  owner text not null,
  users integer not null,
  pos_terminals integer not null,
  invoice_date date not null,
  zone text not null,
  account_id text not null,
  ordered_at timestamptz,
  handed_over_at timestamptz,
  created_at timestamptz not null default now()
);

create table environment (
  id text primary key,
  tenant_id text not null references tenant (id) on delete cascade,
  kind text not null,
  account_id text not null,
  region text not null,
  domain text not null,
  version text,
  -- What AWS said at the last reading, as the adapter returns it.
  facts jsonb not null default '{}',
  health jsonb not null default '{"state":"unknown","checkedAt":null,"detail":null}',
  host_key text,
  read_at timestamptz,
  unique (tenant_id, kind)
);

create table inventory_source (
  account_id text not null,
  region text not null,
  read_at timestamptz,
  error jsonb,
  -- Images and sizes as last read.
  releases jsonb not null default '[]',
  sizes jsonb not null default '[]',
  primary key (account_id, region)
);
`;
