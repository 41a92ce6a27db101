import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import pg from "pg";
import { CONSTRAINTS, HISTORY, LATER, SCHEMA } from "./schema.ts";
import type { DataIdentity } from "./identity.ts";

export interface NewOrder {
  readonly customerId: number;
  readonly lines: readonly { readonly productId: number; readonly quantity: number }[];
}

export interface Order {
  readonly number: string;
  readonly customer: string;
  readonly placedAt: Date;
  readonly status: string;
  readonly total: string;
}

export interface Monthly {
  readonly salesOrders: number;
  readonly invoices: number;
  readonly shipments: number;
  readonly payments: number;
  readonly purchaseOrders: number;
  readonly purchaseReceipts: number;
  readonly bills: number;
  readonly vendorPayments: number;
}

/** An order that names a customer or a product that does not exist. */
export class UnknownReference extends Error {}

/** The ERP's database, spoken to through one small pool. */
export interface ErpStore {
  /** Commits the order with its invoice, and only then gives its number. */
  placeOrder(order: NewOrder): Promise<{ number: string; total: string }>;
  cancelOrder(number: string): Promise<boolean>;
  order(number: string): Promise<Order | undefined>;
  recentOrders(limit: number): Promise<readonly Order[]>;
  /** Ships and takes payment for one waiting order; false when none waits. */
  fulfilOldest(): Promise<boolean>;
  /** Gives `send` what is due of the connectors that are on, and notes it as sent. Comes back with how many. */
  sendOutbox(send: (lines: readonly string[]) => Promise<void>): Promise<number>;
  /** Switches every connector off for good. */
  neutralise(): Promise<{ since: Date; what: readonly string[] }>;
  /** When the data was neutralised; null for data that may act. */
  neutralisedAt(): Promise<Date | null>;
  /** Documents of the present calendar month in the zone (R26). */
  monthly(zone: string): Promise<Monthly>;
  counts(): Promise<{ customers: number; products: number }>;
  /** Brings the tables to what this application needs. */
  upgrade(): Promise<void>;
  passwordMatches(user: string, password: string): Promise<boolean>;
  saveIdentity(identity: DataIdentity, licenceFingerprint: string | null): Promise<void>;
  /** Makes the account `admin`, or gives it this password. */
  savePassword(password: string): Promise<void>;
  /** Later sessions may only read (a full disk); existing ones are cut. */
  setReadOnly(on: boolean): Promise<void>;
  isReadOnly(): Promise<boolean>;
  answers(): Promise<boolean>;
  close(): Promise<void>;
}

const DATABASE = "erp";
const DAYS = 90;
const ORDERS_A_DAY = 30;
/** The only account's password is random and long: guessing it is hopeless without a slow hash, too. */
const SCRYPT = { N: 1024 };
const scryptAsync = promisify(scrypt) as (
  password: string,
  salt: Buffer,
  length: number,
  options: typeof SCRYPT,
) => Promise<Buffer>;

/** Makes the ERP's database with its history, of nobody yet. */
export async function createDatabase(socketFolder: string): Promise<void> {
  await withClient(socketFolder, "postgres", async (client) => {
    await client.query(`CREATE ROLE ${DATABASE} LOGIN`);
    await client.query(`CREATE DATABASE ${DATABASE} OWNER ${DATABASE}`);
  });
  await withClient(socketFolder, DATABASE, async (client) => {
    await client.query("BEGIN");
    await client.query(`SET LOCAL ROLE ${DATABASE}`);
    await client.query(SCHEMA);
    for (const [index, statement] of HISTORY.entries())
      await client.query(statement, index === 2 ? [DAYS, ORDERS_A_DAY] : []);
    await client.query(CONSTRAINTS);
    await client.query(LATER);
    await client.query("COMMIT");
    await client.query("VACUUM (ANALYZE, FREEZE)");
  });
}

