/** Questions that jobs put to people, with their answers; how often a job was retried; who runs it, and under which number. */
export const sql = `
alter table job add column retries integer not null default 0;
-- Counted up by each run and each adoption: a run with an older number has lost the job.
alter table job add column fence integer not null default 0;

create table job_executor (
  id text primary key,
  machine text not null,
  seen_at timestamptz not null default clock_timestamp()
);

create table job_decision (
  id text primary key,
  job_id text not null references job (id) on delete cascade,
  -- Place of the asking step in the run of the engine.
  function_id integer not null,
  step text not null,
  question text not null,
  -- json keeps the order of the names, jsonb would not.
  facts json not null,
  options json not null,
  asked_at timestamptz not null default clock_timestamp(),
  option text,
  reason text,
  decided_by text,
  decided_at timestamptz,
  -- Nobody waits on it any more: its job ended, or was taken back to before the question.
  closed_at timestamptz
);
create unique index job_decision_waited_on on job_decision (job_id, function_id) where closed_at is null;
create index job_decision_of_job on job_decision (job_id, asked_at);
`;
