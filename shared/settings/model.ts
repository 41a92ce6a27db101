import { z } from "zod";
import { Cidr } from "../network.ts";

/** The company's own mail server; its password is in the vault. */
export const MailServer = z.object({
  host: z
    .string()
    .trim()
    .regex(/^[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$/),
  port: z.number().int().min(1).max(65_535).default(587),
  /** `starttls` is required, not tried; `none` is never given a password, but on this machine. */
  tls: z.enum(["tls", "starttls", "none"]).default("starttls"),
  user: z.string().trim().min(1).max(200).nullable().default(null),
  /** Address that notices come from. */
  from: z.email().max(200),
  fromName: z.string().trim().max(100).default(""),
  replyTo: z.email().max(200).nullable().default(null),
  /** PEM file of the authority that signed the server's certificate, absolute path. */
  caFile: z.string().max(1_000).nullable().default(null),
});
export type MailServer = z.infer<typeof MailServer>;

const choices = {
  language: z.enum(["system", "en", "fr"]),
  theme: z.enum(["system", "light", "dark"]),
  /** Recorded as the author of every act. */
  operator: z.string().trim().min(1).max(80),
  /** Seconds between two readings of AWS for an account that nobody acts on. */
  inventorySeconds: z.number().int().min(15).max(86_400),
  /** Seconds between two HTTPS health checks of a production environment. */
  healthSeconds: z.number().int().min(5).max(3_600),
  /** Seconds between two readings of a host's counters. */
  metricsSeconds: z.number().int().min(10).max(60),
  /** Networks allowed to reach SSH on new hosts. */
  sshFrom: z.array(Cidr).max(50),
  /** Saved views of the fleet table. */
  fleetViews: z.array(z.object({ name: z.string().min(1).max(60), state: z.string().max(10_000) })).max(100),
  mail: MailServer.nullable(),
};

/** Choices of one operator on one workstation; nothing secret. Unknown keys of a newer app are kept. */
export const Settings = z.object({
  language: choices.language.default("system"),
  theme: choices.theme.default("system"),
  operator: choices.operator.default("operator"),
  inventorySeconds: choices.inventorySeconds.default(60),
  healthSeconds: choices.healthSeconds.default(30),
  metricsSeconds: choices.metricsSeconds.default(10),
  sshFrom: choices.sshFrom.default([]),
  fleetViews: choices.fleetViews.default([]),
  mail: choices.mail.default(null),
});
export type Settings = z.infer<typeof Settings>;

/** The keys to change. Not `Settings.partial()`: that fills in the defaults of the absent keys. */
export const SettingsPatch = z.object(choices).partial();
export type SettingsPatch = z.infer<typeof SettingsPatch>;

/** What the window may know of the mail settings: never the password. */
export const MailSettings = z.object({ server: MailServer.nullable(), hasPassword: z.boolean() });
export type MailSettings = z.infer<typeof MailSettings>;

export const AccountCredentials = z.discriminatedUnion("kind", [
  /** A profile of ~/.aws: keys, SSO, assumed role or process, resolved by the AWS SDK. */
  z.object({ kind: z.literal("profile"), profile: z.string().min(1).max(200) }),
  /** Keys kept in the vault; sent once, never returned. */
  z.object({
    kind: z.literal("keys"),
    accessKeyId: z.string().min(1).max(200),
    secretAccessKey: z.string().min(1).max(500),
    sessionToken: z.string().max(5_000).optional(),
  }),
]);
export type AccountCredentials = z.infer<typeof AccountCredentials>;

export const AccountEndpoints = z.object({
  ec2: z.url().optional(),
  s3: z.url().optional(),
  sts: z.url().optional(),
  /** PEM file of the authority that signs the endpoints and the hosts, absolute path. */
  caFile: z.string().max(1_000).optional(),
});
export type AccountEndpoints = z.infer<typeof AccountEndpoints>;

export const HostPorts = z.object({
  ssh: z.number().int().min(1).max(65_535).default(22),
  https: z.number().int().min(1).max(65_535).default(443),
  http: z.number().int().min(1).max(65_535).default(80),
});
export type HostPorts = z.infer<typeof HostPorts>;

/** A host that stands between the console and the hosts of an account. */
export const JumpHost = z.object({
  host: z.string().trim().min(1).max(255),
  port: z.number().int().min(1).max(65_535).default(22),
  user: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .refine((user) => user !== "root", "log-in as root is not allowed (R5)"),
  /** "SHA256:…" of its host keys; no other is accepted. */
  hostKeys: z
    .array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/))
    .min(1)
    .max(10),
});
export type JumpHost = z.infer<typeof JumpHost>;

