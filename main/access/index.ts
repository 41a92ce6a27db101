import { implement } from "@orpc/server";
import { accessContract } from "../../shared/access/contract.ts";
import { type AccessKey, driftOf, type HostReading, keyStanding } from "../../shared/access/model.ts";
import { AppError } from "../../shared/errors.ts";
import { grantKey, hostKeysOf, revokeKey } from "./change-keys.ts";
import type { AccessPlace, AccessPorts } from "./ports.ts";
import { readPublicKey } from "./public-key.ts";
import { rotateKey } from "./rotate-key.ts";
import { accessStore, type StoredReading } from "./store.ts";

export type { AccessPorts, OwnKeys } from "./ports.ts";

/** Who may log in where: the register of keys, what the hosts really hold, and the console's own keys. */
export function accessArea(ports: AccessPorts) {
  const store = accessStore(ports.pool);
  const os = implement(accessContract);
  const startGrant = ports.jobs.define(grantKey(ports, store));
  const startRevoke = ports.jobs.define(revokeKey(ports, store));
  const startRotate = ports.jobs.define(rotateKey(ports, store));
  const keysOf = hostKeysOf(ports, store);

  const viewReading = (place: AccessPlace, reading: StoredReading | undefined): HostReading => ({
    ...{ tenantId: place.tenantId, tenantSlug: place.tenantSlug, environmentId: place.environmentId, kind: place.kind },
    ...{ readAt: reading?.readAt ?? null, keys: reading?.keys.length ?? 0, error: reading?.error ?? null },
  });

  async function ownFingerprints(places: readonly AccessPlace[]): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const accounts = [...new Set(places.map((one) => one.accountId))];
    const known = accounts.map(async (id) => {
      // A locked vault tells nothing of the console's own keys: they are then shown as what nobody registered.
      const own = await Promise.resolve()
        .then(() => ports.ownKeys.fingerprints(ports.account(id)))
        .catch(() => new Set<string>());
      return [id, own] as const;
    });
    return new Map(await Promise.all(known));
  }

  async function view(tenant: string | undefined) {
    const everywhere = await ports.places();
    const places = everywhere.filter((one) => !tenant || one.tenantSlug === tenant || one.tenantId === tenant);
    if (tenant && places.length === 0) throw noTenant(tenant);
    const tenantId = tenant ? places[0]!.tenantId : undefined;
    const [keys, readings, own] = await Promise.all([
      store.keys(tenantId),
      store.readings(tenantId),
      ownFingerprints(places),
    ]);
    const now = ports.now();
    return {
      keys: keys.map((key): AccessKey => {
        const { installedAt: _installedAt, removedAt: _removedAt, ...shown } = key;
        return { ...shown, standing: keyStanding(key, readings.get(key.environmentId)?.keys, now) };
      }),
      drift: places.flatMap((place) => {
        const reading = readings.get(place.environmentId);
        if (!reading) return [];
        const registered = keys.filter((key) => key.environmentId === place.environmentId);
        const { tenantId: id, tenantSlug, environmentId, kind } = place;
        return driftOf(reading.keys, registered, own.get(place.accountId) ?? new Set()).map((line) => ({
          ...line,
          ...{ tenantId: id, tenantSlug, environmentId, kind, readAt: reading.readAt },
        }));
      }),
      readings: places.map((place) => viewReading(place, readings.get(place.environmentId))),
    };
  }

  const router = {
    list: os.list.handler(({ input }) => view(input.tenant)),

    read: os.read.handler(async ({ input, signal }) => {
      const one = await ports.find(input.tenant, input.environment);
      await (await keysOf({ tenantId: one.tenantId, kind: one.kind }, signal ?? AbortSignal.timeout(60_000))).list();
      const reading = (await store.readings(one.tenantId)).get(one.environmentId);
      const place = { ...one, accountId: one.account.id, running: true };
      return viewReading(place, reading);
    }),

    grant: os.grant.handler(async ({ input }) => {
      const one = await ports.find(input.tenant, input.environment);
      const { owner, approver, purpose, expiresAt } = input;
      if (owner.toLowerCase() === approver.toLowerCase()) {
        throw new AppError("RefusedByRule", "R102: who holds the key cannot approve it. Nothing was granted.", {
          retryable: false,
          rule: "R102",
          tenant: one.tenantSlug,
          next: "Name the customer or partner who approves this access.",
        });
      }
      if (expiresAt <= ports.now()) {
        throw new AppError("InvalidInput", "The key would have ended already. Nothing was granted.", {
          retryable: false,
          tenant: one.tenantSlug,
          next: "Choose an end that lies ahead.",
        });
      }
      return startGrant({
        ...{ id: input.requestId, tenantId: one.tenantId, tenantSlug: one.tenantSlug, subject: one.customer },
        requestedBy: ports.operator(),
        input: {
          ...{ tenantId: one.tenantId, kind: one.kind, owner, approver, purpose, expiresAt, by: ports.operator() },
          ...readPublicKey(input.publicKey),
        },
      });
    }),

    revoke: os.revoke.handler(async ({ input }) => {
      const key = await store.key(input.keyId);
      if (!key) {
        throw new AppError("NotFound", `There is no key ${input.keyId} in the register.`, {
          retryable: false,
          next: "Look at the register; nothing was changed.",
        });
      }
      const one = await ports.find(key.tenantId, key.kind);
      return startRevoke({
        ...{ id: input.requestId, tenantId: one.tenantId, tenantSlug: one.tenantSlug, subject: one.customer },
        requestedBy: ports.operator(),
        input: {
          ...{ tenantId: key.tenantId, kind: key.kind, keyId: key.id },
          ...{ reason: input.reason, by: ports.operator() },
        },
      });
    }),

    rotate: os.rotate.handler(async ({ input }) => {
      const account = ports.account(input.accountId);
      const places = (await ports.places()).filter((one) => one.accountId === account.id);
      const hosts = places.filter((one) => one.running);
      return startRotate({
        ...{ id: input.requestId, tenantId: null, tenantSlug: null, subject: account.name },
        requestedBy: ports.operator(),
        input: {
          accountId: account.id,
          hosts: hosts.map(({ tenantId, tenantSlug, kind }) => ({ tenantId, tenantSlug, kind })),
          leftOut: places.length - hosts.length,
        },
      });
    }),

    sessions: os.sessions.handler(async ({ input }) => [...(await ports.sessions(input.tenant, input.limit))]),
  };

  return { router };
}

function noTenant(tenant: string): AppError {
  return new AppError("NotFound", `There is no tenant ${tenant}.`, {
    retryable: false,
    next: "Look at the fleet; reading AWS again may show it.",
  });
}
