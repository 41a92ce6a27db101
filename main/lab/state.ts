import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from "node:fs";
import { AppError } from "../../shared/errors.ts";

/** Anything that a table holds: plain data, replaced as a whole, never changed in place. */
export interface Row {
  readonly id: string;
  readonly region: string;
}

/** The value types of a schema: one per table name. */
export type Schema = { readonly [table: string]: Row };

export interface Reader<S extends Schema> {
  get<K extends keyof S & string>(table: K, id: string): S[K] | undefined;
  /** In order of creation; `region` narrows. */
  all<K extends keyof S & string>(table: K, region?: string): S[K][];
}

export interface Transaction<S extends Schema> extends Reader<S> {
  put<K extends keyof S & string>(table: K, row: S[K]): void;
  delete<K extends keyof S & string>(table: K, id: string): void;
  /** Whether this transaction itself puts or deletes the row. */
  changed(table: keyof S & string, id: string): boolean;
  /** Writes everything to the journal, then shows it to everybody. Nothing happens without it. */
  commit(): void;
}

export interface Store<S extends Schema> extends Reader<S> {
  begin(): Transaction<S>;
  /** Begins, works, commits. */
  change<R>(work: (transaction: Transaction<S>) => R): R;
  /** What a reader saw at that time, as far back as ten minutes and this process go. */
  asOf(time: number): Reader<S>;
  close(): void;
}

type Change = readonly [table: string, id: string, row: Row | null];
interface Past {
  readonly at: number;
  readonly table: string;
  readonly id: string;
  readonly before: Row | null;
}

const HISTORY_MS = 600_000;
const HISTORY_ROWS = 20_000;
const COMPACT_BYTES = 4 * 1024 * 1024;

/**
 * Opens the lab's memory: rows in memory, every change a line of a journal file that is written before anybody is told.
 *
 * A kill -9 loses nothing acknowledged and a torn last line is dropped. The file is not synced to the platter, so this
 * promise ends at a power cut. One process only.
 */
export function openStore<S extends Schema>(file: string, now: () => number = Date.now): Store<S> {
  const tables = new Map<string, Map<string, Row>>();
  const history: Past[] = [];
  const tableOf = (name: string): Map<string, Row> => {
    const known = tables.get(name);
    if (known) return known;
    const made = new Map<string, Row>();
    tables.set(name, made);
    return made;
  };
  const apply = ([table, id, row]: Change): void => {
    if (row) tableOf(table).set(id, row);
    else tableOf(table).delete(id);
  };

  if (existsSync(file)) for (const changes of readJournal(file)) changes.forEach(apply);
  let journal = rewrite(file, tables);
  let closed = false;

  function append(changes: readonly Change[]): void {
    if (closed) throw new Error("the lab's state is closed");
    const line = Buffer.from(`${JSON.stringify(changes)}\n`);
    try {
      let written = 0;
      while (written < line.length) written += writeSync(journal.descriptor, line, written);
    } catch (error) {
      // A full disk may have taken half a line; the next one must not follow it.
      ftruncateSync(journal.descriptor, journal.length);
      throw error;
    }
    journal.length += line.length;
  }

  function remember(changes: readonly Change[]): void {
    const at = now();
    for (const [table, id] of changes) history.push({ at, table, id, before: tableOf(table).get(id) ?? null });
    const keep = history.findIndex((past) => past.at >= at - HISTORY_MS);
    const drop = Math.max(keep < 0 ? history.length : keep, history.length - HISTORY_ROWS);
    if (drop > 0) history.splice(0, drop);
  }

  function reader(overlay?: ReadonlyMap<string, ReadonlyMap<string, Row | null>>): Reader<S> {
    return {
      get(table, id) {
        const laid = overlay?.get(table)?.get(id);
        return (laid === undefined ? tables.get(table)?.get(id) : (laid ?? undefined)) as S[typeof table] | undefined;
      },
      all(table, region) {
        const rows: Row[] = [];
        const laid = overlay?.get(table);
        for (const [id, row] of tables.get(table) ?? []) {
          const seen = laid?.has(id) ? laid.get(id) : row;
          if (seen && (region === undefined || seen.region === region)) rows.push(seen);
        }
        for (const [id, row] of laid ?? [])
          if (row && !tables.get(table)?.has(id) && (region === undefined || row.region === region)) rows.push(row);
        return rows as S[typeof table][];
      },
    };
  }

  const store: Store<S> = {
    ...reader(),
    begin() {
      const changes = new Map<string, Map<string, Row | null>>();
      const set = (table: string, id: string, row: Row | null): void => {
        const rows = changes.get(table) ?? new Map<string, Row | null>();
        changes.set(table, rows.set(id, row));
      };
      return {
        ...reader(changes),
        put: (table, row) => set(table, row.id, row),
        delete: (table, id) => set(table, id, null),
        changed: (table, id) => changes.get(table)?.has(id) ?? false,
        commit() {
          const list = [...changes].flatMap(([table, rows]) => [...rows].map(([id, row]): Change => [table, id, row]));
          if (list.length === 0) return;
          append(list);
          remember(list);
          list.forEach(apply);
          changes.clear();
          if (journal.length > journal.compactAt) {
            closeSync(journal.descriptor);
            journal = rewrite(file, tables);
          }
        },
      };
    },
    change(work) {
      const transaction = store.begin();
      const result = work(transaction);
      transaction.commit();
      return result;
    },
    asOf(time) {
      const overlay = new Map<string, Map<string, Row | null>>();
      for (let index = history.length - 1; index >= 0; index -= 1) {
        const past = history[index];
        if (!past || past.at <= time) break;
        const rows = overlay.get(past.table) ?? new Map<string, Row | null>();
        overlay.set(past.table, rows.set(past.id, past.before));
      }
      return reader(overlay);
    },
    close() {
      if (closed) return;
      closed = true;
      closeSync(journal.descriptor);
    },
  };
  return store;
}

function readJournal(file: string): Change[][] {
  const lines = readFileSync(file, "utf8").split("\n");
  // What follows the last line break was never acknowledged.
  lines.pop();
  return lines.map((line, index) => {
    try {
      return JSON.parse(line) as Change[];
    } catch (cause) {
      throw new AppError(
        "LabUnavailable",
        `The lab's state ${file} cannot be read: line ${index + 1} is damaged. Nothing was changed.`,
        { retryable: false, next: "Move the lab's folder aside and start again; the lab is then seeded anew." },
        { cause },
      );
    }
  });
}

interface Journal {
  descriptor: number;
  length: number;
  readonly compactAt: number;
}

/** Writes every row into a fresh journal beside the old one and puts it in its place. */
function rewrite(file: string, tables: ReadonlyMap<string, ReadonlyMap<string, Row>>): Journal {
  const fresh = `${file}.new`;
  const descriptor = openSync(fresh, "w", 0o600);
  let length = 0;
  for (const [table, rows] of tables) {
    if (rows.size === 0) continue;
    const changes = [...rows].map(([id, row]): Change => [table, id, row]);
    const line = Buffer.from(`${JSON.stringify(changes)}\n`);
    let written = 0;
    while (written < line.length) written += writeSync(descriptor, line, written);
    length += line.length;
  }
  fsyncSync(descriptor);
  renameSync(fresh, file);
  return { descriptor, length, compactAt: length * 2 + COMPACT_BYTES };
}
