import type { Verdict } from "../../../shared/policy/verdict.ts";
import { bytes, shortDateTime } from "../../ui/format.ts";
import type { Language } from "./index.ts";

/**
 * French sentences by the `case` of a verdict's facts, with the facts put in. English is the rule's own `reason`.
 *
 * A fact that is a word of ours is translated by its name (`FACT_WORDS`); instants are shown in the machine's zone.
 */
export const FRENCH_VERDICTS: Readonly<Record<string, string>> = {
  "prefix.free": "https://{{address}} est libre et bien formée.",
  "prefix.empty": "Le préfixe est vide.",
  "prefix.long":
    "Le préfixe « {{prefix}} » compte {{length}} caractères ; une étiquette DNS en admet {{maximum}} au plus.",
  "prefix.capitals": "Le préfixe « {{prefix}} » contient des majuscules ; les adresses s'écrivent en minuscules.",
  "prefix.characters":
    "Le préfixe « {{prefix}} » ne peut contenir que les lettres a à z, les chiffres 0 à 9 et des traits d'union.",
  "prefix.edgeHyphen": "Le préfixe « {{prefix}} » commence ou finit par un trait d'union.",
  "prefix.innerHyphens":
    "Le préfixe « {{prefix}} » a deux traits d'union en troisième et quatrième position, ce qui est réservé aux noms internationaux.",
  "prefix.reserved": "Le préfixe « {{prefix}} » est un mot réservé.",
  "prefix.tooShort": "Le préfixe « {{prefix}} » est trop court : le contrat exige au moins {{minimum}} caractères.",
  "prefix.tooLong": "Le préfixe « {{prefix}} » est trop long : le contrat admet au plus {{maximum}} caractères.",
  "prefix.forbidden": "Le préfixe « {{prefix}} » contient « {{word}} », ce que le contrat interdit.",
  "prefix.taken": "L'adresse {{address}} appartient déjà à un autre tenant.",

  "domain.noChoice": "{{service}} ne laisse pas le choix du nom de domaine.",
  "domain.malformed": "« {{domain}} » n'est pas un nom de domaine.",
  "domain.needsCertificate": "{{domain}} demande un certificat fourni par le client.",
  "domain.own": "{{domain}} peut servir avec le certificat du client.",
  "certificate.ended": "Le certificat a pris fin le {{endsAt}}.",
  "certificate.lasts": "Le certificat prend fin dans {{daysLeft}} jours.",

  "region.noList": "{{service}} ne fixe pas de liste de régions.",
  "region.default": "{{region}} est une région par défaut ({{allowed}}).",
  "region.exception": "{{region}} est admise par l'exception enregistrée dans {{document}}.",
  "region.outside": "{{region}} n'est pas une région par défaut ({{allowed}}) : il faut une exception enregistrée.",
  "region.exceptionEnded":
    "{{region}} n'est pas une région par défaut ({{allowed}}), et l'exception enregistrée a pris fin le {{endedOn}}.",
  "residency.none": "Le tenant ne porte aucune étiquette de résidence des données.",
  "residency.unknown":
    "Aucune région connue ne satisfait l'étiquette de résidence {{residency}} : ajoutez-la d'abord au profil.",
  "residency.kept": "{{region}} satisfait l'étiquette de résidence {{residency}}.",
  "residency.elsewhere":
    "Les données marquées {{residency}} restent dans {{allowed}} ; {{region}} n'en fait pas partie.",
  "compliance.examined": "Toutes les exigences de conformité enregistrées ont été examinées.",
  "compliance.open":
    "Pas encore examiné : {{open}}. Des options sont d'abord proposées ; des frais peuvent s'appliquer.",

  "edition.sold": "{{service}} est vendu avec l'édition « {{edition}} ».",
  "edition.unsold": "{{service}} n'est pas vendu avec l'édition « {{edition}} », seulement avec : {{sold}}.",
  "edition.privateCloud": "Le cloud privé est un modèle de licence à part.",
  "licence.noMinimum": "{{service}} n'exige aucun minimum d'utilisateurs : le palier suit la charge.",
  "licence.reached":
    "{{users}} utilisateurs et {{posTerminals}} terminaux de vente atteignent le minimum de l'édition « {{edition}} ».",
  "licence.below":
    "La licence est sous le minimum de l'édition « {{edition}} » : {{minimumUsers}} utilisateurs et {{minimumPosTerminals}} terminaux de vente au moins, pour {{users}} et {{posTerminals}} demandés.",
  "licence.above": "La licence dépasse le maximum de {{service}}.",
  "migration.any": "{{service}} ne fixe pas de version minimale pour les migrations.",
  "migration.allowed": "{{version}} peut migrer : {{oldest}} ou plus récent est exigé.",
  "migration.tooOld": "{{version}} est antérieure à {{oldest}} : mettez d'abord à niveau.",
  "migration.unknown":
    "« {{version}} » ne peut pas être comparée à {{oldest}} : écrivez-la comme sur la version publiée.",

  "kinds.provided": "Environnement {{kind}} : {{asked}}, comme le contrat le prévoit.",
  "kinds.missing": "Un tenant a exactement un environnement {{kind}} ; aucun n'est demandé.",
  "kinds.tooMany": "Un tenant a au plus {{maximum}} environnement {{kind}} ; {{asked}} sont demandés.",
  "kinds.testInside":
    "{{service}} n'a pas d'environnement {{kind}} : les tenants de test vivent à l'intérieur de la production.",
  "kinds.unnamed": "{{service}} n'a pas d'environnement {{kind}} : son contrat n'en prévoit pas.",
  "size.within":
    "L'environnement {{kind}} tient dans {{limitPercent}} % de la production : {{vcpus}} vCPU sur {{maximumVcpus}}, {{memoryMiB}} de mémoire sur {{maximumMemoryMiB}}, {{diskGiB}} Gio de disque sur {{maximumDiskGiB}}.",
  "size.above":
    "L'environnement {{kind}} dépasse {{limitPercent}} % de la production : {{vcpus}} vCPU pour {{maximumVcpus}} au plus, {{memoryMiB}} de mémoire pour {{maximumMemoryMiB}}, {{diskGiB}} Gio de disque pour {{maximumDiskGiB}}.",
  "size.unlimited": "{{service}} ne limite pas la taille d'un environnement {{kind}}.",
  "size.unknown": "Comparaison impossible : la taille de {{type}} est inconnue dans {{region}}.",
  "resize.allowed": "L'environnement {{kind}} peut suivre l'utilisation.",
  "resize.productionOnly": "Seule la production suit l'utilisation, pas l'environnement {{kind}}.",

  "version.newest": "{{version}} est la version la plus récente.",
  "version.behind":
    "{{version}} n'est pas la version la plus récente ({{newest}}) ; les mises à jour arrivent d'elles-mêmes.",
  "version.unplaced": "{{version}} n'est pas la version la plus récente ; les mises à jour arrivent d'elles-mêmes.",
  "version.current": "{{version}} est la version la plus récente, ou plus récente encore.",
  "version.supported": "Versions qui restent avant que {{version}} sorte du support : {{leavesInReleases}}.",
  "version.last": "{{version}} est la dernière version prise en charge : la prochaine met fin à son support.",
  "version.unsupported": "{{version}} est plus ancienne que les {{number}} dernières versions ({{window}}).",
  "version.unknown": "{{version}} ne se situe pas parmi les versions connues ({{window}}).",
  "version.noReleases": "{{version}} ne peut pas être située : aucune version n'est connue.",
  "fixes.given": "{{version}} reçoit les correctifs.",
  "fixes.ended": "{{version}} ne reçoit plus de correctifs : elle est sortie du support.",
  "fixes.unknown": "Impossible de dire si {{version}} reçoit encore des correctifs.",
  "ssh.everybody": "SSH serait ouvert à tout Internet (0.0.0.0/0).",
  "image.missing": "Aucune image de {{service}} {{version}} n'existe dans {{region}}.",

  "quota.fits": "La demande tient dans les limites du compte.",
  "quota.unread": "Les limites du compte n'ont pas été lues ; AWS tranchera à la création.",
  "quota.short":
    "Quota du compte dans {{region}} ({{resource}}) : {{needed}} de plus que les {{used}} en service dépassent la limite de {{limit}}.",

  "window.none": "{{service}} ne fixe pas de fenêtre récurrente ; le préavis décide.",
  "window.inside": "Dans la fenêtre standard du {{local}} ({{zone}}).",
  "window.outside": "Hors de la fenêtre standard ; la prochaine est le {{local}} ({{zone}}).",
  "backupHours.none": "{{service}} ne fixe pas d'heures pour ses sauvegardes.",
  "backupHours.clear": "En dehors de la fenêtre quotidienne de sauvegarde, de {{from}} à {{to}} ({{zone}}).",
  "backupHours.overlap": "Chevauche la fenêtre quotidienne de sauvegarde, de {{from}} à {{to}} ({{zone}}).",
  "traffic.low": "{{local}} ({{zone}}) est une heure creuse.",
  "traffic.high": "{{local}} ({{zone}}) est une heure de forte activité.",
  "businessHours.outside": "{{local}} est en dehors des heures ouvrées, de {{from}} à {{to}} ({{zone}}).",
  "businessHours.inside":
    "{{local}} tombe dans les heures ouvrées, de {{from}} à {{to}} ({{zone}}) ; l'écrasement attend leur fin.",
  "notice.kept": "Le préavis de {{noticeHours}} h est respecté (annonce {{announced}}).",
  "notice.short": "Le début est à moins de {{noticeHours}} h de l'avis ({{announced}}).",
  "notice.uninterrupted": "Aucun préavis n'est dû : le service n'est pas interrompu.",
  "notice.unset": "{{service}} ne fixe pas de préavis pour ce genre.",
  "notice.move": "Un déménagement pour {{moveReason}} n'exige pas de préavis.",
  "notice.moveWithin": "Un déménagement dans la région pour {{moveReason}} n'exige pas de préavis.",
  "impact.none": "Aucune interruption n'est probable.",
  "impact.named": "L'avis nomme l'impact.",
  "impact.unnamed": "Une interruption est probable : l'avis doit en nommer l'impact.",
  "major.uncounted": "{{service}} ne compte pas les changements majeurs.",
  "major.within": "Changement majeur {{ordinal}} sur {{perYear}} en {{year}}.",
  "major.tooMany": "{{year}} a déjà {{used}} changements majeurs ; {{perYear}} par an sont permis.",
  "major.tooLong": "Un changement majeur dure au plus {{maximumHours}} h ; {{hours}} h sont prévues.",
  "weekly.none": "{{service}} ne promet pas de moyenne hebdomadaire.",
  "weekly.within":
    "En moyenne {{averageMinutes}} minutes par semaine sur {{weeks}} semaines, dans la limite de {{limitMinutes}}.",
  "weekly.above":
    "En moyenne {{averageMinutes}} minutes par semaine sur {{weeks}} semaines ; {{limitMinutes}} sont promises.",
  "overlap.allowed": "Le client n'a aucune autre fenêtre à ce moment.",
  "overlap.refused": "Le client a une autre fenêtre à ce moment : {{other}}, jusqu'à {{until}}.",
  "blackout.allowed": "Aucun jour d'exclusion n'y fait obstacle.",
  "blackout.refused": "{{title}} : aucune maintenance du {{firstDay}} au {{lastDay}} ({{zone}}).",

  "identity.three": "Étiquettes, données et licence de l'hôte nomment ce tenant.",
  "identity.two": "Étiquettes et données nomment ce tenant ; aucun hôte n'est écrasé.",
  "identity.untagged": "Les étiquettes de la copie ne nomment aucun tenant.",
  "identity.tags": "Les étiquettes de la copie nomment le tenant {{found}}, pas celui-ci.",
  "identity.noManifest":
    "Aucun manifeste n'a été pris avec la copie : on ne sait pas ce que ses données disent d'elles-mêmes.",
  "identity.data": "Les données de la copie sont celles du tenant {{found}}, pas de celui-ci.",
  "identity.noSystem": "Les données de la copie ne nomment aucune base.",
  "identity.system": "Les étiquettes de la copie nomment la base {{tagged}}, ses données {{found}}.",
  "identity.silent": "L'hôte de la cible ne répond pas : on ne peut pas prouver à qui il est.",
  "identity.host": "L'hôte de la cible sert {{found}}, pas ce tenant.",
  "identity.noLicence": "L'hôte de la cible n'a pas de licence : on ne peut pas prouver à qui il est.",
  "identity.licence": "La licence de l'hôte de la cible n'est pas celle de ce tenant.",
  "identity.otherLicence": "La copie a été prise sous la licence {{copied}}, l'hôte a {{now}}.",
  "papers.missing": "Il manque : {{papers}}.",
  "papers.there": "Documents présents : {{papers}}.",
  "papers.none": "Aucun document n'est demandé.",
  "papers.accepted": "Sans garantie, accepté par {{by}}.",
  "papers.notAccepted":
    "Personne ne garantit cette restauration : elle se fait sans garantie et demande une acceptation enregistrée.",
  "overwrite.fresh": "Un instantané récent de la production est pris d'abord.",
  "overwrite.notFresh": "Une restauration écrase la production : prenez-en d'abord un instantané récent.",
  "copyVersion.stored": "Une copie stockée est mise à niveau avec le système.",
  "copyVersion.same": "Les deux côtés sont en {{targetVersion}}.",
  "copyVersion.other":
    "La copie est en {{sourceVersion}}, la cible en {{targetVersion}} : restaurez à côté en {{sourceVersion}}, puis mettez à niveau.",
  "copyVersion.unknown": "Les versions de la copie et de la cible ne peuvent pas être comparées.",
  "copyVersion.older": "La copie en {{sourceVersion}} est mise à niveau vers {{targetVersion}} à la mise en service.",
  "copyVersion.newer":
    "La copie est en {{sourceVersion}}, plus récente que {{targetVersion}} : restaurez-la à côté sur l'image {{sourceVersion}}, puis mettez la cible à niveau.",
  "copyVersion.newerNoImage":
    "La copie est en {{sourceVersion}}, plus récente que {{targetVersion}}, et il ne reste pas d'image {{sourceVersion}}.",
  "refresh.loses":
    "Les changements propres à l'environnement {{kind}} sont perdus ; le plus récent est du {{changedAt}}.",
  "refresh.losesUnknown":
    "Les changements propres à l'environnement {{kind}} sont perdus ; on ne sait pas quand il a changé la dernière fois.",
  "refresh.grows":
    "Le volume de l'environnement {{kind}} passe de {{targetGiB}} à {{neededGiB}} Gio : les données de production doivent y tenir.",
  "refresh.fits": "Les données de production tiennent : {{neededGiB}} Gio.",
  "source.noTarget": "Le tenant n'a pas cet environnement.",
  "source.partial": "La copie n'est pas complète : une restauration y lirait des trous.",
  "source.region": "La copie est dans {{region}} : elle est d'abord copiée vers {{target}}.",
  "source.grade": "La copie est de cohérence {{grade}} : la base la récupère comme après une coupure de courant.",
  "source.whole": "La copie est complète et se trouve où il faut.",
  "source.open": "Une autre restauration de ce tenant est ouverte.",
  "source.quotaUnread": "La limite du compte n'a pas été lue.",
  "source.quota": "{{used}} instances sur {{limit}} sont utilisées.",
  "source.quotaFull": "Les {{limit}} instances du compte sont utilisées : rien ne tient à côté.",
  "source.noImage": "Aucune image de {{version}} n'existe dans {{region}}.",
  "snapshotSpace.notSold": "{{service}} ne vend pas de stockage pour les instantanés.",
  "snapshotSpace.fits": "L'instantané de {{projectedBytes}} tient dans les {{freeBytes}} libres.",
  "snapshotSpace.full": "L'instantané prend {{projectedBytes}} ; {{freeBytes}} sont libres.",
  "cleanUp.none": "{{service}} ne donne pas de conseil à ce sujet.",
  "cleanUp.young": "L'instantané a {{days}} jours.",
  "cleanUp.due": "L'instantané double la base depuis {{days}} jours : exportez-le, téléchargez-le, puis supprimez-le.",
  "deletion.exported": "Supprimer {{name}} est définitif.",
  "deletion.notExported": "Supprimer {{name}} est définitif. Il n'en existe aucune copie exportée.",
  "exportFile.unknown": "Le fichier est temporaire ; le contrat n'a pas encore dit combien de jours il est gardé.",
  "exportFile.there": "Le fichier peut être récupéré jusqu'au {{until}}.",
  "exportFile.ended": "Le fichier pouvait être récupéré jusqu'au {{until}} : préparez-le de nouveau.",
  "freeSandbox.none": "{{service}} ne promet pas de bac à sable gratuit.",
  "freeSandbox.flex":
    "Le client garde la main : aucune mise à niveau ne vient d'elle-même, un bac à sable se commande donc.",
  "freeSandbox.over": "La mise à niveau était due le {{upgradeOn}}.",
  "freeSandbox.until": "Un bac à sable est gratuit jusqu'à la mise à niveau du {{upgradeOn}}.",
  "sla.kindCounts": "Les minutes comptent ({{work}}) : seule la maintenance planifiée est exclue.",
  "sla.notProven": "Les minutes comptent : aucun avis n'est prouvé.",
  "sla.late": "Les minutes comptent : l'avis du {{noticed}} est venu trop tard.",
  "sla.tooManyMajors":
    "Les minutes comptent : c'est le changement majeur n° {{ordinal}} de son année, {{perYear}} sont admis.",
  "sla.usedUp":
    "Les minutes comptent : les fenêtres précédentes ont épuisé les minutes planifiées de ces {{weeks}} semaines ({{limitMinutes}} par semaine).",
  "sla.excluded": "Les minutes jusqu'au {{until}} sont exclues : planifiées, et annoncées à temps le {{noticed}}.",
  "sla.unprotected": "Non protégé par contrat : ni surveillance, ni sauvegarde, ni SLA.",
  "sla.nothingKnown": "D'aucune minute du mois on ne sait si le service répondait.",
  "sla.noTarget":
    "Disponible à {{available}} %, {{downMinutes}} minutes comptées, {{unknownMinutes}} inconnues ; l'objectif du contrat n'est pas saisi.",
  "sla.target":
    "Disponible à {{available}} %, {{downMinutes}} minutes comptées, {{unknownMinutes}} inconnues, pour {{targetPercent}} % promis.",
  "overlap.upgrade": "Une mise à niveau est prévue pour le {{startsAt}} : rafraîchissez après.",
};

