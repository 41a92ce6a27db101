import { createHash } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { Refusal } from "../erp/refusal.ts";
import { readIfThere, writeWhole } from "../files.ts";
import type { Owner } from "../owner.ts";

/** One key of the account, as `erpctl access list` tells it. */
export interface KeyEntry {
  /** Null for a line that no console wrote. */
  readonly id: string | null;
  /** As OpenSSH prints it: "SHA256:…". */
  readonly fingerprint: string;
  readonly comment: string;
  readonly until: string | null;
}

export interface AuthorizedKey {
  readonly entry: KeyEntry;
  readonly key: ParsedKey;
}

/** The file that decides who may log in, and the verbs that change it. */
export interface Access {
  list(): Promise<readonly KeyEntry[]>;
  grant(id: string, publicKey: string, until: Date | null): Promise<readonly KeyEntry[]>;
  revoke(id: string): Promise<readonly KeyEntry[]>;
}

const COMMENT = "fleetwright:";
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const ID = /^[A-Za-z0-9][\w.:-]{0,99}$/;

export function createAccess(
  file: string,
  owner: Owner | undefined,
  /** Told the fingerprints that may still log in, after some no longer may. */
  onRevoked: (usable: ReadonlySet<string>) => void,
): Access {
  let turn: Promise<unknown> = Promise.resolve();
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };
  const read = async () => ((await readIfThere(file)) ?? "").split("\n").filter((line) => line.trim() !== "");
  const entries = (lines: readonly string[]) => lines.flatMap((line) => readLine(line)?.entry ?? []);

  /** Writes what `change` makes of the lines. Without a key that still opens the host, nothing is changed. */
  async function replace(change: (lines: string[]) => string[]): Promise<readonly KeyEntry[]> {
    const before = await read();
    const after = change(before);
    const usable = usableFingerprints(after);
    if (usable.size === 0)
      throw new Refusal("refused", "The last key that opens this host is not taken away; nothing was changed.");
    if (after.join("\n") !== before.join("\n")) await writeWhole(file, `${after.join("\n")}\n`, { mode: 0o600, owner });
    if ([...usableFingerprints(before)].some((one) => !usable.has(one))) onRevoked(usable);
    return entries(after);
  }
  const isOf = (line: string, id: string) => readLine(line)?.entry.id === id;

  return {
    list: () => alone(async () => entries(await read())),
    grant: (id, publicKey, until) =>
      alone(async () => {
        checkId(id);
        const key = readLine(publicKey.trim())?.key;
        if (!key || publicKey.trim().includes("\n")) throw new Refusal("malformed", "That is no public key line.");
        if (until && until.getTime() <= Date.now()) throw new Refusal("malformed", "The key would have ended already.");
        const options = until ? `expiry-time="${openSshTime(until)}" ` : "";
        const line = `${options}${key.type} ${key.getPublicSSH().toString("base64")} ${COMMENT}${id}`;
        return replace((lines) => [...lines.filter((each) => !isOf(each, id)), line]);
      }),
    revoke: (id) =>
      alone(async () => {
        const isMeant = FINGERPRINT.test(id)
          ? (line: string) => readLine(line)?.entry.fingerprint === id
          : (line: string) => isOf(line, id);
        if (!FINGERPRINT.test(id)) checkId(id);
        const lines = await read();
        if (!lines.some(isMeant)) return entries(lines);
        return replace((before) => before.filter((line) => !isMeant(line)));
      }),
  };
}

/**
 * Reads one line of authorized_keys; undefined for comments and what is no key.
 *
 * Of the options in front of a key only `expiry-time` is understood, as OpenSSH means it with `Z`.
 */
export function readLine(line: string): AuthorizedKey | undefined {
  const found = /^(?:(.*)\s)?((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]+)(?:\s+(.*))?$/.exec(line.trim());
  if (!found?.[2] || line.trim().startsWith("#")) return undefined;
  const parsed = ssh2.utils.parseKey(found[2]);
  const key = parsed instanceof Error ? undefined : Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key) return undefined;
  const comment = found[3]?.trim() ?? "";
  return {
    key,
    entry: {
      id: comment.startsWith(COMMENT) ? comment.slice(COMMENT.length) : null,
      fingerprint: fingerprintOf(key.getPublicSSH()),
      comment,
      until: expiry(found[1] ?? "")?.toISOString() ?? null,
    },
  };
}

export const isUsable = ({ entry }: AuthorizedKey, now: number): boolean =>
  entry.until === null || Date.parse(entry.until) > now;

export function fingerprintOf(publicKey: Buffer): string {
  return `SHA256:${createHash("sha256").update(publicKey).digest("base64").replace(/=+$/, "")}`;
}

function usableFingerprints(lines: readonly string[]): ReadonlySet<string> {
  const now = Date.now();
  return new Set(
    lines.flatMap((line) => {
      const known = readLine(line);
      return known && isUsable(known, now) ? known.entry.fingerprint : [];
    }),
  );
}

function checkId(id: string): void {
  if (!ID.test(id)) throw new Refusal("malformed", "An id has letters, digits and . : _ - only, at most 100 of them.");
}

/** YYYYMMDDHHMMSSZ, as sshd(8) takes it. */
function openSshTime(at: Date): string {
  return `${at.toISOString().replace(/[-:T]/g, "").slice(0, 14)}Z`;
}

function expiry(options: string): Date | null {
  const found = /(?:^|,)expiry-time="(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?"/i.exec(options);
  if (!found) return null;
  const [, year, month, day, hours = "00", minutes = "00", seconds = "00"] = found;
  const at = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`);
  // A time that cannot be read never lets anybody in.
  return Number.isNaN(at.getTime()) ? new Date(0) : at;
}
