import { createHash, randomBytes, X509Certificate } from "node:crypto";
import { appendFile, readdir } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { canonical, isKeyOf, readKey } from "../../../../shared/tenant/licence.ts";
import { DAY_MS, MINUTE_MS } from "../../../../shared/time.ts";
import type { HostProcesses, HostSpec, LabVolume } from "../../types.ts";
import type { LabCa } from "../ca.ts";
import { readIfThere, writeWhole } from "../files.ts";
import type { HostFolders } from "../folders.ts";
import { ownFolder, type Owner } from "../owner.ts";
import type { PostgresBinaries } from "../postgres/binaries.ts";
import { type Cluster, majorVersion, startCluster } from "../postgres/cluster.ts";
import { systemIdentifier } from "../postgres/system-identifier.ts";
import { freezeTree, memoryOfTree, thawTree } from "../postgres/process-tree.ts";
import { DataIdentity, readUserData, type SetupInput } from "./identity.ts";
import { Refusal } from "./refusal.ts";
import { type ErpStore, type NewOrder, openStore } from "./store.ts";
import { copyTemplate } from "./template.ts";
import { startWorkload, type Workload } from "./workload.ts";

export interface InstanceContext {
  readonly spec: () => HostSpec;
  readonly folders: HostFolders;
  readonly owner: Owner | undefined;
  readonly binaries: () => Promise<PostgresBinaries>;
  /** Data folder that a blank volume's database starts as a copy of. */
  readonly template: () => Promise<string>;
  readonly ca: LabCa;
  /** Lets two hosts wake at a time. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  /** Orders a minute by day; absent goes by the host's size. */
  readonly ordersPerMinute: number | undefined;
  readonly log: (line: string) => void;
}

export interface Lockout {
  readonly since: string;
  /** Null stays until taken off. */
  readonly until: string | null;
}

export interface Facts {
  readonly contract: 1;
  readonly product: string | null;
  readonly version: string | null;
  readonly tenant: string | null;
  readonly tenantId: string | null;
  readonly environment: string | null;
  readonly domain: string | null;
  readonly licence: LicenceFacts;
  readonly database: {
    readonly ready: boolean;
    readonly major: number | null;
    readonly systemIdentifier: string | null;
  };
  readonly lockout: Lockout | null;
  readonly dataDevice: string | null;
}

export interface LicenceFacts {
  readonly installed: boolean;
  readonly fingerprint: string | null;
  /** The checksum is right and the key was issued for the tenant whose data the host holds. */
  readonly valid: boolean;
  readonly edition: string | null;
  readonly users: number | null;
  readonly posTerminals: number | null;
}

export interface HealthReport {
  readonly status: "up" | "degraded" | "down";
  readonly product: string | null;
  readonly version: string | null;
  readonly tenant: string | null;
  readonly environment: string | null;
  readonly domain: string | null;
  readonly licence: "valid" | "invalid" | "missing";
  readonly database: "ready" | "down" | "full";
  readonly lockout: Lockout | null;
  readonly ordersPerMinute: number;
  /** Why it is not up. */
  readonly detail: string | null;
}

/** The disk of the host is full: what would be written is refused, what is there can be read. */
export class NoSpace extends Error {}

