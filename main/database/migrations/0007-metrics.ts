/**
 * Figures of the hosts in rings of fixed length, the record of what was seen from outside, limits and monthly volumes.
 */
export const sql = `
create table metric_environment (
  no integer generated always as identity primary key,
  environment_id text not null unique,
  last_at timestamptz not null default now()
);

-- One row stands for one stretch of time of one environment with all its series. A level's rows are a ring: slot is
-- bucket modulo the level's length, so that writing the newest overwrites the oldest, nothing is ever deleted and the
-- size is bounded by the number of environments. bucket is seconds since 1970 divided by the level's seconds.
-- Values are whole numbers scaled as in shared/metrics/catalogue.ts, in its order; low and high are null where they
-- equal average.
create table metric_bucket (
  environment_no integer not null references metric_environment (no) on delete cascade,
  level smallint not null,
  readings smallint not null,
  slot integer not null,
  bucket integer not null,
  average integer[] not null,
  low integer[],
  high integer[],
  primary key (level, slot, environment_no)
) with (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.1);

create table metric_limit (
  tenant_id text not null,
  series text not null,
  -- null switches the limit off.
  value double precision,
  by text not null,
  at timestamptz not null,
  primary key (tenant_id, series)
);

create table metric_monthly (
  environment_id text not null,
  month text not null check (month ~ '^\\d{4}-\\d{2}$'),
  volume text not null,
  count bigint not null,
  at timestamptz not null,
  primary key (environment_id, month, volume)
);

-- What was seen from outside, as changes. Rows are only ever added; the state holds until the next row by time.
create table availability_event (
  seq bigint generated always as identity primary key,
  tenant_id text not null,
  tenant_slug text not null,
  environment_id text not null,
  at timestamptz not null,
  state text not null check (state in ('up', 'degraded', 'down', 'unknown')),
  after timestamptz,
  source text not null check (source in ('probe', 'inventory', 'console')),
  detail text,
  recorded_at timestamptz not null default now(),
  unique (environment_id, at, state)
);
create index availability_event_by_environment on availability_event (environment_id, at);

-- The last look that found the newest state: how far the record reaches.
create table availability_confirmed (
  environment_id text primary key,
  state text not null,
  source text not null,
  detail text,
  confirmed_at timestamptz not null
);
`;
