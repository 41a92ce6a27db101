import type { FoundEnvironment } from "../../shared/fleet/inventory.ts";
import type { Account } from "../../shared/settings/model.ts";
import type { TenantStore } from "./store.ts";
import { fromTags } from "./tags.ts";

/**
 * Takes over complete readings of regions. Remembers what it wrote, so that a reading in which nothing changed costs
 * one statement however large the fleet is.
 */
export function inventoryTaker(store: TenantStore, ignored: (text: string) => void) {
  const written = new Map<string, string>();

  return async (
    account: Account,
    region: string,
    environments: readonly FoundEnvironment[],
    readAt: Date,
  ): Promise<void> => {
    const shown: string[] = [];
    for (const environment of environments) {
      const read = fromTags({ ...environment, accountId: account.id, readAt });
      if (!read) {
        ignored(`${region}: ${environment.instance?.instanceId ?? environment.volume?.volumeId} has incomplete tags`);
        continue;
      }
      shown.push(read.environment.id);
      const content = JSON.stringify({ account: account.id, ...environment });
      if (written.get(read.environment.id) === content) continue;
      await store.found(read.tenant, read.environment);
      written.set(read.environment.id, content);
    }
    await store.seen(shown, readAt);
    for (const id of await store.missing(account.id, region, shown)) written.delete(id);
  };
}