/** The ERP of one host: its database on the data volume and what the application and `erpctl` ask of it. */
export interface ErpInstance {
  readonly processes: () => HostProcesses;
  readonly ordersWritten: () => number;
  readonly memoryBytes: () => number | null;
  /** Certificate for the tenant's domain; null before set-up. */
  readonly certificate: () => { readonly cert: string; readonly key: string } | null;
  /** Starts what sleeps. Throws Refusal: notSetUp, noDataVolume. */
  wake(): Promise<void>;
  setup(input: SetupInput): Promise<Facts>;
  facts(): Promise<Facts>;
  health(): Promise<HealthReport>;
  installLicence(key: string): Promise<LicenceFacts>;
  licence(): Promise<LicenceFacts>;
  lockout(): Lockout | null;
  setLockout(minutes: number | "until-off" | "off"): Promise<Lockout | null>;
  adminPassword(): Promise<string>;
  placeOrder(order: NewOrder): Promise<{ number: string; total: string }>;
  /** The database; throws Refusal notSetUp or failed while it is not there. */
  store(): ErpStore;
  setDiskFull(on: boolean): Promise<void>;
  diskFull(): boolean;
  freeze(on: boolean): Promise<void>;
  /** Runs `work` while the processes neither start nor end. */
  hold<Result>(work: () => Promise<Result>): Promise<Result>;
  /** The host's volumes changed: what ran on another one ends. */
  volumesChanged(): Promise<void>;
  /** The host has another address: its certificate must name it. */
  addressChanged(): Promise<void>;
  /** Ends the processes for good. */
  end(): Promise<void>;
}

const CERTIFICATE_DAYS = 365;
const RENEW_BEFORE_MS = 30 * DAY_MS;
const MEMORY_AGE_MS = 10_000;
/** Orders remembered to tell their number in the last minute. */
const RECENT_MAX = 5_000;