/** Facts that are words of the console, by the fact's name. */
const FACT_WORDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kind: { production: "de production", test: "de test", sandbox: "bac à sable" },
  resource: {
    instances: "instances",
    vcpus: "vCPU",
    volumes: "volumes",
    volumeGiB: "Gio de volumes",
    securityGroups: "groupes de sécurité",
  },
  work: {
    standard: "standard",
    emergency: "urgence",
    major: "changement majeur",
    move: "déménagement",
    application: "application",
  },
  papers: {
    "a written approval": "un accord écrit",
    "its fee": "les frais",
    "an evaluation with the partner": "une évaluation avec le partenaire",
    "a written approval, its fee": "un accord écrit, les frais",
    "an evaluation with the partner, its fee": "une évaluation avec le partenaire, les frais",
  },
  moveReason: { recovery: "rétablissement du service", disaster: "sinistre" },
  service: { openbravo: "Openbravo Cloud", acumatica: "Acumatica SaaS" },
  type: { "the production environment": "l'environnement de production" },
};

type Fact = NonNullable<Verdict["facts"]>[string];

function factWords(name: string, value: Fact): string {
  if (value === null) return "0";
  if (name.endsWith("MiB") && typeof value === "number") return `${factWords("", value / 1024)} Gio`;
  if (name.endsWith("Bytes") && typeof value === "number") return bytes(value, "fr");
  if (typeof value === "number") return String(Math.round(value * 100) / 100).replace(".", ",");
  const text = String(value);
  if (name === "available") return text.replace(".", ",");
  const words = FACT_WORDS[name];
  if (words && Object.hasOwn(words, text)) return words[text]!;
  if (/^\d{4}-\d\d-\d\dT.*Z$/.test(text)) return shortDateTime(new Date(text), "fr");
  const local = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d:\d\d))?$/.exec(text);
  if (!local) return text;
  const [, year, month, day, time] = local;
  return `${day}/${month}/${year}${time ? ` à ${time}` : ""}`;
}