export function openStore(socketFolder: string): ErpStore {
  const pool = new pg.Pool({
    host: socketFolder,
    user: DATABASE,
    database: DATABASE,
    max: 3,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: 10_000,
    query_timeout: 20_000,
    application_name: "erp",
    allowExitOnIdle: true,
  });
  // An idle connection that the server cut is replaced at the next query.
  pool.on("error", () => undefined);

  return {
    async placeOrder({ customerId, lines }) {
      const made = await pool.query<{ number: string; total: string }>(
        `WITH wanted AS (SELECT * FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS w (product_id, quantity, line)),
          priced AS (SELECT w.*, p.price FROM wanted w JOIN products p ON p.id = w.product_id),
          made AS (
            INSERT INTO orders (customer_id, total)
            SELECT c.id, (SELECT sum(price * quantity) FROM priced) FROM customers c
            WHERE c.id = $1 AND (SELECT count(*) FROM priced) = cardinality($2::bigint[])
            RETURNING id, number, total),
          with_lines AS (INSERT INTO order_lines SELECT m.id, p.line, p.product_id, p.quantity, p.price FROM made m, priced p),
          with_invoice AS (INSERT INTO invoices (order_id, total) SELECT id, total FROM made),
          with_outbox AS (
            INSERT INTO outbox (connector, order_number) SELECT c, number FROM made, unnest(ARRAY['mail', 'payments']) c)
        SELECT number, total FROM made`,
        [customerId, lines.map((line) => line.productId), lines.map((line) => line.quantity)],
      );
      const row = made.rows[0];
      if (!row) throw new UnknownReference("The customer or a product of the order does not exist.");
      return row;
    },
    async cancelOrder(number) {
      const done = await pool.query("UPDATE orders SET status = 'cancelled' WHERE number = $1 AND status = 'placed'", [
        number,
      ]);
      return done.rowCount === 1;
    },
    async order(number) {
      return (await pool.query<Order>(`${ORDERS} WHERE o.number = $1`, [number])).rows[0];
    },
    async recentOrders(limit) {
      return (await pool.query<Order>(`${ORDERS} ORDER BY o.id DESC LIMIT $1`, [limit])).rows;
    },
    async fulfilOldest() {
      const done = await pool.query(
        `WITH due AS (
            SELECT id, total FROM orders WHERE status = 'placed' AND placed_at < now() - interval '1 minute'
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED),
          shipped AS (UPDATE orders o SET status = 'shipped' FROM due WHERE o.id = due.id),
          paid AS (INSERT INTO payments (order_id, amount, method) SELECT id, total, 'card' FROM due),
          -- What was sold is bought again, now and then.
          bought AS (
            INSERT INTO purchase_documents (kind, total)
            SELECT k, total FROM due, unnest(ARRAY['order', 'receipt', 'bill', 'payment']) k WHERE id % 5 = 0)
        INSERT INTO shipments (order_id, carrier) SELECT id, 'UPS' FROM due`,
      );
      return done.rowCount === 1;
    },
    async sendOutbox(send) {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        const due = await client.query<{ id: string; connector: string; order_number: string }>(
          `SELECT o.id, o.connector, o.order_number FROM outbox o JOIN connectors c ON c.name = o.connector
           WHERE o.sent_at IS NULL AND c.enabled AND (SELECT enabled FROM connectors WHERE name = 'scheduler')
           ORDER BY o.id LIMIT 500 FOR UPDATE OF o SKIP LOCKED`,
        );
        if (due.rows.length > 0) {
          await send(due.rows.map((row) => `${new Date().toISOString()} ${row.connector} ${row.order_number}`));
          await client.query("UPDATE outbox SET sent_at = now() WHERE id = ANY ($1::bigint[])", [
            due.rows.map((row) => row.id),
          ]);
        }
        await client.query("COMMIT");
        client.release();
        return due.rows.length;
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    async neutralise() {
      await pool.query(
        `WITH off AS (UPDATE connectors SET enabled = false WHERE enabled)
         UPDATE erp_instance SET neutralised_at = coalesce(neutralised_at, now())`,
      );
      const found = await pool.query<{ since: Date; what: string[] }>(
        `SELECT neutralised_at AS since, (SELECT array_agg(name ORDER BY name) FROM connectors WHERE NOT enabled) AS what
         FROM erp_instance`,
      );
      const row = found.rows[0];
      if (!row) throw new Error("The database does not say whose it is.");
      return row;
    },
    async neutralisedAt() {
      const found = await pool.query<{ neutralised_at: Date | null }>("SELECT neutralised_at FROM erp_instance");
      return found.rows[0]?.neutralised_at ?? null;
    },
    async monthly(zone) {
      const found = await pool.query<Record<keyof Monthly, number>>(
        `WITH month AS (SELECT date_trunc('month', now(), $1) AS start),
           bought AS (SELECT kind FROM purchase_documents, month WHERE made_at >= start)
         SELECT (SELECT count(*)::int FROM orders, month WHERE placed_at >= start) AS "salesOrders",
           (SELECT count(*)::int FROM invoices, month WHERE issued_at >= start) AS invoices,
           (SELECT count(*)::int FROM shipments, month WHERE shipped_at >= start) AS shipments,
           (SELECT count(*)::int FROM payments, month WHERE paid_at >= start) AS payments,
           (SELECT count(*)::int FROM bought WHERE kind = 'order') AS "purchaseOrders",
           (SELECT count(*)::int FROM bought WHERE kind = 'receipt') AS "purchaseReceipts",
           (SELECT count(*)::int FROM bought WHERE kind = 'bill') AS bills,
           (SELECT count(*)::int FROM bought WHERE kind = 'payment') AS "vendorPayments"`,
        [zone],
      );
      const row = found.rows[0];
      if (!row) throw new Error("The database did not count.");
      return row;
    },
    async upgrade() {
      await pool.query(LATER);
    },
    async counts() {
      const found = await pool.query<{ customers: number; products: number }>(
        "SELECT (SELECT count(*)::int FROM customers) customers, (SELECT count(*)::int FROM products) products",
      );
      return found.rows[0] ?? { customers: 0, products: 0 };
    },
    async passwordMatches(user, password) {
      const found = await pool.query<{ password_hash: string }>("SELECT password_hash FROM users WHERE name = $1", [
        user,
      ]);
      return verifyPassword(password, found.rows[0]?.password_hash ?? "00:00");
    },
    async saveIdentity(identity, licence) {
      await pool.query(
        `INSERT INTO erp_instance (tenant_id, tenant, environment, domain, product, version, zone, licence_fingerprint)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (only_one) DO UPDATE SET tenant_id = $1, tenant = $2, environment = $3, domain = $4, product = $5,
           version = $6, zone = $7, licence_fingerprint = coalesce($8, erp_instance.licence_fingerprint)`,
        [
          identity.tenantId,
          identity.tenant,
          identity.environment,
          identity.domain,
          identity.product,
          identity.version,
          identity.zone,
          licence,
        ],
      );
    },
    async savePassword(password) {
      await pool.query(
        "INSERT INTO users (name, password_hash) VALUES ('admin', $1) ON CONFLICT (name) DO UPDATE SET password_hash = $1",
        [await passwordHash(password)],
      );
    },
    async setReadOnly(on) {
      await withClient(socketFolder, "postgres", async (client) => {
        await client.query(`ALTER ROLE ${DATABASE} SET default_transaction_read_only = ${on ? "on" : "off"}`);
        await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", [DATABASE]);
      });
    },
    async isReadOnly() {
      const shown = await pool.query<{ setting: string }>("SELECT current_setting('transaction_read_only') AS setting");
      return shown.rows[0]?.setting === "on";
    },
    async answers() {
      return pool.query("SELECT 1").then(
        () => true,
        () => false,
      );
    },
    async close() {
      await pool.end();
    },
  };
}

const ORDERS = `SELECT o.number, c.name AS customer, o.placed_at AS "placedAt", o.status, o.total
  FROM orders o JOIN customers c ON c.id = o.customer_id`;

/** Works on the ERP's database with the rights of the server's owner. */
export function connectTo<Result>(socketFolder: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  return withClient(socketFolder, DATABASE, work);
}

async function withClient<Result>(
  socketFolder: string,
  database: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ host: socketFolder, user: "postgres", database, connectionTimeoutMillis: 10_000 });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function passwordHash(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString("hex")}:${(await scryptAsync(password, salt, 32, SCRYPT)).toString("hex")}`;
}

async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [salt = "", hash = ""] = stored.split(":");
  const expected = Buffer.from(hash, "hex");
  const actual = await scryptAsync(password, Buffer.from(salt, "hex"), 32, SCRYPT);
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
