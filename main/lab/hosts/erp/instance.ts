import { createHash, randomBytes, randomUUID } from "node:crypto";
import { appendFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { canonical, isKeyOf, readKey } from "../../../../shared/tenant/licence.ts";
import { compareVersions } from "../../../../shared/policy/version-support.ts";
import { MINUTE_MS } from "../../../../shared/time.ts";
import type { HostProcesses, HostSpec, LabVolume } from "../../types.ts";
import type { LabCa } from "../ca.ts";
import { readIfThere, writeWhole } from "../files.ts";
import type { HostFolders } from "../folders.ts";
import { ownFolder, type Owner } from "../owner.ts";
import type { PostgresBinaries } from "../postgres/binaries.ts";
import { type Cluster, majorVersion, runningPostmaster, startCluster } from "../postgres/cluster.ts";
import { systemIdentifier } from "../postgres/system-identifier.ts";
import { freezeTree, memoryOfTree, thawTree } from "../postgres/process-tree.ts";
import { type Exported, exportTo, importFrom } from "./archive.ts";
import { type Certificate, type CertificateFacts, certificateFacts, createCertificates } from "./certificate.ts";
import { DataIdentity, readUserData, type SetupInput } from "./identity.ts";
import { modulesOf } from "./modules.ts";
import { type Outbox, startOutbox } from "./outbox.ts";
import { openQuiescing, type Quiesce, type Thaw } from "./quiesce.ts";
import {
  attachmentsFolder,
  type DatabaseIndicators,
  type Manifest,
  readDatabase,
  readManifest,
  readSpace,
  scratchFolder,
  sourceFolder,
  type Space,
} from "./readings.ts";
import { Refusal } from "./refusal.ts";
import { type ErpStore, type Monthly, type NewOrder, openStore } from "./store.ts";
import { copyTemplate } from "./template.ts";
import { openStack, type Update } from "./updates.ts";
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
  readonly contract: 2;
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
  readonly quiesce: Quiesce | null;
  readonly neutralised: Neutralised | null;
  readonly dataDevice: string | null;
  readonly bootId: string;
}

export interface Neutralised {
  readonly since: string;
  readonly what: readonly string[];
}

