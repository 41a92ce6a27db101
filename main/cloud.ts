import type { Account, AccountCheck } from "../shared/settings/model.ts";
import { AppError, errorFacts } from "../shared/errors.ts";
import { Service, type SizeOption } from "../shared/tenant/model.ts";
import { HOUR_MS } from "../shared/time.ts";
import { type AwsAccounts, type AwsKeys, awsAccounts } from "./adapters/aws/access.ts";
import { readImages, readInstanceQuota, readSizes, whoAmI } from "./adapters/aws/catalogue.ts";
import * as ec2 from "./adapters/aws/ec2.ts";
import { readInventory } from "./adapters/aws/inventory.ts";
import { getHttps, portAnswers } from "./adapters/https/probe.ts";
import { connectSsh, type Shell, type ShellListener, type ShellOrder } from "./adapters/ssh/connection.ts";
import { fingerprintsIn, makeKeyPair, publicKeyOf } from "./adapters/ssh/keys.ts";
import type { RegionReading } from "./fleet/index.ts";
import type { Cloud, TenantPorts } from "./tenant/index.ts";

type HostAddress = Parameters<TenantPorts["runOnHost"]>[0];

export { makeKeyPair, publicKeyOf };

export interface Secrets {
  awsKeys(accountId: string): Promise<AwsKeys>;
  /** OpenSSH private key of this console's operator for the hosts of an account. */
  sshKey(accountId: string): Promise<string>;
}

/** The adapters as the areas' ports ask for them. */
export function openCloud(secrets: Secrets) {
  const accounts = awsAccounts((accountId) => secrets.awsKeys(accountId));
  const sizes = new Map<string, { readonly readAt: number; readonly sizes: readonly SizeOption[] }>();

  const connectTo = async (host: HostAddress, signal: AbortSignal) =>
    connectSsh(
      {
        host: host.address,
        port: host.account.ports.ssh,
        user: host.user,
        privateKey: await secrets.sshKey(host.account.id),
        hostKeys: host.hostKeys,
        name: host.name,
      },
      signal,
    );

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
    runOnHost,

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

    forget: (accountId: string) => accounts.forget(accountId),
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
    place: (seed) => ec2.placeFor(access, seed),
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
  };
}

/** The failure of a secret that the vault does not hold. */
export function secretMissing(what: string): AppError {
  return new AppError("AwsCredentialsInvalid", `The vault holds no ${what}.`, {
    retryable: false,
    next: "Remove the account in Settings and add it again with its keys.",
  });
}
