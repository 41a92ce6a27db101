/** Planned maintenance windows with the decisions behind them, the ledger of their notices, and black-out days. */
export const sql = `
create table maintenance_window (
  id text primary key,
  kind text not null,
  -- The tenant as it was when the window was planned: what was promised outlives the machine.
  tenant_id text not null,
  slug text not null,
  customer text not null,
  service text not null,
  environment text not null,
  region text not null,
  zone text not null,
  customer_zone text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  title text not null,
  interrupts boolean not null,
  impact text not null,
  move jsonb,
  state text not null check (state in ('planned', 'cancelled')),
  created_by text not null,
  created_at timestamptz not null,
  sequence integer not null default 0,
  profile jsonb not null,
  verdicts jsonb not null,
  overrides jsonb not null default '[]'
);
create index maintenance_window_by_time on maintenance_window (starts_at);
create index maintenance_window_by_tenant on maintenance_window (tenant_id, starts_at);

create table maintenance_window_change (
  -- The caller's request: the same one acts once.
  request_id text primary key,
  window_id text not null references maintenance_window (id),
  act text not null,
  at timestamptz not null,
  by text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text,
  seq bigint generated always as identity
);
create index maintenance_window_change_by_window on maintenance_window_change (window_id, seq);

create table maintenance_notice (
  id text primary key,
  window_id text not null references maintenance_window (id),
  tenant_id text not null,
  language text not null,
  subject text not null,
  body text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  state text not null check (state in ('draft', 'sent')),
  created_at timestamptz not null,
  created_by text not null,
  sent_at timestamptz,
  sent_by text,
  recorded_at timestamptz,
  proof jsonb,
  seq bigint generated always as identity,
  check ((state = 'sent') = (sent_at is not null and proof is not null))
);
create index maintenance_notice_by_window on maintenance_notice (window_id, seq);
create unique index maintenance_notice_one_draft on maintenance_notice (window_id, language) where state = 'draft';

create table maintenance_blackout (
  id text primary key,
  tenant_id text,
  slug text,
  first_day date not null,
  last_day date not null check (last_day >= first_day),
  title text not null,
  created_by text not null,
  created_at timestamptz not null
);
`;
