import type { Account, AccountCheck, JumpHost } from "../shared/settings/model.ts";
import { AppError, errorFacts } from "../shared/errors.ts";
import { Service, type SizeOption } from "../shared/tenant/model.ts";
import { classifyHostKey, type HostKeyPrint, type Pin } from "../shared/terminal/host-keys.ts";
import { HOUR_MS } from "../shared/time.ts";
import { type AwsAccess, type AwsAccounts, type AwsKeys, awsAccounts } from "./adapters/aws/access.ts";
import { readImages, readInstanceQuota, readSizes, whoAmI } from "./adapters/aws/catalogue.ts";
import * as ec2 from "./adapters/aws/ec2.ts";
import { readInventory } from "./adapters/aws/inventory.ts";
import * as s3 from "./adapters/aws/s3.ts";
import * as snapshots from "./adapters/aws/snapshots.ts";
import { fromTagList } from "./adapters/aws/tags.ts";
import { getHttps, portAnswers } from "./adapters/https/probe.ts";
import { agentSocket } from "./adapters/ssh/agent.ts";
import {
  askFor,
  connectSsh,
  type Shell,
  type ShellListener,
  type ShellOrder,
  type SshLogin,
  type SshTarget,
} from "./adapters/ssh/connection.ts";
import { shownHostKeys } from "./adapters/ssh/host-keys.ts";
import { fingerprintsIn, hostKeysIn, makeKeyPair, publicKeyOf } from "./adapters/ssh/keys.ts";
import { sshPool } from "./adapters/ssh/pool.ts";
import { type RemoteFiles, remoteFiles } from "./adapters/ssh/sftp.ts";
import type { RegionReading } from "./fleet/index.ts";
import type { TenantPorts } from "./tenant/index.ts";
import type { Cloud, HostAddress, ObjectStore } from "./toolkit/ports.ts";

export { makeKeyPair, publicKeyOf };

export interface Secrets {
  awsKeys(accountId: string): Promise<AwsKeys>;
  /** OpenSSH private key of this console's operator for the hosts of an account. */
  sshKey(accountId: string): Promise<string>;
  /** Further keys to try where the present one is refused: hosts that a rotation did not reach. Newest first. */
  sshKeysBefore(accountId: string): Promise<readonly string[]>;
}

/** What is known of the hosts of environments beyond their address. */
export interface HostTrust {
  /** Keys that are pinned now, read anew. */
  pinned(environmentId: string): Promise<readonly Pin[]>;
  /** A host that proved a pinned key proved these. */
  learn(environmentId: string, shown: readonly HostKeyPrint[]): Promise<void>;
  /** A host showed keys that nothing explains. */
  blocked(environmentId: string, shown: readonly HostKeyPrint[]): Promise<void>;
}

/** AWS ends prepared files after this; a contract's own number is smaller or equal and decides what is shown (R74). */
const EXPORT_DAYS = 7;

