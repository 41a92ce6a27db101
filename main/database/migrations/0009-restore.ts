/** Restores beside, swaps and refreshes; what they did outlives the copies themselves. */
export const sql = `
create table restore_case (
  -- The request that asked for it, and the job that made it.
  id text primary key,
  tenant_id text not null,
  slug text not null,
  customer text not null,
  purpose text not null,
  state text not null,
  target text not null,
  target_name text not null,
  reason text not null,
  region text not null,
  source jsonb,
  papers jsonb not null,
  verdicts jsonb not null,
  -- Numbers that were in force when it was decided.
  profile jsonb not null,
  losses jsonb,
  checks jsonb not null default '[]',
  target_rows jsonb,
  restored_rows jsonb,
  beside jsonb,
  -- The job that swaps or takes back now; none else may go on with this case.
  holder text,
  -- Machines and volumes of the swap under way, as read before it touched anything.
  pieces jsonb,
  -- Customers may be writing into the restored data: nothing goes back any more.
  is_opening boolean not null default false,
  kept jsonb,
  swap jsonb,
  kept_until timestamptz not null,
  requested_by text not null,
  created_at timestamptz not null
);
create index restore_case_by_tenant on restore_case (tenant_id, created_at);

create table restore_case_job (
  case_id text not null references restore_case (id) on delete cascade,
  job_id text not null,
  kind text not null,
  seq bigint generated always as identity,
  primary key (case_id, job_id)
);

-- What the data said of itself when this area copied it or took it out of use, by snapshot or volume.
create table restore_manifest (
  copy_id text primary key,
  manifest jsonb not null,
  is_at_rest boolean not null
);
`;
