import { MINUTE_MS } from "../time.ts";
import type { CalendarWindow, NoticeLanguage } from "./model.ts";

type Told = Pick<
  CalendarWindow,
  | "kind"
  | "customer"
  | "environment"
  | "startsAt"
  | "endsAt"
  | "zone"
  | "customerZone"
  | "title"
  | "interrupts"
  | "impact"
  | "state"
  | "id"
>;

const LOCALES: Readonly<Record<NoticeLanguage, string>> = { en: "en-GB", fr: "fr-FR" };

const WORDS = {
  en: {
    kinds: {
      standard: "Scheduled maintenance",
      emergency: "Emergency maintenance",
      major: "Major change",
      move: "Data-centre move",
      application: "Application change",
      backup: "Backup",
      refresh: "Environment refresh",
      drill: "Recovery drill",
      upgrade: "Upgrade",
    },
    environments: { production: "production", test: "test", sandbox: "sandbox" },
    cancelled: "Cancelled",
    moved: "New time",
    greeting: "Dear customer,",
    intro: (work: string, environment: string, customer: string) =>
      `${work} is planned for the ${environment} environment of ${customer}.`,
    off: (work: string, environment: string, customer: string) =>
      `${work} on the ${environment} environment of ${customer} will not take place. It was announced for:`,
    replaces: "This notice replaces an earlier one that named another time.",
    what: "Work",
    start: "Start",
    end: "End",
    dataCentre: "data-centre time",
    customer: "your time",
    duration: "Duration",
    impact: "Impact",
    interrupted: "The service is interrupted during this time.",
    notInterrupted: "The service is not expected to be interrupted.",
    reference: "Reference",
    colon: ":",
  },
  fr: {
    kinds: {
      standard: "Maintenance planifiée",
      emergency: "Maintenance d'urgence",
      major: "Changement majeur",
      move: "Déménagement de centre de données",
      application: "Changement applicatif",
      backup: "Sauvegarde",
      refresh: "Rafraîchissement d'environnement",
      drill: "Exercice de reprise",
      upgrade: "Mise à niveau",
    },
    environments: { production: "de production", test: "de test", sandbox: "bac à sable" },
    cancelled: "Annulé",
    moved: "Nouvel horaire",
    greeting: "Cher client,",
    intro: (work: string, environment: string, customer: string) =>
      `${work} : une intervention est prévue sur l'environnement ${environment} de ${customer}.`,
    off: (work: string, environment: string, customer: string) =>
      `${work} : l'intervention sur l'environnement ${environment} de ${customer} n'aura pas lieu. Elle était annoncée pour :`,
    replaces: "Cet avis remplace un avis précédent qui indiquait un autre horaire.",
    what: "Intervention",
    start: "Début",
    end: "Fin",
    dataCentre: "heure du centre de données",
    customer: "votre heure",
    duration: "Durée",
    impact: "Impact",
    interrupted: "Le service est interrompu pendant ce temps.",
    notInterrupted: "Aucune interruption du service n'est attendue.",
    reference: "Référence",
    colon: " :",
  },
} as const;

/**
 * The notice of a window in the customer's language: both time zones, duration and impact. Plain text.
 *
 * `replaces`: an earlier notice named other times.
 */
export function noticeText(
  window: Told,
  language: NoticeLanguage,
  replaces = false,
): { subject: string; body: string } {
  const words = WORDS[language];
  const work = words.kinds[window.kind];
  const environment = words.environments[window.environment];
  const mark = window.state === "cancelled" ? words.cancelled : replaces ? words.moved : undefined;
  const when = (at: Date) =>
    [
      `  ${moment(at, window.customerZone, language)} (${window.customerZone}, ${words.customer})`,
      `  ${moment(at, window.zone, language)} (${window.zone}, ${words.dataCentre})`,
    ].join("\n");
  const line = (name: string, value: string) => `${name}${words.colon} ${value}`;
  const opening = window.state === "cancelled" ? words.off : words.intro;
  return {
    subject: oneLine(
      `${mark ? `[${mark}] ` : ""}${work}, ${window.customer}, ${moment(window.startsAt, window.customerZone, language)}`,
    ),
    body: [
      words.greeting,
      "",
      opening(work, environment, oneLine(window.customer)),
      ...(replaces && window.state !== "cancelled" ? [words.replaces] : []),
      "",
      ...(window.title ? [line(words.what, oneLine(window.title))] : []),
      `${words.start}${words.colon}\n${when(window.startsAt)}`,
      `${words.end}${words.colon}\n${when(window.endsAt)}`,
      line(words.duration, lengthOf(window)),
      line(
        words.impact,
        [window.interrupts ? words.interrupted : words.notInterrupted, window.impact].filter(Boolean).join(" "),
      ),
      "",
      line(words.reference, window.id),
      "",
    ].join("\n"),
  };
}

/** What the kind of a window is called in a notice. */
export const kindText = (kind: CalendarWindow["kind"], language: NoticeLanguage): string => WORDS[language].kinds[kind];

/** "1 h 30 min"; the same in both languages. */
export function lengthOf({ startsAt, endsAt }: Pick<CalendarWindow, "startsAt" | "endsAt">): string {
  const minutes = Math.round((endsAt.getTime() - startsAt.getTime()) / MINUTE_MS);
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} min`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

function moment(at: Date, zone: string, language: NoticeLanguage): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "short",
    timeZone: zone,
  }).format(at);
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
