import { createHash } from "node:crypto";
import type { Account } from "../shared/settings/model.ts";

interface Secrets {
  get(name: string): Promise<string | undefined>;
  put(name: string, value: string): Promise<void>;
  has(name: string): Promise<boolean>;
  delete(name: string): Promise<void>;
}

interface KeyTools {
  sshKeyOf(accountId: string): string;
  makeKeyPair(comment: string): { privateKey: string };
  publicKeyOf(privateKey: string, comment: string): string;
}

/**
 * The operator's own keys in the vault: the present one, the next one while it is being rotated, and the one before
 * until every host has let go of it. `rotated` marks that the present one is the console's own making.
 */
export function openOwnKeys(vault: Secrets, { sshKeyOf, makeKeyPair, publicKeyOf }: KeyTools) {
  const names = (accountId: string) => {
    const present = sshKeyOf(accountId);
    return {
      present,
      next: `${present}/next`,
      before: `${present}/before`,
      lab: `${present}/lab`,
      rotated: `${present}/rotated`,
    };
  };
  const shown = (privateKey: string, accountId: string) => {
    const publicKey = publicKeyOf(privateKey, `fleetwright-${accountId}`);
    const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
    return {
      publicKey,
      fingerprint: `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`,
    };
  };
  const read = async (name: string, accountId: string) => {
    const key = await vault.get(name);
    return key === undefined ? undefined : { privateKey: key, ...shown(key, accountId) };
  };

  async function present(account: Account) {
    const found = await read(names(account.id).present, account.id);
    if (found) return found;
    const { privateKey } = makeKeyPair(`fleetwright-${account.id}`);
    await vault.put(names(account.id).present, privateKey);
    return { privateKey, ...shown(privateKey, account.id) };
  }

  return {
    present,

    async next(account: Account) {
      const { next } = names(account.id);
      const found = await read(next, account.id);
      if (found) return found;
      const { privateKey } = makeKeyPair(`fleetwright-${account.id}`);
      await vault.put(next, privateKey);
      return { privateKey, ...shown(privateKey, account.id) };
    },

    async nextPrivate(accountId: string): Promise<string> {
      const { next, present: now } = names(accountId);
      // After the change the next one is the present one.
      return (await vault.get(next)) ?? (await vault.get(now)) ?? "";
    },

    /** Old first, then new: whatever is interrupted, the present key opens every host that was reached. */
    async change(account: Account, toFingerprint: string): Promise<void> {
      const { next, before, rotated, present: now } = names(account.id);
      const old = await present(account);
      const coming = await read(next, account.id);
      if (old.fingerprint !== toFingerprint) {
        if (coming?.fingerprint !== toFingerprint) throw new Error("The key that was tested is not in the vault.");
        await vault.put(before, old.privateKey);
        await vault.put(now, coming.privateKey);
      }
      await vault.put(rotated, toFingerprint);
      await vault.delete(next);
    },

    async before(account: Account) {
      return (await read(names(account.id).before, account.id)) ?? null;
    },

    forget: (account: Account) => vault.delete(names(account.id).before),

    async fingerprints(account: Account): Promise<ReadonlySet<string>> {
      const { present: now, next, before, lab } = names(account.id);
      const found = await Promise.all([now, next, before, lab].map((name) => read(name, account.id)));
      return new Set(found.flatMap((one) => (one ? [one.fingerprint] : [])));
    },

    /** Private halves to try where the present one is refused. */
    async others(accountId: string): Promise<readonly string[]> {
      const { next, before, lab } = names(accountId);
      const found = await Promise.all([next, before, lab].map((name) => vault.get(name)));
      return found.filter((one) => one !== undefined);
    },
  };
}