/** How the hosts of an account are logged in to. */
export const SshAccess = z.object({
  /** `vault`: a key kept in the vault; `agent`: the SSH agent of the operator's session. */
  login: z.enum(["vault", "agent"]).default("vault"),
  /** "SHA256:…" of the agent's key to use; null offers all of them. */
  agentKey: z.string().max(100).nullable().default(null),
  /** The nearest first. */
  jumps: z.array(JumpHost).max(5).default([]),
});
export type SshAccess = z.infer<typeof SshAccess>;

export const AccountInput = z.object({
  name: z.string().trim().min(1).max(60),
  credentials: AccountCredentials,
  regions: z.array(z.string().min(1).max(40)).min(1).max(40),
  endpoints: AccountEndpoints.default({}),
  /** Where the hosts of this account listen. */
  ports: HostPorts.default({ ssh: 22, https: 443, http: 80 }),
  ssh: SshAccess.optional(),
});
export type AccountInput = z.infer<typeof AccountInput>;

export const Account = z.object({
  id: z.string(),
  name: z.string(),
  credentials: z.object({
    kind: z.enum(["profile", "keys"]),
    profile: z.string().nullable(),
    accessKeyId: z.string().nullable(),
  }),
  regions: z.array(z.string()),
  endpoints: AccountEndpoints,
  ports: HostPorts,
  /** Absent: the key in the vault, and no jump host. */
  ssh: SshAccess.optional(),
  /** Registered by the embedded lab; goes when the lab goes. */
  isLab: z.boolean(),
});
export type Account = z.infer<typeof Account>;

export const AccountCheck = z.object({
  ok: z.boolean(),
  awsAccountId: z.string().nullable(),
  arn: z.string().nullable(),
  regions: z.array(
    z.object({
      region: z.string(),
      ok: z.boolean(),
      error: z.object({ code: z.string(), message: z.string() }).nullable(),
    }),
  ),
});
export type AccountCheck = z.infer<typeof AccountCheck>;

export const VaultStatus = z.object({
  /** `keychain`: the operating system's key store protects it. `passphrase`: a passphrase does. */
  backend: z.enum(["keychain", "passphrase"]),
  state: z.enum(["new", "locked", "open"]),
  /** Why the operating system's key store is not used, if it is not. */
  note: z.string().nullable(),
});
export type VaultStatus = z.infer<typeof VaultStatus>;

export const ConsoleStatus = z.object({
  version: z.string(),
  host: z.enum(["electron", "loopback", "cli", "worker"]),
  home: z.string(),
  pid: z.number().int(),
  machine: z.string(),
  /** `starting` until every call can be answered. */
  state: z.enum(["starting", "ready", "failed"]),
  /** The part that starts: "database", "jobs", "lab". */
  stage: z.string().nullable(),
  error: z.object({ code: z.string(), message: z.string(), next: z.string().nullable() }).nullable(),
  database: z.object({ kind: z.enum(["embedded", "team"]), version: z.string().nullable() }),
  lab: z
    .object({ ec2: z.string(), s3: z.string(), sts: z.string(), regions: z.array(z.string()), ca: z.string() })
    .nullable(),
  /** Things that went wrong on the way up and were mended: a broken settings file kept aside. */
  notices: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type ConsoleStatus = z.infer<typeof ConsoleStatus>;