function sentenceOf(key: string, facts: NonNullable<Verdict["facts"]>, place: string): string | undefined {
  const sentence = Object.hasOwn(FRENCH_VERDICTS, key) ? FRENCH_VERDICTS[key] : undefined;
  let isWhole = true;
  const words = sentence?.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = facts[place + name];
    if (value === undefined) isWhole = false;
    return value === undefined ? "" : factWords(name, value);
  });
  return isWhole ? words : undefined;
}

/** A verdict in the operator's language; the rule's own words where a sentence or one of its facts is not known. */
export function verdictWords(verdict: Verdict, language: Language): string {
  if (language === "en") return verdict.reason;
  const { facts = {}, rule, allowed } = verdict;
  const sentences = [sentenceOf(String(facts["case"] ?? `${rule}.${allowed ? "allowed" : "refused"}`), facts, "")];
  for (let place = 2; facts[`${place}.case`] !== undefined; place++)
    sentences.push(sentenceOf(String(facts[`${place}.case`]), facts, `${place}.`));
  return sentences.includes(undefined) ? verdict.reason : sentences.join(" ");
}

const OWN_ORDER: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  overlap: { en: "Conflict", fr: "Conflit" },
  blackout: { en: "Black-out", fr: "Jour d'exclusion" },
  quota: { en: "Quota", fr: "Quota" },
  identity: { en: "Identity", fr: "Identité" },
  source: { en: "Copy", fr: "Copie" },
};

/** What a rule is called: by its number, or by name where it is no rule of the contract. */
export function ruleWords(rule: string, language: Language): string {
  return OWN_ORDER[rule]?.[language] ?? rule;
}
