import type { Account, AccountCheck } from "../shared/settings/model.ts";
import { AppError, errorFacts } from "../shared/errors.ts";
import { Service, type SizeOption } from "../shared/tenant/model.ts";
import { HOUR_MS } from "../shared/time.ts";
import { type AwsAccess, type AwsAccounts, type AwsKeys, awsAccounts } from "./adapters/aws/access.ts";
import { readImages, readInstanceQuota, readSizes, whoAmI } from "./adapters/aws/catalogue.ts";
import * as ec2 from "./adapters/aws/ec2.ts";
import { readInventory } from "./adapters/aws/inventory.ts";
import * as s3 from "./adapters/aws/s3.ts";
import * as snapshots from "./adapters/aws/snapshots.ts";
import { fromTagList } from "./adapters/aws/tags.ts";
import { getHttps, portAnswers } from "./adapters/https/probe.ts";
import { connectSsh, type Shell, type ShellListener, type ShellOrder } from "./adapters/ssh/connection.ts";
import { fingerprintsIn, makeKeyPair, publicKeyOf } from "./adapters/ssh/keys.ts";
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

/** AWS ends prepared files after this; a contract's own number is smaller or equal and decides what is shown (R74). */
const EXPORT_DAYS = 7;

/** The adapters as the areas' ports ask for them. */
export function openCloud(secrets: Secrets) {
  const accounts = awsAccounts((accountId) => secrets.awsKeys(accountId));
  const sizes = new Map<string, { readonly readAt: number; readonly sizes: readonly SizeOption[] }>();

  const connectWith = (privateKey: string, host: HostAddress, signal: AbortSignal) =>
    connectSsh(
      {
        host: host.address,
        port: host.account.ports.ssh,
        user: host.user,
        privateKey,
        hostKeys: host.hostKeys,
        name: host.name,
      },
      signal,
    );

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

  const connectTo = async (host: HostAddress, signal: AbortSignal) => {
    const present = await secrets.sshKey(host.account.id);
    try {
      return await connectWith(present, host, signal);
    } catch (error) {
      if (errorFacts(error).code !== "HostLoginRefused") throw error;
      for (const before of await secrets.sshKeysBefore(host.account.id)) {
        const connection = await connectWith(before, host, signal).catch(() => undefined);
        if (connection) return connection;
      }
      throw error;
    }
  };

  const runOnHost: TenantPorts["runOnHost"] = async (host, words, options) => {
    const connection = await connectTo(host, options.signal);
    try {
      return await connection.run(words, options);
    } finally {
      connection.end();
    }
  };

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
        putPart: (key, uploadId, number, body) => s3.putPart(access, bucket, key, { uploadId, number, body }),
        finishUpload: (key, uploadId, md5s, bytes) => s3.finishUpload(access, bucket, key, { uploadId, md5s, bytes }),
      };
    },
    runOnHost,

    /** One log-in with this key and no other; throws when it is refused. */
    async logInWith(privateKey: string, host: HostAddress, signal: AbortSignal): Promise<void> {
      const connection = await connectWith(privateKey, host, signal);
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
      const connection = await connectTo(host, signal);
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
    stop: () => accounts.stop(),
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

/** The failure of a secret that the vault does not hold. */
export function secretMissing(what: string): AppError {
  return new AppError("AwsCredentialsInvalid", `The vault holds no ${what}.`, {
    retryable: false,
    next: "Remove the account in Settings and add it again with its keys.",
  });
}
