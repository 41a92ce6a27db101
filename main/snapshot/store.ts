import type { Pool } from "pg";
import { z } from "zod";
import { ConsistencyGrade, Snapshot } from "../../shared/snapshot/model.ts";

/** When AWS was asked for a snapshot, and the hold that stood then. */
export const Asked = z.object({
  at: z.coerce.date(),
  hold: z.object({ since: z.coerce.date(), grade: ConsistencyGrade }),
});
export type Asked = z.infer<typeof Asked>;

const SNAPSHOT = `id, kind, tenant_id as "tenantId", tenant_slug as "tenantSlug", environment,
  environment_id as "environmentId", account_id as "accountId", region, label, state, percent, grade,
  is_at_rest as "isAtRest", taken_at as "takenAt", taken_by as "takenBy", snapshot_id as "snapshotId",
  volume_id as "volumeId", volume_gib as "volumeGiB", version, image_id as "imageId",
  system_identifier as "systemIdentifier", data, manifest_sha256 as "manifestSha256", copies, file`;

const COLUMNS: Readonly<Record<keyof Snapshot, string>> = {
  id: "id",
  kind: "kind",
  tenantId: "tenant_id",
  tenantSlug: "tenant_slug",
  environment: "environment",
  environmentId: "environment_id",
  accountId: "account_id",
  region: "region",
  label: "label",
  state: "state",
  percent: "percent",
  grade: "grade",
  isAtRest: "is_at_rest",
  takenAt: "taken_at",
  takenBy: "taken_by",
  snapshotId: "snapshot_id",
  volumeId: "volume_id",
  volumeGiB: "volume_gib",
  version: "version",
  imageId: "image_id",
  systemIdentifier: "system_identifier",
  data: "data",
  manifestSha256: "manifest_sha256",
  copies: "copies",
  file: "file",
};
const NAMES = Object.keys(COLUMNS) as (keyof Snapshot)[];
const JSON_COLUMNS: ReadonlySet<keyof Snapshot> = new Set(["data", "copies", "file"]);

const stored = (name: keyof Snapshot, value: unknown) =>
  JSON_COLUMNS.has(name) && value !== null ? JSON.stringify(value) : value;

/** SQL of the table snapshot. */
export function snapshotStore(pool: Pool) {
  return {
    /** Of one tenant (slug or id) or of all; newest first. */
    async list(tenant?: string): Promise<Snapshot[]> {
      const { rows } = await pool.query(
        `select ${SNAPSHOT} from snapshot where $1::text is null or tenant_id = $1 or tenant_slug = $1
         order by taken_at desc, id`,
        [tenant ?? null],
      );
      return rows.map((row) => Snapshot.parse(row));
    },

    /** By the console's id or by AWS's. */
    async get(id: string): Promise<Snapshot | undefined> {
      const { rows } = await pool.query(`select ${SNAPSHOT} from snapshot where id = $1 or snapshot_id = $1`, [id]);
      return rows[0] && Snapshot.parse(rows[0]);
    },

    /** Adds it; one that is there stays as it is. */
    async add(snapshot: Snapshot): Promise<void> {
      await pool.query(
        `insert into snapshot (${NAMES.map((name) => COLUMNS[name]).join(", ")})
         values (${NAMES.map((_, index) => `$${index + 1}`).join(", ")}) on conflict do nothing`,
        NAMES.map((name) => stored(name, snapshot[name])),
      );
    },

    async change(id: string, change: Partial<Snapshot>): Promise<void> {
      const names = NAMES.filter((name) => change[name] !== undefined);
      if (names.length === 0) return;
      await pool.query(
        `update snapshot set ${names.map((name, index) => `${COLUMNS[name]} = $${index + 2}`).join(", ")} where id = $1`,
        [id, ...names.map((name) => stored(name, change[name]))],
      );
    },

    async remove(id: string): Promise<void> {
      await pool.query("delete from snapshot where id = $1", [id]);
    },

    async asked(id: string): Promise<Asked | undefined> {
      const { rows } = await pool.query("select asked from snapshot where id = $1", [id]);
      return rows[0]?.asked ? Asked.parse(rows[0].asked) : undefined;
    },

    async setAsked(id: string, asked: Asked | null): Promise<void> {
      await pool.query("update snapshot set asked = $2 where id = $1", [id, asked && JSON.stringify(asked)]);
    },
  };
}
export type SnapshotStore = ReturnType<typeof snapshotStore>;
