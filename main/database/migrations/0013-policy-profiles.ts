/** Policy profiles that the company added. Every version stays: decisions name the one that they were made under. */
export const sql = `
create table policy_profile (
  id text not null,
  version text not null,
  profile jsonb not null,
  added_by text not null,
  added_at timestamptz not null,
  seq bigint generated always as identity,
  primary key (id, version)
);
-- What changes a tenant's numbers is read for the whole fleet at once.
create index terms_record_by_kind on terms_record ((entry ->> 'kind'));
`;
