/** Lock-outs that somebody ordered, reviewed runbooks, and runs over one or many tenants. */
export const sql = `
create table lockout_record (
  -- The request or job that ordered it: the same one records once.
  id text primary key,
  tenant_id text not null,
  environment_id text not null,
  since timestamptz not null,
  -- When it should be over; null: nobody said.
  until timestamptz,
  reason text not null,
  by text not null,
  -- Null for one that an operator ordered: it belongs to no job's life.
  job_id text,
  window_ends_at timestamptz,
  ended_at timestamptz,
  ended_by text
);
create index lockout_record_open on lockout_record (environment_id) where ended_at is null;

-- A text of steps. Never changed: another text is another version.
create table maintenance_runbook (
  name text not null,
  version int not null,
  content jsonb not null,
  -- SHA-256 of the canonical content, of which the reviewer approved.
  sha256 text not null,
  author text not null,
  created_at timestamptz not null,
  reviewer text,
  reviewed_at timestamptz,
  reviewed_sha256 text,
  primary key (name, version)
);

create table maintenance_run (
  -- The caller's request, and the parent job.
  id text primary key,
  plan jsonb not null,
  requested_by text not null,
  created_at timestamptz not null,
  -- A person stopped it: nothing starts any more.
  stopped_at timestamptz,
  stopped_by text
);

create table maintenance_run_tenant (
  run_id text not null references maintenance_run (id) on delete cascade,
  position int not null,
  tenant_id text not null,
  slug text not null,
  customer text not null,
  environment text not null,
  wave int not null,
  -- Child job; the same whoever starts it.
  job_id text not null,
  state text not null,
  outcome text,
  why_not_started text,
  detail text,
  -- Steps of the runbook that were begun: a begun step is finished.
  begun int not null default 0,
  started_at timestamptz,
  ended_at timestamptz,
  primary key (run_id, tenant_id, environment)
);
`;
