/** Notices sent by mail, each attempt recorded before it is made, and the company's own texts for them. */
export const sql = `
create table maintenance_notice_sending (
  -- The caller's request: the same one sends once.
  id text primary key,
  notice_id text not null references maintenance_notice (id),
  message_id text not null,
  recipients jsonb not null,
  sha256 text not null,
  bytes integer not null,
  -- 'sending' without a process that works on it is a doubt: nobody knows whether it left.
  state text not null check (state in ('sending', 'sent', 'failed', 'doubt')),
  started_at timestamptz not null,
  started_by text not null,
  -- The console whose home folder holds the message.
  executor text not null,
  ended_at timestamptz,
  error jsonb,
  seq bigint generated always as identity
);
create index maintenance_notice_sending_by_notice on maintenance_notice_sending (notice_id, seq);

create table notice_template (
  kind text not null,
  language text not null,
  subject text not null,
  body text not null,
  version integer not null,
  changed_by text not null,
  changed_at timestamptz not null,
  primary key (kind, language)
);
`;
