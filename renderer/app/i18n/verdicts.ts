import type { Verdict } from "../../../shared/policy/verdict.ts";
import type { Language } from "./index.ts";

/**
 * French sentences by rule and answer, with the verdict's facts put in. English is the rule's own `reason`.
 *
 * A sentence is used only when every fact that it names is there, so that a rule may say more than is known here; of
 * several the first that fits.
 */
export const FRENCH_VERDICTS: Readonly<Record<string, string | readonly string[]>> = {
  "R1.allowed": "Un seul environnement de production, comme le contrat le prévoit.",
  "R8.allowed":
    "L'environnement de test tient dans {{limitPercent}} % de la production : {{vcpus}} vCPU sur {{maximumVcpus}}, {{diskGiB}} Gio de disque sur {{maximumDiskGiB}}.",
  "R8.refused":
    "L'environnement de test dépasse {{limitPercent}} % de la production : au plus {{maximumVcpus}} vCPU, {{maximumMemoryMiB}} Mio de mémoire et {{maximumDiskGiB}} Gio de disque.",
  "R28.allowed": "Environnement bac à sable conforme au contrat.",
  "R10.allowed": "https://{{address}} est libre et bien formée.",
  "R12.allowed": "https://{{address}} est libre et bien formée.",
  "R14.allowed": "La région est admise.",
  "R14.refused": "{{region}} n'est pas une région par défaut ({{allowed}}) : il faut une exception enregistrée.",
  "R15.allowed": "La résidence des données est respectée.",
  "R15.refused": "Les données marquées {{residency}} restent dans {{allowed}} ; {{region}} n'en fait pas partie.",
  "R18.refused": "Aucune image de la version {{version}} n'existe dans {{region}}.",
  "R33.allowed": "Dans la fenêtre standard du {{local}} ({{zone}}).",
  "R33.refused": "Hors de la fenêtre standard ; la prochaine est le {{local}} ({{zone}}).",
  "R34.allowed": "{{local}} ({{zone}}) est une heure creuse.",
  "R34.refused": "{{local}} ({{zone}}) est une heure de forte activité.",
  "R35.allowed": "Le préavis de {{noticeHours}} h est respecté (annonce {{announced}}).",
  "R36.allowed": "L'avis nomme l'impact, ou aucune interruption n'est probable.",
  "R36.refused": "Une interruption est probable : l'avis doit en nommer l'impact.",
  "R39.allowed": "Le préavis de {{noticeHours}} h est respecté (annonce {{announced}}).",
  "R39.refused": "Le début est à moins de {{noticeHours}} h de l'avis ({{announced}}).",
  "R40.allowed": [
    "Changement majeur {{ordinal}} sur {{perYear}} en {{year}}.",
    "Le préavis de {{noticeHours}} h est respecté (annonce {{announced}}).",
  ],
  "R40.refused": [
    "En {{year}}, ce serait le changement majeur {{ordinal}} de {{hours}} h : {{perYear}} par an sont permis, de {{maximumHours}} h au plus.",
    "Le début est à moins de {{noticeHours}} h de l'avis ({{announced}}).",
  ],
  "R41.allowed": "Le préavis de {{noticeHours}} h est respecté (annonce {{announced}}).",
  "R41.refused": "Le début est à moins de {{noticeHours}} h de l'avis ({{announced}}).",
  "R44.allowed": [
    "En moyenne {{averageMinutes}} minutes par semaine sur {{weeks}} semaines, dans la limite de {{limitMinutes}}.",
    "{{local}} ({{zone}}) est une heure creuse.",
    "Le préavis de {{noticeHours}} h est respecté (annonce {{announced}}).",
  ],
  "R44.refused": [
    "En moyenne {{averageMinutes}} minutes par semaine sur {{weeks}} semaines ; {{limitMinutes}} sont promises.",
    "{{local}} ({{zone}}) est une heure de forte activité.",
    "Le début est à moins de {{noticeHours}} h de l'avis ({{announced}}).",
  ],
  "R62.allowed": "En dehors de la fenêtre quotidienne de sauvegarde ({{zone}}).",
  "R62.refused": "Chevauche la fenêtre quotidienne de sauvegarde ({{zone}}).",
  "overlap.allowed": "Le client n'a aucune autre fenêtre à ce moment.",
  "overlap.refused": "Le client a une autre fenêtre à ce moment : {{other}}, jusqu'à {{until}}.",
  "blackout.allowed": "Aucun jour d'exclusion n'y fait obstacle.",
  "blackout.refused": "{{title}} : aucune maintenance du {{firstDay}} au {{lastDay}} ({{zone}}).",
  "R42.allowed": "La version {{version}} est prise en charge (la plus récente est {{newest}}).",
  "R42.refused": "La version {{version}} n'est plus prise en charge (la plus récente est {{newest}}).",
  "R46.allowed": "La version {{version}} est prise en charge.",
  "R26.allowed": "Aucun minimum d'utilisateurs : le palier suit la charge.",
  "R76.allowed": "L'édition est vendue avec ce service.",
  "R76.refused": "L'édition « {{edition}} » n'est pas vendue avec ce service, seulement : {{sold}}.",
  "R77.allowed": "{{users}} utilisateurs et {{posTerminals}} terminaux de vente atteignent le minimum de la licence.",
  "R77.refused":
    "La licence est sous le minimum : il faut {{minimumUsers}} utilisateurs et {{minimumPosTerminals}} terminaux de vente au moins.",
  "quota.allowed": "Aucune limite connue du compte ne s'y oppose.",
};

/** A verdict in the operator's language. */
export function verdictWords(verdict: Verdict, language: Language): string {
  if (language === "en") return verdict.reason;
  const facts = verdict.facts ?? {};
  const known = FRENCH_VERDICTS[`${verdict.rule}.${verdict.allowed ? "allowed" : "refused"}`] ?? [];
  const sentence = (typeof known === "string" ? [known] : known).find((one) =>
    [...one.matchAll(/\{\{(\w+)\}\}/g)].every(([, name = ""]) => facts[name] !== undefined && facts[name] !== null),
  );
  return sentence?.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(facts[name])) ?? verdict.reason;
}

const OWN_ORDER: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  overlap: { en: "Conflict", fr: "Conflit" },
  blackout: { en: "Black-out", fr: "Jour d'exclusion" },
};

/** What a rule is called: by its number, or by name where it is no rule of the contract. */
export function ruleWords(rule: string, language: Language): string {
  return OWN_ORDER[rule]?.[language] ?? rule;
}
