import pg from "pg";
import type { AppError } from "../../shared/errors.ts";
import { SECOND_MS } from "../../shared/time.ts";
import { diskFull } from "../home/files.ts";
import type { Home } from "../home/index.ts";
import type { Log } from "../log.ts";
import { EmbeddedServer, isDiskFull } from "./embedded.ts";
import { explainDatabaseError, unavailable } from "./errors.ts";
import { Listener, type StopListening } from "./listener.ts";
import { migrate } from "./migrate.ts";
import { type Migration, migrations } from "./migrations/index.ts";
import { SteadyClient } from "./steady-client.ts";
import { checkTeamVersion, readTeamUrl } from "./team.ts";

export type { StopListening } from "./listener.ts";

/** PostgreSQL, wherever it runs; everything goes through the one pool. */
export interface Database {
  readonly kind: "embedded" | "team";
  readonly pool: pg.Pool;
  /** "18.4" */
  readonly serverVersion: string;
  /**
   * Calls `onPayload` for every NOTIFY on the channel, in order. After the connection was lost and is back `onMissed`
   * is called: notifications of the time between are gone, so read the tables again.
   */
  listen(channel: string, onPayload: (payload: string) => void, onMissed?: () => void): Promise<StopListening>;
  /** What an operator can do about an error of a query or a connection; undefined for a bug. */
  explain(error: unknown): AppError | undefined;
  /** Ends the connections, and the embedded server. Never rejects. */
  stop(): Promise<void>;
}

export interface DatabaseOptions {
  readonly home: Home;
  /** Server of a team; absent means the embedded one. */
  readonly url?: string | undefined;
  readonly log: Log;
  readonly migrations?: readonly Migration[];
}

/**
 * Opens the database and brings its schema up to date.
 *
 * Throws AppError DatabaseUnavailable, DatabaseNewer, DiskFull or HomeNotWritable.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const log = options.log.child({ area: "database" });
  return options.url === undefined ? openEmbedded(options, log) : openTeam(options, options.url, log);
}

async function openEmbedded(options: DatabaseOptions, log: Log): Promise<Database> {
  const server = await EmbeddedServer.start(options.home, log);
  /** Before each new connection the server is looked after, so that a query after its death just takes longer. */
  class AttendedClient extends SteadyClient {
    override connect(): Promise<pg.Client>;
    override connect(callback: (error: Error | null) => void): void;
    override connect(callback?: (error: Error | null) => void): Promise<pg.Client> | undefined {
      const connected = server
        .ensureRunning()
        .then(() => super.connect())
        .catch((error: unknown) => {
          server.suspect();
          throw error;
        });
      if (!callback) return connected as Promise<pg.Client>;
      connected.then(() => callback(null), callback);
      return undefined;
    }
  }
  const stop = (): Promise<void> =>
    server.stop().catch((error) => log.error("stopping the database failed", { error }));
  return open({ ...options, log, kind: "embedded", place: server.place, stop }, server.clientConfig, AttendedClient);
}

async function openTeam(options: DatabaseOptions, url: string, log: Log): Promise<Database> {
  const { clientConfig, place } = readTeamUrl(url);
  return open({ ...options, log, kind: "team", place, stop: async () => {} }, clientConfig, SteadyClient);
}

interface Opening extends DatabaseOptions {
  readonly kind: Database["kind"];
  readonly place: string;
  readonly stop: () => Promise<void>;
}

async function open(opening: Opening, config: pg.ClientConfig, Client: typeof SteadyClient): Promise<Database> {
  const { kind, place, log } = opening;
  const named = { ...config, application_name: "fleetwright", connectionTimeoutMillis: 30 * SECOND_MS };
  const pool = new pg.Pool({ ...named, Client, max: 12, idleTimeoutMillis: 10 * SECOND_MS } as pg.PoolConfig);
  // Idle connections may be closed by the server at any time; the pool drops them and opens others.
  pool.on("error", (error) => log.debug("an idle database connection was closed", { error: error.message }));
  const explain = (error: unknown): AppError | undefined => {
    const explained = explainDatabaseError(error, place);
    return kind === "embedded" && explained?.code === "DatabaseUnavailable" && isDiskFull(place)
      ? diskFull(place, error)
      : explained;
  };
  const listener = new Listener(async () => {
    const client = new Client({ ...named, keepAlive: true, keepAliveInitialDelayMillis: 10 * SECOND_MS });
    await client.connect();
    return client;
  }, log);
  const stop = async (): Promise<void> => {
    await listener.stop();
    await pool.end().catch(() => {});
    await opening.stop();
  };
  try {
    const { rows } = await pool.query<{ server_version: string }>("SHOW server_version");
    const serverVersion = rows[0]?.server_version ?? "0";
    checkTeamVersion(serverVersion, place);
    const applied = await migrate(pool, opening.migrations ?? migrations, place);
    log.info("database ready", { kind, serverVersion, applied });
    return {
      kind,
      pool,
      serverVersion,
      listen: (channel, onPayload, onMissed = () => {}) => listener.listen(channel, onPayload, onMissed),
      explain,
      stop,
    };
  } catch (error) {
    await stop();
    const explained = explain(error);
    if (explained?.code === "DatabaseUnavailable" && explained.details.retryable) throw notOpened(kind, explained);
    throw explained ?? error;
  }
}

/** A console that cannot open its database ends; nothing goes on by itself. */
function notOpened(kind: Database["kind"], reason: AppError): AppError {
  const next =
    kind === "team"
      ? "Start that server, or correct FLEETWRIGHT_DATABASE_URL; then start the console again."
      : "Start the console again; its log says why the database ended.";
  return unavailable(reason.message, next, true, reason);
}