export async function createInstance(context: InstanceContext): Promise<ErpInstance> {
  const { folders, owner, spec, log } = context;
  const file = {
    lockout: path.join(folders.erp, "lockout.json"),
    licence: path.join(folders.erp, "licence.key"),
    password: path.join(folders.erp, "admin-password"),
    certificate: path.join(folders.erp, "tls.crt"),
    key: path.join(folders.erp, "tls.key"),
    acknowledged: path.join(folders.log, "orders-acknowledged.log"),
  };

  let lockout = readLockout(await readIfThere(file.lockout));
  let processes: HostProcesses = "asleep";
  let up: { cluster: Cluster; store: ErpStore; identity: DataIdentity; workload: Workload; volume: LabVolume } | null =
    null;
  let certificate: { cert: string; key: string } | null = null;
  let trouble: string | null = null;
  let diskFull = false;
  let ended = false;
  let ordersWritten = 0;
  let recent: number[] = [];
  let memory: { readAt: number; bytes: number | null } = { readAt: 0, bytes: null };
  let waking: Promise<void> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One at a time: set-up, start and stop of one host never overlap. */
  const alone = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(work, work);
    turn = result.catch(() => undefined);
    return result;
  };

  const dataVolume = (): { device: string; volume: LabVolume } | null => {
    const [first] = Object.entries(spec().volumes).sort(([a], [b]) => a.localeCompare(b));
    return first ? { device: first[0], volume: first[1] } : null;
  };
  const needVolume = (): LabVolume => {
    const data = dataVolume();
    if (!data) throw new Refusal("noDataVolume", "No data volume is attached to this host.");
    return data.volume;
  };
  const product = (): { product: string; version: string } => {
    const { product, version } = spec();
    if (product && version) return { product, version };
    throw new Refusal("notSetUp", `The image ${spec().imageId} has no ERP.`);
  };

  async function bringUp(identity: DataIdentity, volume: LabVolume): Promise<void> {
    if (up?.volume.folder === volume.folder) return;
    const { product: name, version } = product();
    certificate = await ensureCertificate(identity.domain);
    trouble =
      identity.product !== name
        ? `The data is of ${identity.product}; this host runs ${name}.`
        : identity.version > version
          ? `The data was last used by version ${identity.version}; this host runs the older ${version}.`
          : null;
    if (trouble) throw new Refusal("failed", trouble);
    processes = "starting";
    let cluster: Cluster | undefined;
    let store: ErpStore | undefined;
    try {
      const place = {
        binaries: await context.binaries(),
        owner,
        dataFolder: path.join(volume.folder, "pgdata"),
        socketFolder: folders.run,
        logFile: path.join(folders.log, "postgresql.log"),
      };
      await copyTemplate(await context.template(), place.dataFolder);
      cluster = await startCluster(place);
      const started = cluster;
      const current = { ...identity, version };
      store = openStore(folders.run);
      if (!diskFull) {
        // A lab that was killed while the disk was full left it so.
        if (await store.isReadOnly()) await store.setReadOnly(false);
        await store.savePassword(await adminPassword());
        await store.saveIdentity(current, (await licence()).fingerprint);
        if (identity.version !== version) await writeIdentity(volume, current);
      }
      const opened = store;
      const workload = startWorkload(
        { ordersPerMinute: context.ordersPerMinute ?? paceOf(identity), zone: identity.zone },
        await store.counts(),
        (order) => (isOpen() ? placeOrder(order) : Promise.resolve()),
        () => (isOpen() ? opened.fulfilOldest() : Promise.resolve()),
      );
      up = { cluster, store, identity: current, workload, volume };
      processes = "awake";
      memory = { readAt: 0, bytes: null };
      void cluster.gone.then(() => lost(started));
    } catch (error) {
      await store?.close().catch(() => undefined);
      await cluster?.stop();
      processes = "failed";
      trouble = error instanceof Error ? error.message : String(error);
      log(`${spec().instanceId}: the ERP did not start: ${trouble}`);
      throw error;
    }
  }

  /** The database ended without being asked to: forget it, so that the next contact starts it again. */
  function lost(cluster: Cluster): void {
    if (up?.cluster !== cluster) return;
    log(`${spec().instanceId}: the database server ended by itself`);
    void alone(takeDown);
  }

  async function takeDown(): Promise<void> {
    const was = up;
    up = null;
    processes = "asleep";
    if (!was) return;
    await was.workload.stop();
    await was.store.close().catch(() => undefined);
    await was.cluster.stop();
  }

  const paceOf = (identity: DataIdentity): number =>
    (1 + spec().vcpus) * (identity.environment === "production" ? 1 : 0.2);
  const isOpen = (): boolean => !diskFull && currentLockout() === null;

  function currentLockout(): Lockout | null {
    if (lockout?.until && Date.parse(lockout.until) <= Date.now()) lockout = null;
    return lockout;
  }

  async function placeOrder(order: NewOrder): Promise<{ number: string; total: string }> {
    if (diskFull) throw new NoSpace("No space left on device");
    const placed = await needUp().store.placeOrder(order);
    ordersWritten += 1;
    recent = [...recent.slice(-RECENT_MAX), Date.now()];
    await appendFile(file.acknowledged, `${placed.number}\n`);
    return placed;
  }

  function needUp(): NonNullable<typeof up> {
    if (up) return up;
    throw new Refusal("notSetUp", trouble ?? "The ERP of this host does not run.");
  }

  async function wakeAlone(): Promise<void> {
    if (up) return;
    if (ended) throw new Refusal("failed", "The host is powered off.");
    const { product: name, version } = product();
    const volume = needVolume();
    const known = await readIdentity(volume);
    if (known) return context.inTurn(() => bringUp(known, volume));
    const told = readUserData(spec().userData);
    if (!told) throw new Refusal("notSetUp", "No ERP is set up on this host's data volume.");
    const { activationKey, ...input } = told;
    if (activationKey && !(await readIfThere(file.licence))) await saveLicence(activationKey);
    const identity = { ...input, zone: input.zone ?? "UTC", product: name, version };
    await claim(volume, identity);
    await context.inTurn(() => bringUp(identity, volume));
  }

  /** Marks a blank volume as the tenant's before any data is on it. */
  async function claim(volume: LabVolume, identity: DataIdentity): Promise<void> {
    await ownFolder(volume.folder, owner);
    const strange = (await readdir(volume.folder)).filter((name) => name !== "lost+found" && name !== "erp");
    if (strange.length > 0) {
      throw new Refusal(
        "otherTenant",
        "The data volume holds data that no tenant is named for; it is not overwritten.",
      );
    }
    await writeIdentity(volume, identity);
  }

  async function writeIdentity(volume: LabVolume, identity: DataIdentity): Promise<void> {
    await ownFolder(path.join(volume.folder, "erp"), owner);
    await writeWhole(identityFile(volume), `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o644, owner });
  }

  async function adminPassword(): Promise<string> {
    const known = (await readIfThere(file.password))?.trim();
    if (known) return known;
    const made = randomBytes(15).toString("base64url");
    await writeWhole(file.password, `${made}\n`, { mode: 0o600 });
    return made;
  }

  async function ensureCertificate(domain: string): Promise<{ cert: string; key: string }> {
    const { address } = spec();
    const [cert, key] = await Promise.all([readIfThere(file.certificate), readIfThere(file.key)]);
    if (cert && key) {
      const known = new X509Certificate(cert);
      const lasts = Date.parse(known.validTo) - Date.now() > RENEW_BEFORE_MS;
      if (lasts && known.checkHost(domain) && known.checkIP(address)) return { cert, key };
    }
    const made = await context.ca.issue({ names: [domain], ips: [address], days: CERTIFICATE_DAYS });
    await writeWhole(file.key, made.key, { mode: 0o600 });
    await writeWhole(file.certificate, made.certificate, { mode: 0o644 });
    return { cert: made.certificate, key: made.key };
  }

  async function saveLicence(key: string): Promise<void> {
    if (!readKey(key))
      throw new Refusal("malformed", "The activation key is malformed: its form or its checksum is wrong.");
    await writeWhole(file.licence, `${canonical(key)}\n`, { mode: 0o600 });
  }

  async function licence(): Promise<LicenceFacts> {
    const key = (await readIfThere(file.licence))?.trim();
    const terms = key ? readKey(key) : null;
    const identity = await knownIdentity();
    return {
      installed: key !== undefined,
      fingerprint: key ? licenceFingerprint(key) : null,
      valid: terms !== null && identity !== null && isKeyOf(terms, identity.tenantId),
      edition: terms?.edition ?? null,
      users: terms?.users ?? null,
      posTerminals: terms?.posTerminals ?? null,
    };
  }

  async function knownIdentity(): Promise<DataIdentity | null> {
    if (up) return up.identity;
    const data = dataVolume();
    return data ? await readIdentity(data.volume) : null;
  }

  async function facts(): Promise<Facts> {
    const data = dataVolume();
    const identity = await knownIdentity();
    const pgdata = data ? path.join(data.volume.folder, "pgdata") : null;
    return {
      contract: 1,
      product: spec().product,
      version: spec().version,
      tenant: identity?.tenant ?? null,
      tenantId: identity?.tenantId ?? null,
      environment: identity?.environment ?? null,
      domain: identity?.domain ?? null,
      licence: await licence(),
      database: {
        ready: up !== null && (await up.store.answers()),
        major: pgdata ? await majorVersion(pgdata) : null,
        systemIdentifier: pgdata ? await systemIdentifier(pgdata) : null,
      },
      lockout: currentLockout(),
      dataDevice: data?.device ?? null,
    };
  }

  return {
    processes: () => processes,
    ordersWritten: () => ordersWritten,
    memoryBytes() {
      if (!up) return null;
      if (Date.now() - memory.readAt > MEMORY_AGE_MS) {
        memory = { ...memory, readAt: Date.now() };
        void memoryOfTree(up.cluster.pid).then((bytes) => {
          memory = { ...memory, bytes };
        });
      }
      return memory.bytes;
    },
    certificate: () => certificate,
    wake() {
      if (up) return Promise.resolve();
      waking ??= alone(wakeAlone).finally(() => {
        waking = undefined;
      });
      return waking;
    },
    setup: (input) =>
      alone(async () => {
        const { product: name, version } = product();
        const volume = needVolume();
        const known = await readIdentity(volume);
        if (known && known.tenantId !== input.tenantId) {
          throw new Refusal(
            "otherTenant",
            `The data volume belongs to the tenant ${known.tenant} (${known.tenantId}), not to ${input.tenant} (${input.tenantId}). Nothing was changed.`,
          );
        }
        // What the data was last used with stays noted until bringing it up has decided whether that fits.
        const wanted: DataIdentity = {
          ...input,
          zone: input.zone ?? known?.zone ?? "UTC",
          product: known?.product ?? name,
          version: known?.version ?? version,
        };
        if (!known) await claim(volume, wanted);
        else if (!isDeepStrictEqual(known, wanted)) {
          await takeDown();
          await writeIdentity(volume, wanted);
        }
        await context.inTurn(() => bringUp(wanted, volume));
        return facts();
      }),
    facts,
    async health() {
      const identity = await knownIdentity();
      const { installed, valid } = await licence();
      const ready = up !== null && (await up.store.answers());
      const database = !ready ? "down" : diskFull ? "full" : "ready";
      recent = recent.filter((at) => at > Date.now() - MINUTE_MS);
      const detail =
        database === "full"
          ? "No space left on device"
          : !ready
            ? (trouble ?? "database does not answer")
            : !installed
              ? "no activation key is installed"
              : !valid
                ? "the activation key is not this tenant's"
                : null;
      return {
        status: database !== "ready" ? "down" : detail ? "degraded" : "up",
        product: spec().product,
        version: spec().version,
        tenant: identity?.tenant ?? null,
        environment: identity?.environment ?? null,
        domain: identity?.domain ?? null,
        licence: valid ? "valid" : installed ? "invalid" : "missing",
        database,
        lockout: currentLockout(),
        ordersPerMinute: recent.length,
        detail,
      };
    },
    async installLicence(key) {
      await saveLicence(key);
      const installed = await licence();
      if (up) await up.store.saveIdentity(up.identity, installed.fingerprint);
      return installed;
    },
    licence,
    lockout: currentLockout,
    async setLockout(minutes) {
      const now = Date.now();
      lockout =
        minutes === "off"
          ? null
          : {
              since: currentLockout()?.since ?? new Date(now).toISOString(),
              until: minutes === "until-off" ? null : new Date(now + minutes * MINUTE_MS).toISOString(),
            };
      await writeWhole(file.lockout, JSON.stringify(lockout), { mode: 0o644 });
      return lockout;
    },
    adminPassword,
    placeOrder,
    store: () => needUp().store,
    async setDiskFull(on) {
      diskFull = on;
      await up?.store.setReadOnly(on).catch((error: unknown) => log(`${spec().instanceId}: ${String(error)}`));
    },
    diskFull: () => diskFull,
    freeze: (on) =>
      alone(async () => {
        if (up) await (on ? freezeTree : thawTree)(up.cluster.pid);
      }),
    hold: alone,
    volumesChanged: () =>
      alone(async () => {
        if (up && up.volume.folder !== dataVolume()?.volume.folder) await takeDown();
      }),
    addressChanged: () =>
      alone(async () => {
        const identity = await knownIdentity();
        if (certificate && identity) certificate = await ensureCertificate(identity.domain);
      }),
    end() {
      ended = true;
      return alone(takeDown);
    },
  };
}

/** Sixteen signs that tell two keys apart and do not give the key away. */
export function licenceFingerprint(key: string): string {
  return createHash("sha256").update(canonical(key)).digest("hex").slice(0, 16);
}

function identityFile(volume: LabVolume): string {
  return path.join(volume.folder, "erp", "instance.json");
}

async function readIdentity(volume: LabVolume): Promise<DataIdentity | null> {
  const text = await readIfThere(identityFile(volume));
  if (text === undefined) return null;
  try {
    return DataIdentity.parse(JSON.parse(text));
  } catch (error) {
    throw new Refusal("failed", "The data volume's own description (erp/instance.json) is damaged.", { cause: error });
  }
}

function readLockout(text: string | undefined): Lockout | null {
  try {
    const value = JSON.parse(text ?? "null") as Partial<Lockout> | null;
    return typeof value?.since === "string" ? { since: value.since, until: value.until ?? null } : null;
  } catch {
    return null;
  }
}