/** The adapters as the areas' ports ask for them. */
export function openCloud(secrets: Secrets, trust: HostTrust) {
  const accounts = awsAccounts((accountId) => secrets.awsKeys(accountId));
  const sizes = new Map<string, { readonly readAt: number; readonly sizes: readonly SizeOption[] }>();

  const owners = new Map<string, Promise<{ awsAccountId: string }>>();
  /** Whose account it is does not change while its keys do not. */
  const ownerOf = (access: AwsAccess): Promise<{ awsAccountId: string }> => {
    const known = owners.get(access.account.id);
    if (known) return known;
    const read = whoAmI(access);
    owners.set(access.account.id, read);
    read.catch(() => owners.delete(access.account.id));
    return read;
  };

  const pool = sshPool();

  async function logInOf(account: Account): Promise<SshLogin> {
    if (account.ssh?.login !== "agent") return { privateKey: await secrets.sshKey(account.id) };
    return { agent: { socket: agentSocket(process.env, process.platform), fingerprint: account.ssh.agentKey } };
  }

  async function targetOf(host: HostAddress): Promise<SshTarget> {
    const { account, environmentId } = host;
    const logIn = await logInOf(account);
    const jumps = account.ssh?.jumps ?? [];
    return {
      ...logIn,
      host: host.address,
      port: account.ports.ssh,
      user: host.user,
      hostKeys: host.hostKeys,
      name: host.name,
      ...(jumps.length > 0 && { via: jumps.map((jump) => jumpTarget(logIn, jump)) }),
      ...(environmentId !== undefined && {
        onHostKeys: (shown) => void trust.learn(environmentId, shown).catch(() => undefined),
      }),
    };
  }

  /** Tries the console's former keys where the present one is refused: hosts that a rotation did not reach. */
  async function withAnyKey<Result>(
    target: SshTarget,
    account: Account,
    work: (target: SshTarget) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await work(target);
    } catch (error) {
      if ("agent" in target || errorFacts(error).code !== "HostLoginRefused") throw error;
      for (const privateKey of await secrets.sshKeysBefore(account.id)) {
        try {
          return await work({ ...target, privateKey });
        } catch (again) {
          if (errorFacts(again).code !== "HostLoginRefused") throw again;
        }
      }
      throw error;
    }
  }

  /**
   * Does what needs a log-in. A host that shows another key than the caller trusts is looked at once more: its new key
   * may be of another algorithm, or pinned meanwhile by a job of ours. Everything else stays blocked and is told.
   */
  async function onTrusted<Result>(
    host: HostAddress,
    signal: AbortSignal,
    ask: (target: SshTarget) => Promise<Result>,
  ): Promise<Result> {
    const target = await targetOf(host);
    const work = (one: SshTarget) => withAnyKey(one, host.account, ask);
    try {
      return await work(target);
    } catch (error) {
      const { code, details } = errorFacts(error);
      const { environmentId } = host;
      // A jump host that changed is nothing of this environment's.
      if (code !== "HostKeyChanged" || details["host"] !== `${target.host}:${target.port}` || !environmentId)
        throw error;
      const offered = { algorithm: "unknown", fingerprint: String(details["offered"]) };
      const shown = await shownHostKeys(target, signal).catch(() => [offered]);
      const pinned = await trust.pinned(environmentId);
      const verdict = classifyHostKey(host.hostKeys, pinned, shown);
      const hostKeys = pinned.map(({ fingerprint }) => fingerprint);
      if (verdict.kind === "match" || verdict.kind === "changedByOwnJob") return work({ ...target, hostKeys });
      if (verdict.kind === "newAlgorithm") {
        return work({ ...target, hostKeys, keyAlgorithms: askFor(verdict.proven.algorithm) });
      }
      await trust.blocked(environmentId, shown);
      throw error;
    }
  }

  const runOnHost: TenantPorts["runOnHost"] = (host, words, options) =>
    onTrusted(host, options.signal, (target) => pool.run(target, words, options));

  return {
    cloud: (account: Account, region: string): Cloud => cloudOf(accounts, account, region),

    /** One bucket for each account and region, under a name that follows from both. */
    async storage(account: Account, region: string): Promise<ObjectStore> {
      const access = accounts.access(account, region);
      const { awsAccountId } = await ownerOf(access);
      const bucket = { name: `fleetwright-${awsAccountId}-${region}`, owner: awsAccountId };
      return {
        bucket: bucket.name,
        ensure: () => s3.findOrCreateBucket(access, bucket, EXPORT_DAYS),
        put: (key, body, contentType) => s3.putObject(access, bucket, key, body, contentType),
        get: (key) => s3.getObject(access, bucket, key),
        head: (key) => s3.headObject(access, bucket, key),
        list: (prefix) => s3.listObjects(access, bucket, prefix),
        remove: (key) => s3.removeObject(access, bucket, key),
        readRange: (key, from, to) => s3.readRange(access, bucket, key, from, to),
        findOrBeginUpload: (key, metadata) => s3.findOrBeginUpload(access, bucket, key, metadata),
        partsOf: (key, uploadId) => s3.partsOf(access, bucket, key, uploadId),
        presignPart: (key, uploadId, number, seconds) =>
          s3.presignPart(access, bucket, key, { uploadId, number, seconds }),
        presignRead: (key, seconds) => s3.presignRead(access, bucket, key, seconds),
        putPart: (key, uploadId, number, body) => s3.putPart(access, bucket, key, { uploadId, number, body }),
        finishUpload: (key, uploadId, md5s, bytes) => s3.finishUpload(access, bucket, key, { uploadId, md5s, bytes }),
      };
    },
    runOnHost,

    /** One log-in with this key and no other; throws when it is refused. */
    async logInWith(privateKey: string, host: HostAddress, signal: AbortSignal): Promise<void> {
      const connection = await connectSsh({ ...(await targetOf(host)), privateKey } as SshTarget, signal);
      try {
        await connection.run(["id", "-un"], { signal });
      } finally {
        connection.end();
      }
    },

    /** A connection of its own for one shell, which ends with it. */
    async openShell(
      host: HostAddress,
      order: ShellOrder,
      listener: ShellListener,
      signal: AbortSignal,
    ): Promise<Shell> {
      const connection = await onTrusted(host, signal, (target) => connectSsh(target, signal));
      try {
        return await connection.shell(order, {
          ...listener,
          onEnd(exit) {
            connection.end();
            listener.onEnd(exit);
          },
        });
      } catch (error) {
        connection.end();
        throw error;
      }
    },

    /** A channel for files, on a kept connection or on one of its own, which ends with it. */
    openFiles: (host: HostAddress, own: boolean, signal: AbortSignal): Promise<RemoteFiles> =>
      onTrusted(host, signal, async (target) => {
        const connection = own ? await connectSsh(target, signal) : undefined;
        const lease = connection ? { connection, release: () => connection.end() } : await pool.lease(target, signal);
        try {
          return remoteFiles(await lease.connection.files(), lease.release);
        } catch (error) {
          lease.release();
          throw error;
        }
      }),

    /** Every key that a host shows, each proven; nobody logs in to the host, only to the jump hosts before it. */
    async shownHostKeys(host: HostAddress, signal?: AbortSignal): Promise<readonly HostKeyPrint[]> {
      return shownHostKeys(await targetOf(host), signal);
    },

    getHttps: ((host, path, signal) =>
      getHttps(
        {
          address: host.address,
          port: host.account.ports.https,
          domain: host.domain,
          name: host.name,
          ...(host.account.endpoints.caFile ? { caFile: host.account.endpoints.caFile } : {}),
        },
        path,
        signal,
      )) satisfies TenantPorts["getHttps"],

    plainHttpAnswers: (account: Account, address: string) => portAnswers(address, account.ports.http),

    /** Sizes change rarely: they are read again after an hour. */
    async readRegion(account: Account, region: string): Promise<RegionReading> {
      const access = accounts.access(account, region);
      const key = `${account.id}/${region}`;
      const known = sizes.get(key);
      const fresh = known && performance.now() - known.readAt < HOUR_MS ? known.sizes : undefined;
      const [environments, images, readSizesNow] = await Promise.all([
        readInventory(access),
        readImages(access),
        fresh ?? readSizes(access),
      ]);
      if (!fresh) sizes.set(key, { readAt: performance.now(), sizes: readSizesNow });
      const releases = images.flatMap((image) => {
        const service = Service.safeParse(image.product);
        return service.success ? [{ service: service.data, version: image.version }] : [];
      });
      return { environments, releases, sizes: readSizesNow };
    },

    /** Who am I, and does each region answer. Never throws. */
    async checkAccount(account: Account): Promise<AccountCheck> {
      const [first] = account.regions;
      const identity = await whoAmI(accounts.access(account, first ?? "us-east-1")).catch((error: unknown) => ({
        error,
      }));
      const regions = await Promise.all(
        account.regions.map(async (region) => {
          try {
            await readInstanceQuota(accounts.access(account, region));
            return { region, ok: true, error: null };
          } catch (error) {
            const { code, message } = errorFacts(error);
            return { region, ok: false, error: { code, message } };
          }
        }),
      );
      const known = "error" in identity ? undefined : identity;
      return {
        ok: known !== undefined && regions.every((one) => one.ok),
        awsAccountId: known?.awsAccountId ?? null,
        arn: known?.arn ?? null,
        regions,
      };
    },

    forget(accountId: string) {
      owners.delete(accountId);
      accounts.forget(accountId);
    },
    stop() {
      pool.stop();
      accounts.stop();
    },
  };
}
export type OpenCloud = ReturnType<typeof openCloud>;

