import type { LabSchema } from "./ec2/model.ts";
import { ACCOUNT_ID } from "./ec2/model.ts";
import { publishedImages } from "./ec2/images.ts";
import { readPublicKey } from "./ec2/key-pairs.ts";
import { fixedId, REGION_NAMES } from "./ec2/regions.ts";
import { defaultGroup } from "./ec2/security-groups.ts";
import type { LabMachines } from "./ec2/machines.ts";
import type { World } from "./ec2/world.ts";
import { TAG } from "../../shared/tenant/tags.ts";
import { putTenant } from "./seed-fleet.ts";
import { SEED_TENANTS } from "./seed-tenants.ts";
import type { LabKeys } from "./keys.ts";
import type { Store, Transaction } from "./state.ts";

export type Seed = "demo" | "empty";

export const OPERATOR_KEY_NAME = "fleetwright-operator";

interface SeedOptions {
  readonly store: Store<LabSchema>;
  readonly world: World;
  readonly machines: LabMachines;
  readonly seed: Seed;
  readonly keys: LabKeys;
}

/**
 * Fills a new lab: what every account has, and for `demo` a fleet with a past. A lab that is killed in between is
 * seeded again from the beginning.
 */
export async function seedLab({ store, world, machines, seed, keys }: SeedOptions): Promise<void> {
  const now = world.now();
  let places = 0;
  const seeded = store.change((rows) => {
    for (const table of TABLES) for (const row of rows.all(table)) rows.delete(table, row.id);
    putAccount(rows, keys, now);
    const tenants = seed === "demo" ? SEED_TENANTS : [];
    const made = tenants.flatMap((tenant) => putTenant(rows, tenant, keys.operatorPublicKey, now, () => places++));
    rows.put("lab", { id: "lab", region: "", createdAt: now, seed, seeded: false, nextAddress: places + 1 });
    return made;
  });
  await machines.resume();
  const prints = await Promise.all(seeded.map(({ instanceId }) => world.room.consoleOutput(instanceId)));
  await Promise.all(seeded.filter(({ stopped }) => stopped).map(({ instanceId }) => world.room.powerOff(instanceId)));
  store.change((rows) => {
    for (const [index, one] of seeded.entries()) {
      const hostKey = fingerprints(prints[index] ?? "");
      for (const id of [one.instanceId, one.volumeId]) {
        const tags = rows.get("tags", id);
        if (tags) rows.put("tags", { ...tags, tags: { ...tags.tags, [TAG.hostKey]: hostKey } });
      }
      const instance = rows.get("instances", one.instanceId);
      if (one.stopped && instance) rows.put("instances", { ...instance, state: "stopped", publicAddress: null });
    }
    const lab = rows.get("lab", "lab");
    if (lab) rows.put("lab", { ...lab, seeded: true });
  });
}

/** The host keys that a boot printed, as the console writes them down: one after the other. */
const fingerprints = (printed: string): string => [...new Set(printed.match(/SHA256:[A-Za-z0-9+/]{43}/g))].join(" ");

const TABLES = [
  "lab",
  "accessKeys",
  "tokens",
  "tags",
  "images",
  "instances",
  "volumes",
  "snapshots",
  "keyPairs",
  "securityGroups",
  "addresses",
] as const;

function putAccount(rows: Transaction<LabSchema>, keys: LabKeys, now: number): void {
  rows.put("accessKeys", {
    ...keys.accessKey,
    region: "",
    createdAt: now,
    sessionToken: null,
    expiresAt: null,
    arn: `arn:aws:iam::${ACCOUNT_ID}:user/lab`,
    userId: "AIDALABLABLABLABLABLA",
    readOnly: false,
  });
  for (const { image, tags } of publishedImages()) {
    rows.put("images", image);
    rows.put("tags", { id: image.id, region: image.region, tags });
  }
  const operator = readPublicKey(keys.operatorPublicKey);
  for (const region of REGION_NAMES) {
    rows.put("securityGroups", defaultGroup(region, fixedId("sg", region, "default"), now));
    if (operator)
      rows.put("keyPairs", {
        id: fixedId("key", region, OPERATOR_KEY_NAME),
        region,
        createdAt: now,
        name: OPERATOR_KEY_NAME,
        ...operator,
      });
  }
}