export interface Indicators {
  readonly at: string;
  /** Null while it does not answer, or is held still. */
  readonly database: DatabaseIndicators | null;
  readonly application: {
    readonly status: HealthReport["status"];
    readonly responseMilliseconds: number | null;
    readonly orders: number;
    readonly ordersPerMinute: number;
    readonly monthly: Monthly | null;
  };
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

export interface SetupFlags {
  readonly neutralise: boolean;
  readonly lockedOut: boolean;
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
  setup(input: SetupInput, flags?: SetupFlags): Promise<Facts>;
  facts(): Promise<Facts>;
  health(): Promise<HealthReport>;
  installLicence(key: string): Promise<LicenceFacts>;
  licence(): Promise<LicenceFacts>;
  lockout(): Lockout | null;
  setLockout(minutes: number | "until-off" | "off"): Promise<Lockout | null>;
  space(): Promise<Space>;
  manifest(): Promise<Manifest>;
  /** `responseMilliseconds` is measured by whoever can use the application from outside. */
  indicators(responseMilliseconds: number | null): Promise<Indicators>;
  quiesce(id: string, seconds: number): Promise<Quiesce>;
  thaw(id: string): Promise<Thaw>;
  /** Throws Refusal failed while the tenant is held still. */
  refuseWhileHeld(): void;
  neutralise(): Promise<Neutralised>;
  /** Ends everything and lets go of the data volume until the next set-up. */
  release(): Promise<void>;
  export(id: string, file: string): Promise<Exported>;
  import(file: string): Promise<Manifest>;
  updateStack(): Promise<Update>;
  updateApplication(version: string): Promise<Update>;
  certificateFacts(): Promise<CertificateFacts>;
  renewCertificate(): Promise<CertificateFacts>;
  installCertificate(pem: string): Promise<CertificateFacts>;
  adminPassword(): Promise<string>;
  placeOrder(order: NewOrder): Promise<{ number: string; total: string }>;
  cancelOrder(number: string): Promise<boolean>;
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

/** How long work under way may take to end before the tenant is held still without waiting for it. */
const DRAIN_MS = 10_000;
const MEMORY_AGE_MS = 10_000;
/** Orders remembered to tell their number in the last minute. */
const RECENT_MAX = 5_000;

export async function createInstance(context: InstanceContext): Promise<ErpInstance> {
  const { folders, owner, spec, log } = context;
  const bootId = randomUUID();
  const file = {
    lockout: path.join(folders.erp, "lockout.json"),
    licence: path.join(folders.erp, "licence.key"),
    password: path.join(folders.erp, "admin-password"),
    serves: path.join(folders.erp, "serves.json"),
    application: path.join(folders.erp, "application.json"),
    quiesce: path.join(folders.erp, "quiesce.json"),
    outbox: path.join(folders.log, "outbox.log"),
    acknowledged: path.join(folders.log, "orders-acknowledged.log"),
  };

  let lockout = readLockout(await readIfThere(file.lockout));
  let processes: HostProcesses = "asleep";
  let up: {
    cluster: Cluster;
    store: ErpStore;
    identity: DataIdentity;
    workload: Workload;
    outbox: Outbox;
    volume: LabVolume;
  } | null = null;
  let certificate: Certificate | null = null;
  let hostFrozen = false;
  /** Version that an update has brought, on the root device; undefined while it is the image's. */
  let updatedTo = readVersion(await readIfThere(file.application));
  /** The volume that the host was last set up on; null after it has let go of one, undefined before any set-up. */
  let serves = readServes(await readIfThere(file.serves));
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

  const certificates = createCertificates(folders.erp, context.ca, () => spec().address);
  const stack = await openStack(folders.erp);
  /** Writes under way: what a hold waits for. */
  const working = new Set<Promise<unknown>>();
  const quiescing = await openQuiescing<Manifest>({
    file: file.quiesce,
    alone,
    server: () => (up ? { pid: up.cluster.pid, socketFolder: folders.run } : null),
    async drained() {
      const patience = new Promise<false>((resolve) => setTimeout(() => resolve(false), DRAIN_MS).unref());
      return Promise.race([Promise.allSettled(working).then(() => true), patience]);
    },
    manifest: () => readManifest(folders.run, needVolume()),
    hostFrozen: () => hostFrozen,
    log: (line) => log(`${spec().instanceId}: ${line}`),
  });
  const refuseWhileHeld = (): void => {
    const held = quiescing.current();
    if (held)
      throw new Refusal("failed", `The tenant is held still as "${held.id}" until ${held.thawsAt}; thaw it first.`);
  };
  /** A write of the application: refused while the tenant is held still, waited for when that begins. */
  const act = <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (quiescing.current()) return Promise.reject(new Refusal("failed", "The system is closed for a moment."));
    const doing = work();
    working.add(doing);
    const done = () => working.delete(doing);
    doing.then(done, done);
    return doing;
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
    const { product } = spec();
    const version = applicationVersion();
    if (product && version) return { product, version };
    throw new Refusal("notSetUp", `The image ${spec().imageId} has no ERP.`);
  };

  /** The newer of the image's and what an update has brought. */
  function applicationVersion(): string | null {
    const { version } = spec();
    return version && updatedTo && isNewer(updatedTo, version) ? updatedTo : version;
  }

  async function bringUp(identity: DataIdentity, volume: LabVolume): Promise<void> {
    if (up?.volume.folder === volume.folder) return;
    const { product: name, version } = product();
    certificate = await certificates.ensure(identity.domain);
    trouble =
      identity.product !== name
        ? `The data is of ${identity.product}; this host runs ${name}.`
        : isNewer(identity.version, version)
          ? `The data was last used by version ${identity.version}; this host runs the older ${version}.`
          : null;
    if (trouble) throw new Refusal("failed", trouble);
    processes = "starting";
    const current = { ...identity, version };
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
      await makeFiles(volume, current);
      cluster = await startCluster(place);
      const started = cluster;
      store = openStore(folders.run);
      if (!diskFull) {
        // A lab that was killed while the disk was full left it so.
        if (await store.isReadOnly()) await store.setReadOnly(false);
        await store.upgrade();
        await store.savePassword(await adminPassword());
        await store.saveIdentity(current, (await licence()).fingerprint);
        if (identity.version !== version) await writeIdentity(volume, current);
        // The mark goes with the data, by file and by row: whichever a copy has, both hold before anything may act.
        if ((await readNeutralised(volume)) ?? (await store.neutralisedAt())) await cutOff(store, volume);
      }
      const opened = store;
      const workload = startWorkload(
        { ordersPerMinute: context.ordersPerMinute ?? paceOf(identity), zone: identity.zone },
        await store.counts(),
        (order) => (isOpen() ? placeOrder(order) : Promise.resolve()),
        () => (isOpen() ? act(() => opened.fulfilOldest()) : Promise.resolve()),
      );
      const outbox = startOutbox(file.outbox, isOpen, (send) => act(() => opened.sendOutbox(send)));
      up = { cluster, store, identity: current, workload, outbox, volume };
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
    void alone(() => (up?.cluster === cluster ? takeDown() : Promise.resolve()));
  }