function cloudOf(accounts: AwsAccounts, account: Account, region: string): Cloud {
  const access = accounts.access(account, region);
  return {
    whoAmI: () => whoAmI(access),
    async images() {
      return (await readImages(access)).flatMap((image) => {
        const service = Service.safeParse(image.product);
        return service.success ? [{ ...image, service: service.data }] : [];
      });
    },
    sizes: () => readSizes(access),
    instanceQuota: () => readInstanceQuota(access),
    place: (seed, zone) => ec2.placeFor(access, seed, zone),
    findOrImportKeyPair: (name, publicKey) => ec2.findOrImportKeyPair(access, name, publicKey),
    findOrCreateSecurityGroup: (made, group) => ec2.findOrCreateSecurityGroup(access, made, group),
    findOrCreateVolume: (made, volume) => ec2.findOrCreateVolume(access, made, volume),
    findOrRunInstance: (made, order) => ec2.findOrRunInstance(access, made, order),
    async instance(instanceId) {
      const found = await ec2.readInstance(access, instanceId);
      return (
        found && {
          state: found.State?.Name ?? "unknown",
          address: found.PublicIpAddress ?? found.PrivateIpAddress ?? null,
          launchedAt: found.LaunchTime ?? null,
          instanceType: found.InstanceType ?? null,
          zone: found.Placement?.AvailabilityZone ?? null,
        }
      );
    },
    async volume(volumeId) {
      const found = await ec2.readVolume(access, volumeId);
      const [attachment] = found?.Attachments ?? [];
      return (
        found && {
          state: found.State ?? "unknown",
          attachedTo: attachment?.InstanceId ?? null,
          attachment: attachment?.State ?? null,
          device: attachment?.Device ?? null,
          zone: found.AvailabilityZone ?? null,
          sizeGiB: found.Size ?? 0,
          snapshotId: found.SnapshotId || null,
          tags: fromTagList(found.Tags),
        }
      );
    },
    ensureAttached: (volumeId, instanceId, device) => ec2.ensureAttached(access, volumeId, instanceId, device),
    hostKeys: async (instanceId) => fingerprintsIn(await ec2.consoleOutput(access, instanceId)),
    printedHostKeys: async (instanceId) => hostKeysIn(await ec2.consoleOutput(access, instanceId)),
    setTags: (resources, tags) => ec2.setTags(access, resources, tags),
    listMadeBy: (jobId) => ec2.listMadeBy(access, jobId),
    terminate: (instanceId) => ec2.terminate(access, instanceId),
    detach: (volumeId) => ec2.detach(access, volumeId),
    deleteVolume: (volumeId) => ec2.deleteVolume(access, volumeId),
    deleteSecurityGroup: (groupId) => ec2.deleteSecurityGroup(access, groupId),
    startInstance: (instanceId) => ec2.startInstance(access, instanceId),
    stopInstance: (instanceId) => ec2.stopInstance(access, instanceId),
    rebootInstance: (instanceId) => ec2.rebootInstance(access, instanceId),
    setInstanceType: (instanceId, instanceType) => ec2.setInstanceType(access, instanceId, instanceType),
    growVolume: (volumeId, sizeGiB) => ec2.growVolume(access, volumeId, sizeGiB),
    removeTags: (resources, keys) => ec2.removeTags(access, resources, keys),
    findOrCreateSnapshot: (made, order) => snapshots.findOrCreateSnapshot(access, made, order),
    findOrCopySnapshot: (made, order) => snapshots.findOrCopySnapshot(access, made, order),
    findSnapshot: (made) => snapshots.findSnapshot(access, made),
    snapshot: (snapshotId) => snapshots.readSnapshot(access, snapshotId),
    snapshots: (tags) => snapshots.listSnapshots(access, tags),
    deleteSnapshot: (snapshotId) => snapshots.deleteSnapshot(access, snapshotId),
  };
}

const jumpTarget = (logIn: SshLogin, { host, port, user, hostKeys }: JumpHost): SshTarget => ({
  ...logIn,
  host,
  port,
  user,
  hostKeys,
  name: host,
});

/** The failure of a secret that the vault does not hold. */
export function secretMissing(what: string): AppError {
  return new AppError("AwsCredentialsInvalid", `The vault holds no ${what}.`, {
    retryable: false,
    next: "Remove the account in Settings and add it again with its keys.",
  });
}
