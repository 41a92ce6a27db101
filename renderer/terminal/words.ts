/** An instant to the second: what was lost between two of them matters. */
export function shortDateTime(date: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: "medium" }).format(date);
}

/** Text of others without characters that could steer a terminal. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
