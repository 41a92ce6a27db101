import type { Pool, PoolClient } from "pg";

/**
 * Which accounts' hosts this console reads. Of several consoles on one database one reads each account: it holds a lock
 * of its own database session, which falls with the session, so that another one takes over from a console that died.
 */
export class Lead {
  readonly #pool: Pool;
  readonly #shared: boolean;
  #client: PoolClient | undefined;
  readonly #held = new Set<string>();

  constructor(pool: Pool, shared: boolean) {
    this.#pool = pool;
    this.#shared = shared;
  }

  /** Those of the accounts that are this console's to read now. Rejects when the database is away. */
  async of(accountIds: readonly string[]): Promise<ReadonlySet<string>> {
    if (!this.#shared) return new Set(accountIds);
    try {
      this.#client ??= await this.#connect();
      await this.#client.query("select 1");
      for (const id of accountIds) {
        if (this.#held.has(id)) continue;
        const { rows } = await this.#client.query<{ held: boolean }>(
          "select pg_try_advisory_lock(hashtext('metrics'), hashtext($1)) as held",
          [id],
        );
        if (rows[0]?.held) this.#held.add(id);
      }
      return new Set(accountIds.filter((id) => this.#held.has(id)));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  async #connect(): Promise<PoolClient> {
    const client = await this.#pool.connect();
    client.on("error", () => this.release());
    return client;
  }

  /** Gives up everything: the session ends, and its locks with it. */
  release(): void {
    this.#held.clear();
    this.#client?.release(true);
    this.#client = undefined;
  }
}
