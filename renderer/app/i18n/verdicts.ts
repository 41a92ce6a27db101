import type { Verdict } from "../../../shared/policy/verdict.ts";
import type { Language } from "./index.ts";

/**
 * French sentences by rule and answer, with the verdict's facts put in. English is the rule's own `reason`.
 *
 * A sentence is used only when every fact that it names is there, so that a rule may say more than is known here.
 */
export const FRENCH_VERDICTS: Readonly<Record<string, string>> = {
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
  const sentence = FRENCH_VERDICTS[`${verdict.rule}.${verdict.allowed ? "allowed" : "refused"}`];
  if (!sentence) return verdict.reason;
  const facts = verdict.facts ?? {};
  const names = [...sentence.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? "");
  if (names.some((name) => facts[name] === undefined || facts[name] === null)) return verdict.reason;
  return sentence.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(facts[name]));
}
