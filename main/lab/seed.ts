import type { LabSchema } from "./ec2/model.ts";
import { ACCOUNT_ID } from "./ec2/model.ts";
import { publishedImages } from "./ec2/images.ts";
import { readPublicKey } from "./ec2/key-pairs.ts";
import { fixedId, REGION_NAMES } from "./ec2/regions.ts";
import { defaultGroup } from "./ec2/security-groups.ts";
import type { World } from "./ec2/world.ts";
import type { LabKeys } from "./index.ts";
import type { Store, Transaction } from "./state.ts";

export type Seed = "demo" | "empty";

export const OPERATOR_KEY_NAME = "fleetwright-operator";

interface SeedOptions {
  readonly store: Store<LabSchema>;
  readonly world: World;
  readonly seed: Seed;
  readonly keys: LabKeys;
}

/** Fills a new lab: what every account has, and for `demo` a fleet with a past. All of it or nothing. */
export async function seedLab({ store, world, seed, keys }: SeedOptions): Promise<void> {
  const now = world.now();
  store.change((rows) => {
    for (const table of TABLES) for (const row of rows.all(table)) rows.delete(table, row.id);
    putAccount(rows, keys, now);
    rows.put("lab", { id: "lab", region: "", createdAt: now, seed, seeded: true, nextAddress: 0 });
  });
}

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
