import type { AreaWords } from "./area-words.ts";

export const decisionsEn = {
  "decisions.asked": "Asked",
  "decisions.reason": "Reason",
  "decisions.reasonHint": "What you looked at, so that others can follow it. It is kept with the answer.",
  "decisions.reasonMissing": "Say why before you choose.",
  "decisions.answers": "Answers",
  "decisions.answered": "Questions answered",
  "decisions.confirmBody": "This cannot be undone for {{subject}}.",
  "decisions.needed": "{{job}} of {{subject}} needs a decision",
  "decisions.count_one": "{{count}} needs you",
  "decisions.count_other": "{{count}} need you",
  "jobs.adopt": "Take it over",
  "jobs.adoptHint":
    "The console on {{machine}} has been silent for a minute. This console goes on with the job from its last finished step; the other one loses it.",
  "step.whatBecame": "{{step}}: what became of it",
  "palette.decideJob": "Decide: {{job}}",
} as const;

export const decisionsFr: AreaWords<typeof decisionsEn> = {
  "decisions.asked": "Demandé",
  "decisions.reason": "Motif",
  "decisions.reasonHint": "Ce que vous avez vérifié, pour que d'autres puissent suivre. Il est gardé avec la réponse.",
  "decisions.reasonMissing": "Dites pourquoi avant de choisir.",
  "decisions.answers": "Réponses",
  "decisions.answered": "Questions répondues",
  "decisions.confirmBody": "Pour {{subject}}, c'est sans retour possible.",
  "decisions.needed": "{{job}} de {{subject}} demande une décision",
  "decisions.count_one": "{{count}} vous attend",
  "decisions.count_other": "{{count}} vous attendent",
  "jobs.adopt": "La reprendre ici",
  "jobs.adoptHint":
    "La console sur {{machine}} est silencieuse depuis une minute. Celle-ci continue la tâche après la dernière étape finie ; l'autre la perd.",
  "step.whatBecame": "{{step}} : l'issue",
  "palette.decideJob": "Décider : {{job}}",
};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const decisionsSentences: Readonly<Record<string, string>> = {
  "The job {{job}} never asked the question {{question}}.":
    "La tâche {{job}} n'a jamais posé la question {{question}}.",
  "Look at the job: it shows what it asks now.": "Regardez la tâche : elle montre ce qu'elle demande maintenant.",
  '"{{question}}" was answered with "{{option}}" by {{operator}} already: {{reason}}':
    "« {{question}} » a déjà reçu la réponse « {{option}} » de {{operator}} : {{reason}}",
  "Look at the job: it went on with that answer.": "Regardez la tâche : elle a continué avec cette réponse.",
  'Nobody waits on "{{question}}" any more: the job ended or was taken back.':
    "Plus rien n'attend la réponse à « {{question}} » : la tâche est finie ou a été reprise plus tôt.",
  '"{{option}}" is no answer to "{{question}}".': "« {{option}} » n'est pas une réponse à « {{question}} ».",
  "Choose one of: {{options}}.": "Choisissez parmi : {{options}}.",
  '"{{option}}" cannot be undone. Nothing was answered.':
    "« {{option}} » est sans retour possible. Rien n'a été répondu.",
  "The host restarted while the command ran. What became of it?":
    "L'hôte a redémarré pendant la commande. Qu'en est-il advenu ?",
  "The command vanished from the host without an exit code. What became of it?":
    "La commande a disparu de l'hôte sans code de fin. Qu'en est-il advenu ?",
  "The host restarted while the command ran.": "L'hôte a redémarré pendant la commande.",
  "The command vanished without an exit code.": "La commande a disparu sans code de fin.",
  "It ended on the host while nobody looked on.": "Elle s'est terminée sur l'hôte sans que personne ne la suive.",
  "It could not be ended on the host.": "Elle n'a pas pu être arrêtée sur l'hôte.",
  "Ended on the host.": "Arrêtée sur l'hôte.",
  "It had ended on the host.": "Elle était déjà finie sur l'hôte.",
  "The host did not answer: the command goes on there, and a retry finds it.":
    "L'hôte n'a pas répondu : la commande y continue, et une reprise la retrouve.",
  "Run it again": "La relancer",
  "It did its work: go on with what it wrote": "Elle a fait son travail : continuer avec ce qu'elle a écrit",
  "Stop the job": "Arrêter la tâche",
  command: "commande",
  started: "début",
  "last line": "dernière ligne",
  none: "aucune",
  "runs on the host": "s'exécute sur l'hôte",
  "no sign of life for {{=seconds}} s": "aucun signe de vie depuis {{seconds}} s",
  "Stopped at {{step}} by decision.": "Arrêtée à {{step}} par décision.",
  "Retry the job: it asks again.": "Reprenez la tâche : elle redemande.",
  "{{step}} did not end within {{minutes}} min.": "{{step}} n'a pas fini en {{minutes}} min.",
  "It goes on on the host. Retry the job to look on further.":
    "Elle continue sur l'hôte. Reprenez la tâche pour continuer à la suivre.",
  "A job on {{subject}} would wait for the job that starts it. Nothing was started.":
    "Une tâche sur {{subject}} attendrait celle qui la lance. Rien n'a été lancé.",
  "job {{=job}}": "la tâche {{job}}",
  "job {{=job}}, which needs a decision": "la tâche {{job}}, qui demande une décision",
  "The console on {{machine}} runs this job and was seen at {{when}}.":
    "La console sur {{machine}} exécute cette tâche et a été vue à {{when}}.",
  "Leave the job to it, or end that console first.": "Laissez-lui la tâche, ou arrêtez d'abord cette console.",
  "Adopted by {{operator}} on {{machine}} from {{other}}, which is silent.":
    "Reprise par {{operator}} sur {{machine}}, de {{other}}, qui est silencieuse.",
  "Confirm by typing {{word}}.": "Confirmez en tapant {{word}}.",
};
