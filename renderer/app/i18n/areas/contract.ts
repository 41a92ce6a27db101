import type { AreaWords } from "./area-words.ts";

export const contractEn = {
  "settings.mail": "Mail",
  "settings.mail.body": "Notices are sent by the company's own mail server, in the name below.",
  "settings.mail.host": "Server",
  "settings.mail.port": "Port",
  "settings.mail.tls": "Encryption",
  "settings.mail.tls.tls": "TLS from the first byte",
  "settings.mail.tls.starttls": "STARTTLS, required",
  "settings.mail.tls.none": "None",
  "settings.mail.user": "User",
  "settings.mail.userHint": "Empty: the server asks for none",
  "settings.mail.password": "Password",
  "settings.mail.passwordKept": "Kept in the vault; empty leaves it as it is",
  "settings.mail.passwordHint": "Goes into the vault, for this user at this server only",
  "settings.mail.from": "From, address",
  "settings.mail.fromName": "From, name",
  "settings.mail.replyTo": "Answers to",
  "settings.mail.caFile": "Authority's certificate file",
  "settings.mail.caFileHint": "Full path of a PEM file; empty: the system's authorities",
  "settings.mail.check": "Test the connection",
  "settings.mail.remove": "Remove",
  "settings.mail.ok": "The server answers: {{greeting}}",
  "terms.fact.contacts": "Contacts for notices",
  "terms.record.addresses": "Mail addresses",
  "terms.record.addressesHint": "Enter after each; all of them get every notice",
  "calendar.send": "Send",
  "calendar.sendTitle": "Send the notice by mail",
  "calendar.sendSubject": "Subject",
  "calendar.sentTo": "To",
  "calendar.sentNotTo": "Refused addresses",
  "calendar.smtpAnswer": "Server's answer",
  "calendar.noContacts": "nobody is recorded",
  "calendar.noContactsHint": "Record the tenant's contacts in its contract first.",
  "calendar.noMailServer": "No mail server is set up in this console.",
  "calendar.sendAgain": "Send it again",
  "calendar.sendAgainHint":
    "An earlier attempt may have arrived. The repeat carries the same Message-ID, by which mail programs know it.",
  "calendar.attempt.sending": "Being sent since {{when}} by {{by}}.",
  "calendar.attempt.failed": "Not sent on {{when}} by {{by}}.",
  "calendar.attempt.doubt": "Handed over on {{when}} by {{by}}, and never answered: it may have arrived.",
} as const;

export const contractFr: AreaWords<typeof contractEn> = {
  "settings.mail": "Messagerie",
  "settings.mail.body": "Les avis partent par le serveur de messagerie de l'entreprise, au nom ci-dessous.",
  "settings.mail.host": "Serveur",
  "settings.mail.port": "Port",
  "settings.mail.tls": "Chiffrement",
  "settings.mail.tls.tls": "TLS dès le premier octet",
  "settings.mail.tls.starttls": "STARTTLS, exigé",
  "settings.mail.tls.none": "Aucun",
  "settings.mail.user": "Utilisateur",
  "settings.mail.userHint": "Vide : le serveur n'en demande pas",
  "settings.mail.password": "Mot de passe",
  "settings.mail.passwordKept": "Gardé dans le coffre ; vide, il reste tel quel",
  "settings.mail.passwordHint": "Va dans le coffre, pour cet utilisateur sur ce serveur seulement",
  "settings.mail.from": "Expéditeur, adresse",
  "settings.mail.fromName": "Expéditeur, nom",
  "settings.mail.replyTo": "Réponses à",
  "settings.mail.caFile": "Fichier du certificat de l'autorité",
  "settings.mail.caFileHint": "Chemin complet d'un fichier PEM ; vide : les autorités du système",
  "settings.mail.check": "Tester la connexion",
  "settings.mail.remove": "Retirer",
  "settings.mail.ok": "Le serveur répond : {{greeting}}",
  "terms.fact.contacts": "Contacts pour les avis",
  "terms.record.addresses": "Adresses de messagerie",
  "terms.record.addressesHint": "Entrée après chacune ; toutes reçoivent chaque avis",
  "calendar.send": "Envoyer",
  "calendar.sendTitle": "Envoyer l'avis par messagerie",
  "calendar.sendSubject": "Objet",
  "calendar.sentTo": "À",
  "calendar.sentNotTo": "Adresses refusées",
  "calendar.smtpAnswer": "Réponse du serveur",
  "calendar.noContacts": "personne n'est enregistré",
  "calendar.noContactsHint": "Enregistrez d'abord les contacts du client dans son contrat.",
  "calendar.noMailServer": "Aucun serveur de messagerie n'est configuré dans cette console.",
  "calendar.sendAgain": "L'envoyer à nouveau",
  "calendar.sendAgainHint":
    "Un essai précédent est peut-être arrivé. La répétition porte le même Message-ID, que les logiciels reconnaissent.",
  "calendar.attempt.sending": "En cours d'envoi depuis {{when}} par {{by}}.",
  "calendar.attempt.failed": "Non envoyé le {{when}} par {{by}}.",
  "calendar.attempt.doubt": "Remis le {{when}} par {{by}}, sans réponse : il est peut-être arrivé.",
};