  async function takeDown(): Promise<void> {
    await quiescing.interrupted();
    const was = up;
    up = null;
    processes = "asleep";
    if (!was) return;
    await was.workload.stop();
    await was.outbox.stop();
    await was.store.close().catch(() => undefined);
    await was.cluster.stop();
  }

  const paceOf = (identity: DataIdentity): number =>
    (1 + spec().vcpus) * (identity.environment === "production" ? 1 : 0.2);
  const isOpen = (): boolean => !diskFull && currentLockout() === null;

  function currentLockout(): Lockout | null {
    if (lockout?.until && Date.parse(lockout.until) <= Date.now()) lockout = null;
    const held = quiescing.current();
    return lockout ?? (held && { since: held.since, until: held.thawsAt });
  }

  async function placeOrder(order: NewOrder): Promise<{ number: string; total: string }> {
    if (diskFull) throw new NoSpace("No space left on device");
    const { store, outbox } = needUp();
    const placed = await act(async () => {
      const made = await store.placeOrder(order);
      await appendFile(file.acknowledged, `${made.number}\n`);
      return made;
    });
    ordersWritten += 1;
    recent = [...recent.slice(-RECENT_MAX), Date.now()];
    outbox.nudge();
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
    if (serves?.volumeId === volume.volumeId && known) return context.inTurn(() => bringUp(known, volume));
    // User data is for the first boot, as with cloud-init: what was set up since decides.
    const told = serves === undefined ? readUserData(spec().userData) : null;
    if (!told || (known && known.tenantId !== told.tenantId)) {
      throw new Refusal(
        "notSetUp",
        known
          ? `The data volume holds the data of ${known.tenant}; this host is not set up to serve it.`
          : "No ERP is set up on this host's data volume.",
      );
    }
    const { activationKey, ...input } = told;
    if (activationKey && !(await readIfThere(file.licence))) await saveLicence(activationKey);
    const identity = known ?? { ...input, zone: input.zone ?? "UTC", product: name, version };
    if (!known) await claim(volume, identity);
    await saveServes(volume);
    await context.inTurn(() => bringUp(identity, volume));
  }

