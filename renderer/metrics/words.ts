import type { Unit } from "../../shared/metrics/catalogue.ts";
import { bytes, count, duration } from "../ui/format.ts";

const formats = new Map<string, Intl.NumberFormat>();

function number(value: number, language: string): string {
  const digits = Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  const key = `${language} ${digits}`;
  const format =
    formats.get(key) ?? new Intl.NumberFormat(language === "fr" ? "fr-FR" : "en-GB", { maximumFractionDigits: digits });
  formats.set(key, format);
  return format.format(value);
}

/** Below a MiB whole KiB, so that small figures do not read as nought. */
function size(value: number, language: string): string {
  if (Math.abs(value) >= 1024 * 1024) return bytes(value, language);
  return `${number(value / 1024, language)} K${language === "fr" ? "io" : "iB"}`;
}

/** A figure with its unit, as people read it. */
export function figure(value: number, unit: Unit, language: string): string {
  switch (unit) {
    case "percent":
      return `${number(value, language)} %`;
    case "bytes":
      return size(value, language);
    case "bytesPerSecond":
      return `${size(value, language)}/s`;
    case "perSecond":
      return `${number(value, language)}/s`;
    case "perMinute":
      return `${number(value, language)}/min`;
    case "count":
      return Number.isInteger(value) ? count(value, language) : number(value, language);
    case "seconds":
      return duration(value * 1_000, language);
    case "milliseconds":
      return `${number(value, language)} ms`;
    case "days":
      return language === "fr" ? `${number(value, language)} j` : `${number(value, language)} d`;
  }
}
