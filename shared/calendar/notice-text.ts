import { AppError } from "../errors.ts";
import { MINUTE_MS } from "../time.ts";
import { type CalendarWindow, type NoticeLanguage, TEMPLATE_KINDS, type TemplateKind } from "./model.ts";

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
      update: "Update",
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
      update: "Mise à jour",
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

/** Text of a notice with `{{placeholders}}`: the shipped one, or the company's own. */
export interface NoticeText {
  readonly subject: string;
  readonly body: string;
}

/** The text that the console brings, in the form in which a company changes it. */
export function shippedTemplate(kind: TemplateKind, language: NoticeLanguage): NoticeText {
  const words = WORDS[language];
  const opening = kind === "cancelled" ? words.off : words.intro;
  const line = (name: string, value: string) => `${name}${words.colon} {{${value}}}`;
  return {
    subject: "{{kind}}, {{customer}}, {{start}}",
    body: [
      words.greeting,
      "",
      opening("{{kind}}", "{{environment}}", "{{customer}}"),
      "{{replaces}}",
      "",
      line(words.what, "title"),
      `${words.start}${words.colon}`,
      "  {{startCustomer}}",
      "  {{startDataCentre}}",
      `${words.end}${words.colon}`,
      "  {{endCustomer}}",
      "  {{endDataCentre}}",
      line(words.duration, "duration"),
      line(words.impact, "impact"),
      "",
      line(words.reference, "reference"),
      "",
    ].join("\n"),
  };
}

/**
 * The notice of a window in the customer's language. Plain text; what a window's fields hold is put in as it is and
 * never read as a placeholder.
 *
 * `replaces`: an earlier notice named other times. `template` absent: the shipped one. A line whose placeholders are all
 * empty is left out. Throws AppError InvalidInput for a template that `templateProblems` finds fault with.
 */
export function noticeText(
  window: Told,
  language: NoticeLanguage,
  replaces = false,
  template: NoticeText = shippedTemplate(templateKindOf(window), language),
): NoticeText {
  refuseProblems(template);
  const words = WORDS[language];
  const values = valuesOf(window, language, replaces);
  const mark = window.state === "cancelled" ? words.cancelled : replaces ? words.moved : undefined;
  const fill = (text: string) => text.replace(PLACEHOLDER, (_, name: Placeholder) => values[name]);
  const lines = template.body.split("\n").filter((line) => {
    const names = [...line.matchAll(PLACEHOLDER)].map(([, name]) => name as Placeholder);
    return names.length === 0 || names.some((name) => values[name] !== "");
  });
  // A customer who was told another time is told so, whatever the company's text says.
  if (values.replaces !== "" && !template.body.includes("{{replaces}}")) lines.unshift(values.replaces, "");
  return {
    subject: oneLine(`${mark ? `[${mark}] ` : ""}${fill(template.subject)}`),
    body: lines.map(fill).join("\n"),
  };
}

export const templateKindOf = ({ kind, state }: Pick<Told, "kind" | "state">): TemplateKind =>
  state === "cancelled" ? "cancelled" : (TEMPLATE_KINDS.find((one) => one === kind) ?? "standard");

function valuesOf(window: Told, language: NoticeLanguage, replaces: boolean): Readonly<Record<Placeholder, string>> {
  const words = WORDS[language];
  const { startsAt, endsAt, zone, customerZone } = window;
  const at = (date: Date, where: string, whose: string) => `${moment(date, where, language)} (${where}, ${whose})`;
  return {
    kind: words.kinds[window.kind],
    customer: oneLine(window.customer),
    environment: words.environments[window.environment],
    title: oneLine(window.title),
    start: moment(startsAt, customerZone, language),
    startCustomer: at(startsAt, customerZone, words.customer),
    startDataCentre: at(startsAt, zone, words.dataCentre),
    endCustomer: at(endsAt, customerZone, words.customer),
    endDataCentre: at(endsAt, zone, words.dataCentre),
    duration: lengthOf(window),
    impact: [window.interrupts ? words.interrupted : words.notInterrupted, window.impact].filter(Boolean).join(" "),
    reference: window.id,
    replaces: replaces && window.state !== "cancelled" ? words.replaces : "",
  };
}

/** What may stand in double braces. */
export const PLACEHOLDERS = [
  ...([
    "kind",
    "customer",
    "environment",
    "title",
    "start",
    "startCustomer",
    "startDataCentre",
    "endCustomer",
  ] as const),
  ...(["endDataCentre", "duration", "impact", "reference", "replaces"] as const),
] as const;
export type Placeholder = (typeof PLACEHOLDERS)[number];
const PLACEHOLDER = /\{\{(\w+)\}\}/g;

/** What a notice has to tell: both clocks, the length and the impact (R36). */
const NEEDED = ["startCustomer", "startDataCentre", "duration", "impact"] as const satisfies readonly Placeholder[];

/** Why a text cannot be used, one sentence each; empty when it can. */
export function templateProblems({ subject, body }: NoticeText): string[] {
  const text = `${subject}\n${body}`;
  const names = [...text.matchAll(PLACEHOLDER)].map(([, name]) => `${name}`);
  const known: ReadonlySet<string> = new Set(PLACEHOLDERS);
  const unknown = [...new Set(names.filter((name) => !known.has(name)))];
  const rest = text.replace(PLACEHOLDER, "");
  return [
    ...unknown.map((name) => `There is no placeholder {{${name}}}.`),
    ...(rest.includes("{{") || rest.includes("}}") ? ["A placeholder is not finished: write {{name}}."] : []),
    ...NEEDED.filter((name) => !body.includes(`{{${name}}}`)).map(
      (name) => `The text does not name {{${name}}}, which every notice has to tell.`,
    ),
    ...(/\S/.test(subject) ? [] : ["The subject is empty."]),
  ];
}

function refuseProblems(template: NoticeText): void {
  const problems = templateProblems(template);
  if (problems.length === 0) return;
  throw new AppError("InvalidInput", `The text of the notice cannot be used: ${problems.join(" ")}`, {
    ...{ retryable: false, problems },
    next: "Correct the text; the one in use stays as it is.",
  });
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
