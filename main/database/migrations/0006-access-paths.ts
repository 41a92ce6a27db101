/** Which host keys are trusted and why, and files carried in sessions. */
export const sql = `
-- Rows are added and retired, never changed otherwise: the record of who trusted which key.
create table host_key (
  id bigint generated always as identity primary key,
  environment_id text not null,
  fingerprint text not null,
  algorithm text,
  how text not null,
  job_id text,
  operator text,
  reason text,
  second_look jsonb,
  pinned_at timestamptz not null,
  retired_at timestamptz
);
create unique index host_key_pinned on host_key (environment_id, fingerprint) where retired_at is null;
create index host_key_by_environment on host_key (environment_id, id);

create table host_key_alarm (
  id bigint generated always as identity primary key,
  environment_id text not null,
  tenant_id text not null,
  tenant_slug text not null,
  customer text not null,
  kind text not null,
  host text not null,
  offered jsonb not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  times integer not null default 1,
  settled_at timestamptz,
  settled_by text,
  settled_how text
);
create unique index host_key_alarm_open on host_key_alarm (environment_id) where settled_at is null;

alter table access_session add column purpose text not null default 'terminal';

create table file_act (
  id text primary key,
  session_id text not null references access_session (id),
  act text not null,
  path text not null,
  -- What it became (rename), or the local name of the other side.
  target text,
  bytes bigint,
  sha256 text,
  -- How the host's copy was compared: "sha256", "size" or null.
  checked text,
  state text not null,
  error jsonb,
  started_at timestamptz not null,
  ended_at timestamptz
);
create index file_act_by_session on file_act (session_id, started_at);
`;
