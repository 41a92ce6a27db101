import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../shared/time.ts";

/** Day first and a 24-hour clock in both languages: operators compare times across sites. */
const LOCALES: Readonly<Record<string, string>> = { en: "en-GB", fr: "fr-FR" };
const localeOf = (language: string) => LOCALES[language] ?? language;

/** Making an Intl formatter costs more than using it a thousand times: each is made once. */
function cached<Options, Format>(make: (locale: string, options: Options) => Format) {
  const made = new Map<string, Format>();
  return (language: string, options: Options): Format => {
    const key = `${language} ${JSON.stringify(options)}`;
    const known = made.get(key);
    if (known) return known;
    const format = make(localeOf(language), options);
    made.set(key, format);
    return format;
  };
}

const dateFormat = cached((locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options));
const numberFormat = cached((locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options));
const relativeFormat = cached(
  (locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options),
);

/** An unknown zone falls back to the machine's own instead of failing a whole screen. */
function known(zone: string | undefined): { timeZone?: string } {
  if (!zone) return {};
  try {
    dateFormat("en", { timeZone: zone });
    return { timeZone: zone };
  } catch {
    return {};
  }
}

/** "Mon 23 Nov, 22:00" in `zone`, or in the machine's zone. */
export function shortDateTime(date: Date, language: string, zone?: string): string {
  return dateFormat(language, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    ...known(zone),
  }).format(date);
}

/** "March 2026" for "2026-03" or any day of it. */
export function monthName(month: string, language: string): string {
  const options = { month: "long", year: "numeric", timeZone: "UTC" } as const;
  return dateFormat(language, options).format(new Date(`${month.slice(0, 7)}-01T00:00:00Z`));
}

/** "99.97 %": cut after the third place and never rounded up, so that 100 % is only told of 100 %. */
export function availability(value: number, language: string): string {
  const cut = Math.floor(value * 1_000) / 1_000;
  return numberFormat(language, { style: "percent", maximumFractionDigits: 3 }).format(cut / 100);
}

/** Everything, with seconds and the zone's name. */
export function fullDateTime(date: Date, language: string, zone?: string): string {
  return dateFormat(language, {
    weekday: "short",
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
    ...known(zone),
  }).format(date);
}

/** 22:04:09, as in a log. */
export function clockTime(date: Date, language: string): string {
  return dateFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(date);
}

/** A plain date YYYY-MM-DD, which has no zone. */
export function plainDate(date: string, language: string): string {
  const parsed = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(parsed.getTime())) return date;
  return dateFormat(language, { dateStyle: "medium", timeZone: "UTC" }).format(parsed);
}

const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", DAY_MS],
  ["hour", HOUR_MS],
  ["minute", MINUTE_MS],
];

/** "3 hours ago", "in 2 days"; "now" below a minute. */
export function relativeTime(date: Date, now: number, language: string): string {
  const format = relativeFormat(language, { numeric: "auto", style: "short" });
  const distance = date.getTime() - now;
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) >= size) return format.format(Math.trunc(distance / size), unit);
  }
  return format.format(0, "second");
}

/** "1h 4m", "12s", "0.4s": the two largest units, tenths below ten seconds. */
export function duration(ms: number, language: string): string {
  const unit = (value: number, name: string) =>
    numberFormat(language, { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: 1 }).format(
      value,
    );
  if (ms < 10 * SECOND_MS) return unit(Math.max(0, ms) / SECOND_MS, "second");
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 60) return unit(seconds, "second");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${unit(minutes, "minute")} ${unit(seconds % 60, "second")}`;
  return `${unit(Math.floor(minutes / 60), "hour")} ${unit(minutes % 60, "minute")}`;
}

export function count(value: number, language: string): string {
  return numberFormat(language, {}).format(value);
}

export function percent(value: number, language: string): string {
  return numberFormat(language, { style: "percent" }).format(value / 100);
}

/** 16384 → "16 GiB"; French counts in octets. */
export function mebibytes(value: number, language: string): string {
  const gib = value / 1024;
  const shown = numberFormat(language, { maximumFractionDigits: 1 });
  const unit = language === "fr" ? "io" : "iB";
  return gib >= 1 ? `${shown.format(gib)} G${unit}` : `${shown.format(value)} M${unit}`;
}

/** In the largest of B, KiB, MiB and GiB of which there is at least one. */
export function bytes(value: number, language: string): string {
  if (value >= 1024 * 1024) return mebibytes(value / (1024 * 1024), language);
  const shown = numberFormat(language, { maximumFractionDigits: value < 1024 ? 0 : 1 });
  if (value >= 1024) return `${shown.format(value / 1024)} K${language === "fr" ? "io" : "iB"}`;
  return `${shown.format(value)} ${language === "fr" ? "o" : "B"}`;
}
