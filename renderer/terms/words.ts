import { useMemo } from "react";
import { type Facts, hasWords, type Translate, useWords } from "../app/i18n/index.ts";
import { plainDate } from "../ui/format.ts";
import type { Tone } from "../ui/StateBadge.tsx";
import type { ContractTerms, Entitlement, TermsClock, TermsEntry, TermsFacts } from "../../shared/terms/model.ts";

const DAY = /^\d{4}-\d\d-\d\d$/;

/** Days among the facts as people write them. */
function shownFacts(facts: Facts, language: string): Facts {
  return Object.fromEntries(
    Object.entries(facts).map(([name, value]) => [
      name,
      typeof value === "string" && DAY.test(value) ? plainDate(value, language) : value,
    ]),
  );
}

/** The sentences of clocks, promises and recorded facts. */
export function useTermsWords() {
  const { t, language } = useWords();
  return useMemo(
    () => ({
      why: ({ id, facts }: TermsClock) => t(`terms.why.${id}`, shownFacts(facts, language)),
      value: (entitlement: Entitlement) => valueWords(t, language, entitlement),
      fact: (kind: FactKind, facts: TermsFacts) => factWords(t, language, kind, facts),
      entry: (entry: TermsEntry) => entryWords(t, language, entry),
      quote: (rule: string): string | null => {
        const key = `terms.quote.${rule}`;
        return hasWords(key) ? t(key) : null;
      },
    }),
    [t, language],
  );
}

/** What a record says: the kind of fact and its value. */
function entryWords(t: Translate, language: string, entry: TermsEntry): string {
  const what = t(`terms.fact.${entry.kind}`);
  const valued = (value: string | null) => t("terms.labelled", { what, value: value ?? t("terms.record.takenBack") });
  switch (entry.kind) {
    case "notice":
    case "end":
    case "update":
    case "upgrade":
    case "copy-request":
    case "copy-delivery":
    case "deletion":
      return valued(entry.on && plainDate(entry.on, language));
    case "standing":
      return valued(t(entry.good ? "terms.fact.standing.good" : "terms.fact.standing.bad"));
    case "flex":
      return valued(t(entry.flex ? "terms.fact.flex.flex" : "terms.fact.flex.automatic"));
    case "hold":
      return valued(t(entry.held ? "terms.fact.hold.held" : "terms.fact.hold.none"));
    case "term":
      return valued(entry.months === null ? null : t("terms.fact.term.months", { months: entry.months }));
    case "uptime":
      return valued(entry.percent === null ? null : t("terms.value.uptime", { percent: entry.percent }));
    case "tiers":
      return valued(entry.tiers.length === 0 ? null : tierWords(t, entry.tiers));
    case "contacts":
      return valued(entry.addresses.length === 0 ? null : entry.addresses.join(", "));
    case "profile":
      return valued(entry.profileId);
    case "from-contract":
      return valued(`${entry.name} ${entry.value ?? t("terms.record.takenBack")}`);
    case "exception":
      return valued([`${entry.rule}, ${entry.document}`, ...numberWords(entry.numbers)].join("; "));
    case "exception-end":
      return what;
  }
}

export const numberWords = (numbers: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(numbers).map(
    ([path, value]) => `${path} = ${Array.isArray(value) ? value.join(", ") : String(value)}`,
  );

const tierWords = (t: Translate, tiers: TermsFacts["retentionTiers"]): string =>
  t("terms.value.tiers", { tiers: tiers.map(({ name, keepDays }) => `${name} ${keepDays}`).join(", ") });

function valueWords(t: Translate, language: string, { id, standing, facts }: Entitlement): string | null {
  const key = `terms.value.${id}`;
  if (standing === "open" || !hasWords(key) || Object.keys(facts).length === 0) return null;
  return t(key, shownFacts(facts, language));
}

export const FACT_KINDS = [
  "notice",
  "end",
  "standing",
  "hold",
  "copy-request",
  "copy-delivery",
  "deletion",
  "term",
  "uptime",
  "tiers",
  "flex",
  "update",
  "upgrade",
  "contacts",
  "profile",
  "from-contract",
] as const;
/** Facts of a service whose versions come by a train (R46, R47). */
export const TRAIN_FACTS: ReadonlySet<string> = new Set(["flex", "update", "upgrade"]);
export type FactKind = (typeof FACT_KINDS)[number];

/** Null: nobody recorded it. */
function factWords(t: Translate, language: string, kind: FactKind, facts: TermsFacts): string | null {
  const day = (on: string | null) => (on === null ? null : plainDate(on, language));
  switch (kind) {
    case "notice":
      return day(facts.noticeOn);
    case "end":
      return day(facts.endOn);
    case "standing":
      return t(facts.goodStanding ? "terms.fact.standing.good" : "terms.fact.standing.bad");
    case "hold":
      return t(facts.legalHold ? "terms.fact.hold.held" : "terms.fact.hold.none");
    case "flex":
      return t(facts.isFlex ? "terms.fact.flex.flex" : "terms.fact.flex.automatic");
    case "update":
      return day(facts.updatedOn) ?? t("terms.fact.sinceStart");
    case "upgrade":
      return day(facts.upgradedOn) ?? t("terms.fact.sinceStart");
    case "copy-request":
      return day(facts.copyRequestedOn);
    case "copy-delivery":
      return day(facts.copyDeliveredOn);
    case "deletion":
      return day(facts.deletedOn);
    case "term":
      return facts.termMonths === null
        ? t("terms.fact.term.profile")
        : t("terms.fact.term.months", { months: facts.termMonths });
    case "uptime":
      return facts.uptimePercent === null
        ? t("terms.fact.open")
        : t("terms.value.uptime", { percent: facts.uptimePercent });
    case "tiers":
      return facts.retentionTiers.length === 0 ? t("terms.fact.open") : tierWords(t, facts.retentionTiers);
    case "profile":
      return facts.profileId ?? t("terms.fact.profile.service");
    case "from-contract": {
      const entered = Object.entries(facts.contractNumbers);
      return entered.length === 0
        ? t("terms.fact.open")
        : entered.map(([name, value]) => `${name} ${String(value)}`).join(", ");
    }
    case "contacts":
      return facts.contacts.length === 0 ? null : facts.contacts.join(", ");
  }
}

export const STATE_TONES: Readonly<Record<ContractTerms["state"], Tone>> = {
  ordered: "idle",
  provisioning: "busy",
  active: "good",
  notice: "warning",
  "request-open": "warning",
  suspended: "warning",
  retrieval: "warning",
  "due-for-deletion": "bad",
  deleted: "idle",
};
