/** One word for a POSIX shell, whatever it holds (NUL, which no argument can hold, is refused). */
export function shellQuote(word: string): string {
  if (word.includes("\0")) throw new RangeError("A shell word cannot hold NUL.");
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** An argument vector as the one command line that SSH carries. */
export const shellCommand = (words: readonly string[]): string => words.map(shellQuote).join(" ");