/** What the console says of this area in English, in French; `sentences.ts` says how they are looked up. */
export const contractSentences: Readonly<Record<string, string>> = {
  "No mail server is set up in this console.": "Aucun serveur de messagerie n'est configuré dans cette console.",
  "Enter the company's mail server in Settings, or send the notice by hand and mark it as sent.":
    "Entrez le serveur de messagerie de l'entreprise dans les réglages, ou envoyez l'avis à la main et marquez-le envoyé.",
  "There is no password for {{user}} at the mail server {{host}}.":
    "Il n'y a pas de mot de passe pour {{user}} sur le serveur de messagerie {{host}}.",
  "Enter it in Settings.": "Entrez-le dans les réglages.",
  "A mail server without encryption is never given a password.":
    "Un serveur de messagerie sans chiffrement ne reçoit jamais de mot de passe.",
  "Choose TLS or STARTTLS in Settings, or remove the user name.":
    "Choisissez TLS ou STARTTLS dans les réglages, ou retirez le nom d'utilisateur.",
  "The certificate file {{file}} cannot be read.": "Le fichier de certificat {{file}} ne peut pas être lu.",
  "The connection to the mail server {{server}} broke after the message was handed over and before it answered.":
    "La connexion au serveur de messagerie {{server}} s'est rompue après la remise du message et avant sa réponse.",
  "Look into the mailbox of an addressee. If the message arrived, mark the notice as sent with it as proof; if not, send it again.":
    "Regardez la boîte d'un destinataire. Si le message est arrivé, marquez l'avis envoyé avec lui comme preuve ; sinon, envoyez-le à nouveau.",
  "The certificate of the mail server {{server}} is not trusted.":
    "Le certificat du serveur de messagerie {{server}} n'est pas reconnu.",
  "Name the authority's PEM file in Settings, or correct the host name.":
    "Indiquez le fichier PEM de l'autorité dans les réglages, ou corrigez le nom d'hôte.",
  "The mail server {{server}} refused: {{answer}}": "Le serveur de messagerie {{server}} a refusé : {{answer}}",
  "Nothing was delivered. The server asks to try again later: send it again in a few minutes.":
    "Rien n'a été remis. Le serveur demande de réessayer plus tard : envoyez-le à nouveau dans quelques minutes.",
  "Nothing was delivered. Correct the addresses, or the mail settings.":
    "Rien n'a été remis. Corrigez les adresses ou les réglages de messagerie.",
  "The mail server {{server}} cannot be used as it is set up: {{reason}}":
    "Le serveur de messagerie {{server}} ne peut pas être utilisé ainsi : {{reason}}",
  "Nothing was delivered. Correct user, password and encryption in Settings.":
    "Rien n'a été remis. Corrigez l'utilisateur, le mot de passe et le chiffrement dans les réglages.",
  "The mail server {{server}} does not answer ({{reason}}).":
    "Le serveur de messagerie {{server}} ne répond pas ({{reason}}).",
  "Nothing was delivered. Check host and port in Settings and the network, then send it again.":
    "Rien n'a été remis. Vérifiez le serveur et le port dans les réglages et le réseau, puis envoyez-le à nouveau.",
};
