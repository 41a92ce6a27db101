import type { AreaWords } from "./area-words.ts";

export const filesEn = {} as const;

export const filesFr: AreaWords<typeof filesEn> = {};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const filesSentences: Readonly<Record<string, string>> = {
  "No SSH agent runs for this console: SSH_AUTH_SOCK is not set.":
    "Aucun agent SSH ne tourne pour cette console : SSH_AUTH_SOCK n'est pas défini.",
  "Start an agent and the console from its session, or choose the key in the vault for this account.":
    "Démarrez un agent et la console depuis sa session, ou choisissez pour ce compte la clé du coffre.",
  "The SSH agent does not answer: {{reason}}.": "L'agent SSH ne répond pas : {{reason}}.",
  "Start the agent, or choose the key in the vault for this account.":
    "Démarrez l'agent, ou choisissez pour ce compte la clé du coffre.",
  "{{host}} cannot be reached from the jump host {{jump}}: {{reason}}.":
    "{{host}} est injoignable depuis l'hôte de rebond {{jump}} : {{reason}}.",
  "Check the jump host's way to it, and that it may forward connections.":
    "Vérifiez le chemin depuis l'hôte de rebond, et qu'il a le droit de relayer des connexions.",
};
