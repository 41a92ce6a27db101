/** Plain days have no zone: they are told in UTC, in which they are counted. */
const format = (day: string, language: string, options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(language === "fr" ? "fr-FR" : "en-GB", { ...options, timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );

export const weekdayName = (day: string, language: string) => format(day, language, { weekday: "short" });
export const dayName = (day: string, language: string) =>
  format(day, language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const shortDayName = (day: string, language: string) =>
  format(day, language, { weekday: "short", day: "numeric", month: "short" });
