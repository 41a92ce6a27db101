/** What a text would do to a host that its operator should be asked about, on production. */
export const DANGERS = [
  "removesFiles",
  "dropsData",
  "deletesRows",
  "stopsHost",
  "stopsService",
  "formats",
  "overwritesDevice",
  "changesOwners",
  "endsProcesses",
  "rewritesFirewall",
  "forkBomb",
] as const;
export type Danger = (typeof DANGERS)[number];

// Every repetition below has a bound: a pasted text may be long, and must be judged in a moment.

/** Before a command: the start of the text, a separator, a shell's opening, or a word that runs another. */
const START = String.raw`(?:^|[\n;&|({\x60!]|\$\(|\b(?:sudo|doas|exec|env|nohup|time|xargs|then|do|else)\s+(?:-\S{1,40}\s{1,9}){0,9})\s{0,40}(?:\S{0,200}/)?`;

const command = (rest: string, flags = "m") => new RegExp(START + rest, flags);

const PATTERNS: Readonly<Record<Danger, readonly RegExp[]>> = {
  removesFiles: [
    command(String.raw`rm\s+(?:\S{1,200}\s{1,9}){0,12}?(?:-[a-zA-Z]*[rRf][a-zA-Z]*|--recursive|--force)(?=\s|$)`),
    command(String.raw`(?:shred|wipefs|srm)\b`),
    command(String.raw`find\s[^\n]{0,400}\s-delete\b`),
    command(String.raw`find\s[^\n]{0,400}-exec(?:dir)?\s+rm\b`),
    command(String.raw`rsync\s[^\n]{0,400}--delete\b`),
  ],
  dropsData: [
    /\bdrop\s+(?:database|schema|table|tablespace|view|materialized\s+view|index|role|user|extension|column|owned)\b/i,
    /\btruncate\s+(?:table\s+)?(?:only\s+)?["\w]/i,
    command(String.raw`dropdb\b`),
    command(String.raw`pg_dropcluster\b`),
  ],
  deletesRows: [
    // A delete or update without a condition, up to the end of the statement.
    /\bdelete\s+from\s+(?:only\s+)?[\w."]+\s*(?:;|"|'|$)/im,
    /\bupdate\s+(?:only\s+)?[\w."]+\s+set\s+(?:(?!\bwhere\b)[^;]){0,1000}(?:;|$)/i,
  ],
  stopsHost: [
    command(String.raw`(?:shutdown|reboot|halt|poweroff)\b`),
    command(String.raw`(?:tel)?init\s+[06]\b`),
    command(String.raw`systemctl\s+(?:-\S{1,40}\s{1,9}){0,9}(?:reboot|poweroff|halt|kexec|rescue|emergency|isolate)\b`),
  ],
  stopsService: [
    command(String.raw`systemctl\s+(?:-\S{1,40}\s{1,9}){0,9}(?:stop|disable|mask|kill)\b`),
    command(String.raw`service\s+\S+\s+stop\b`),
    command(String.raw`pg_ctl(?:cluster)?\s[^\n]{0,400}\bstop\b`),
  ],
  formats: [command(String.raw`(?:mkfs(?:\.\w+)?|mke2fs|mkswap|fdisk|sfdisk|parted|pvremove|vgremove|lvremove)\b`)],
  overwritesDevice: [
    command(String.raw`dd\s[^\n]{0,400}\bof=/dev/(?!null\b|zero\b|stdout\b|stderr\b|tty\b)`),
    />\s*\/dev\/(?:sd|hd|vd|xvd|nvme|mapper|dm-)\w*/,
  ],
  changesOwners: [
    command(String.raw`(?:chmod|chown|chgrp)\s+(?:\S{1,200}\s{1,9}){0,12}?(?:-[a-zA-Z]*R[a-zA-Z]*|--recursive)(?=\s)`),
  ],
  endsProcesses: [
    command(String.raw`(?:killall|pkill)\b`),
    command(String.raw`kill\s+(?:-\S{1,40}\s{1,9}){0,9}-1(?=\s|$)`),
  ],
  rewritesFirewall: [
    command(String.raw`(?:iptables|ip6tables)\s+(?:\S{1,200}\s{1,9}){0,12}?(?:-F|--flush|-X|-P)(?=\s|$)`),
    command(String.raw`nft\s+flush\b`),
    command(String.raw`ufw\s+(?:disable|reset)\b`),
  ],
  forkBomb: [/(\S{1,20})\s{0,9}\(\)\s{0,9}\{[^}]{0,200}\1\s*\|\s*\1\s*&/],
};

/**
 * Which dangers a command line or a pasted text holds.
 *
 * Reads text, not meaning: variables, aliases and scripts are not followed, and a quoted example is found as well. It
 * asks a question in time; it does not guard.
 */
export function dangersIn(text: string): Danger[] {
  // A line that goes on after a backslash is one line.
  const joined = text.replace(/\\\r?\n/g, " ").replace(/\r\n?/g, "\n");
  return DANGERS.filter((danger) => PATTERNS[danger].some((pattern) => pattern.test(joined)));
}

/** The command on a line of the screen: what follows its prompt ("user@host:~$ ", "postgres=# "), or all of it. */
export function commandOn(line: string): string {
  return /^.{0,200}?[$#%>]\s+(.*)$/.exec(line)?.[1] ?? line;
}

const LONGEST_LINE = 10_000;

/**
 * The line being typed, after `sent` went to the host: what the screen may not show yet when the host is slow.
 *
 * Knows characters, backspace and what ends or empties a line. History and completion it does not know: those are seen
 * on the screen.
 */
export function typedLine(before: string, sent: string): string {
  let line = before;
  // oxlint-disable-next-line no-control-regex
  for (const character of sent.replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|O.)/g, "")) {
    if (character === "\r" || character === "\n" || character === "\u0003" || character === "\u0015") line = "";
    else if (character === "\u007f" || character === "\u0008") line = line.slice(0, -1);
    else if (character >= " ") line += character;
  }
  return line.slice(-LONGEST_LINE);
}

export interface PasteVerdict {
  /** Ask before the text goes to the host. */
  readonly ask: boolean;
  readonly lines: number;
  readonly dangers: readonly Danger[];
}

/**
 * Whether a pasted text needs a look before it goes to an environment: on production several lines or a danger, and
 * everywhere control characters, which a copied text can hide.
 */
export function judgePaste(text: string, production: boolean): PasteVerdict & { readonly hidden: boolean } {
  const body = text.replace(/\r\n?/g, "\n");
  const lines = body.replace(/\n$/, "").split("\n").length;
  // A line break at the end runs the command at once.
  const runs = lines > 1 || body.endsWith("\n");
  const dangers = dangersIn(body);
  // oxlint-disable-next-line no-control-regex
  const hidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/.test(
    body,
  );
  return { ask: hidden || (production && (runs || dangers.length > 0)), lines, dangers, hidden };
}
