import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeKeyPair } from "./hosts/host-keys.ts";

/** What the lab hands to its clients, the same for its whole life, resets included. */
export interface LabKeys {
  readonly accessKey: { readonly id: string; readonly secret: string };
  readonly operatorFile: string;
  /** OpenSSH public key line. */
  readonly operatorPublicKey: string;
}

/** Reads the keys of the lab's folder, or makes them on first use. */
export async function openKeys(folder: string): Promise<LabKeys> {
  const operatorFile = join(folder, "operator");
  const keysFile = join(folder, "keys.json");
  try {
    const { id, secret } = JSON.parse(await readFile(keysFile, "utf8")) as LabKeys["accessKey"];
    const operatorPublicKey = (await readFile(`${operatorFile}.pub`, "utf8")).trim();
    return { accessKey: { id, secret }, operatorFile, operatorPublicKey };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const pair = makeKeyPair("ED25519", "fleetwright-operator");
  const accessKey = {
    id: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    secret: randomBytes(30).toString("base64"),
  };
  await writePrivate(operatorFile, pair.private);
  await writePrivate(`${operatorFile}.pub`, `${pair.public}\n`);
  // Last: it says that the others are complete.
  await writePrivate(keysFile, JSON.stringify(accessKey));
  return { accessKey, operatorFile, operatorPublicKey: pair.public };
}

/** Readable for its owner only, and never half written. */
export async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