  /** Marks a blank volume as the tenant's before any data is on it. */
  async function claim(volume: LabVolume, identity: DataIdentity): Promise<void> {
    await ownFolder(volume.folder, owner);
    const strange = (await readdir(volume.folder)).filter((name) => name !== "lost+found" && name !== "erp");
    if (strange.length > 0) {
      throw new Refusal("refused", "The data volume holds data that no tenant is named for; it is not overwritten.");
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

  async function saveServes(volume: LabVolume | null): Promise<void> {
    const next = { volumeId: volume?.volumeId ?? null };
    if (serves?.volumeId === next.volumeId) return;
    await writeWhole(file.serves, JSON.stringify(next), { mode: 0o644 });
    serves = next;
  }

  /** What a tenant has besides its database: made once, with the data. */
  async function makeFiles(volume: LabVolume, { tenant, product, version }: DataIdentity): Promise<void> {
    for (const [folder, files] of [
      [attachmentsFolder(volume), { "terms.txt": `Terms of sale of ${tenant}.\n`, "logo.svg": "<svg/>\n" }],
      [
        sourceFolder(volume),
        Object.fromEntries(modulesOf(product, version).map((one) => [`${one.name}.txt`, "own\n"])),
      ],
    ] as const) {
      if (await readdir(folder).catch(() => undefined)) continue;
      await ownFolder(folder, owner);
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    }
  }

  async function setLockout(minutes: number | "until-off" | "off"): Promise<Lockout | null> {
    const now = Date.now();
    const next =
      minutes === "off"
        ? null
        : {
            since: currentLockout()?.since ?? new Date(now).toISOString(),
            until: minutes === "until-off" ? null : new Date(now + minutes * MINUTE_MS).toISOString(),
          };
    await writeWhole(file.lockout, JSON.stringify(next), { mode: 0o644 });
    lockout = next;
    return currentLockout();
  }

  /** Switches off what must not act, in the database; the file beside it tells also when that does not run. */
  async function cutOff(store: ErpStore, volume: LabVolume): Promise<Neutralised> {
    const { since, what } = await store.neutralise();
    const neutralised = { since: since.toISOString(), what };
    await writeNeutralised(volume, neutralised);
    return neutralised;
  }

  async function writeNeutralised(volume: LabVolume, mark: Neutralised): Promise<void> {
    if (isDeepStrictEqual(await readNeutralised(volume), mark)) return;
    await ownFolder(path.join(volume.folder, "erp"), owner);
    await writeWhole(neutralisedFile(volume), JSON.stringify(mark), { mode: 0o644, owner });
  }

  const archivePlace = (volume: LabVolume) => ({
    volume,
    socketFolder: folders.run,
    owner,
    allowed: [folders.home, scratchFolder(volume)],
    notes: path.join(folders.erp, "exports"),
  });

  function needCertificate(): { certificate: Certificate; domain: string } {
    if (up && certificate) return { certificate, domain: up.identity.domain };
    throw new Refusal("notSetUp", trouble ?? "No ERP is set up on this host's data volume.");
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

  /** Asks nothing of a database that is held still on purpose: it will answer. */
  async function answers(): Promise<boolean> {
    return up !== null && (quiescing.current() !== null || (await up.store.answers()));
  }

  async function health(): Promise<HealthReport> {
    const identity = await knownIdentity();
    const { installed, valid } = await licence();
    const ready = await answers();
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
      version: applicationVersion(),
      tenant: identity?.tenant ?? null,
      environment: identity?.environment ?? null,
      domain: identity?.domain ?? null,
      licence: valid ? "valid" : installed ? "invalid" : "missing",
      database,
      lockout: currentLockout(),
      ordersPerMinute: recent.length,
      detail,
    };
  }

  async function facts(): Promise<Facts> {
    const data = dataVolume();
    const identity = await knownIdentity();
    const pgdata = data ? path.join(data.volume.folder, "pgdata") : null;
    return {
      contract: 2,
      product: spec().product,
      version: applicationVersion(),
      tenant: identity?.tenant ?? null,
      tenantId: identity?.tenantId ?? null,
      environment: identity?.environment ?? null,
      domain: identity?.domain ?? null,
      licence: await licence(),
      database: {
        ready: await answers(),
        major: pgdata ? await majorVersion(pgdata) : null,
        systemIdentifier: pgdata ? await systemIdentifier(pgdata) : null,
      },
      lockout: currentLockout(),
      quiesce: quiescing.current(),
      neutralised: data ? await readNeutralised(data.volume) : null,
      dataDevice: data?.device ?? null,
      bootId,
    };
  }

  // A lab that was killed while it held the tenant still has left the server standing.
  const left = dataVolume();
  const standing = left && (await runningPostmaster(path.join(left.volume.folder, "pgdata")));
  if (standing) await thawTree(standing.pid);

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
    setup: (input, flags) =>
      alone(async () => {
        refuseWhileHeld();
        const { product: name, version } = product();
        const volume = needVolume();
        const known = await readIdentity(volume);
        if (known && known.tenantId !== input.tenantId) {
          throw new Refusal(
            "refused",
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
        if (flags?.lockedOut) await setLockout("until-off");
        if (flags?.neutralise && !(await readNeutralised(volume))) {
          await takeDown();
          await writeNeutralised(volume, { since: new Date().toISOString(), what: [] });
        }
        await saveServes(volume);
        await context.inTurn(() => bringUp(wanted, volume));
        return facts();
      }),
    facts,
    health,
    async installLicence(key) {
      refuseWhileHeld();
      await saveLicence(key);
      const installed = await licence();
      if (up) await up.store.saveIdentity(up.identity, installed.fingerprint);
      return installed;
    },
    licence,
    lockout: currentLockout,
    setLockout,
    space: () => readSpace(needVolume(), owner, diskFull),
    async manifest() {
      return quiescing.manifest() ?? readManifest(folders.run, needUp().volume);
    },
    async indicators(responseMilliseconds) {
      const { status, ordersPerMinute } = await health();
      const asked = up && !quiescing.current() && status !== "down" ? up : null;
      const [database, monthly] = await Promise.all([
        asked && readDatabase(folders.run).catch(() => null),
        asked && asked.store.monthly(asked.identity.zone).catch(() => null),
      ]);
      return {
        at: new Date().toISOString(),
        database,
        application: { status, responseMilliseconds, orders: ordersWritten, ordersPerMinute, monthly },
      };
    },
    quiesce: (id, seconds) =>
      alone(async () => {
        if (!(await knownIdentity())) throw new Refusal("notSetUp", "No ERP is set up on this host's data volume.");
        return quiescing.begin(id, seconds);
      }),
    thaw: (id) => alone(() => quiescing.end(id)),
    refuseWhileHeld,
    neutralise: () =>
      alone(async () => {
        refuseWhileHeld();
        const { store, volume } = needUp();
        return cutOff(store, volume);
      }),
    release: () =>
      alone(async () => {
        refuseWhileHeld();
        await takeDown();
        await saveServes(null);
      }),
    async export(id, target) {
      refuseWhileHeld();
      const { volume } = needUp();
      const place = archivePlace(volume);
      const [manifest, { freeBytes }] = [
        await readManifest(folders.run, volume),
        await readSpace(volume, owner, diskFull),
      ];
      return exportTo(place, id, target, manifest, freeBytes);
    },
    async import(source) {
      refuseWhileHeld();
      const { volume, identity } = needUp();
      await importFrom(archivePlace(volume), source, identity);
      return readManifest(folders.run, volume);
    },
    updateStack: () => stack.update(),
    updateApplication: (version) =>
      alone(async () => {
        refuseWhileHeld();
        const { identity, volume } = needUp();
        const from = product().version;
        const order = compareVersions(version, from);
        if (order === undefined || !/^[\w. ]{1,40}$/.test(version))
          throw new Refusal("malformed", `"${version}" is no version of ${identity.product}.`);
        if (order < 0) throw new Refusal("refused", `${version} is older than ${from}; nothing was changed.`);
        if (order === 0) return { changed: [], rebootNeeded: false };
        await takeDown();
        await writeWhole(file.application, JSON.stringify({ version }), { mode: 0o644 });
        updatedTo = version;
        await context.inTurn(() => bringUp(identity, volume));
        const changed = [{ name: identity.product, from, to: version }];
        return { changed, rebootNeeded: false };
      }),
    async certificateFacts() {
      const { certificate: shown, domain } = needCertificate();
      return certificateFacts(shown, domain);
    },
    async renewCertificate() {
      const { domain } = needCertificate();
      certificate = await certificates.renew(domain);
      return certificateFacts(certificate, domain);
    },
    async installCertificate(pem) {
      const { domain } = needCertificate();
      certificate = await certificates.install(domain, pem);
      return certificateFacts(certificate, domain);
    },
    adminPassword,
    placeOrder,
    cancelOrder: (number) => act(() => needUp().store.cancelOrder(number)),
    store: () => needUp().store,
    async setDiskFull(on) {
      diskFull = on;
      await up?.store.setReadOnly(on).catch((error: unknown) => log(`${spec().instanceId}: ${String(error)}`));
    },
    diskFull: () => diskFull,
    freeze: (on) =>
      alone(async () => {
        hostFrozen = on;
        // What is held still for a copy stays so when the host as a whole goes on.
        if (up) await (on || quiescing.current()?.frozen ? freezeTree : thawTree)(up.cluster.pid);
      }),
    hold: alone,
    volumesChanged: () =>
      alone(async () => {
        if (up && up.volume.folder !== dataVolume()?.volume.folder) await takeDown();
      }),
    addressChanged: () =>
      alone(async () => {
        const identity = await knownIdentity();
        if (certificate && identity) certificate = await certificates.ensure(identity.domain);
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

function neutralisedFile(volume: LabVolume): string {
  return path.join(volume.folder, "erp", "neutralised.json");
}

async function readNeutralised(volume: LabVolume): Promise<Neutralised | null> {
  return JSON.parse((await readIfThere(neutralisedFile(volume))) ?? "null") as Neutralised | null;
}

function readServes(text: string | undefined): { readonly volumeId: string | null } | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as { volumeId: string | null });
}

function readVersion(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as { version: string }).version;
}

function isNewer(version: string, than: string): boolean {
  return (compareVersions(version, than) ?? 0) > 0;
}

function readLockout(text: string | undefined): Lockout | null {
  try {
    const value = JSON.parse(text ?? "null") as Partial<Lockout> | null;
    return typeof value?.since === "string" ? { since: value.since, until: value.until ?? null } : null;
  } catch {
    return null;
  }
}
