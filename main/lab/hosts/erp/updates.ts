import path from "node:path";
import { z } from "zod";
import { readIfThere, writeWhole } from "../files.ts";

export interface Change {
  readonly name: string;
  readonly from: string | null;
  readonly to: string;
}

export interface Update {
  readonly changed: readonly Change[];
  readonly rebootNeeded: boolean;
}

/** The host's system packages: a list on the root device. Each has its versions by the month, as its patch number. */
const PACKAGES = [
  { name: "linux-image-aws", base: "6.8.0-", reboot: true },
  { name: "openssl", base: "3.0.13-0ubuntu3.", reboot: false },
  { name: "openssh-server", base: "1:9.6p1-3ubuntu13.", reboot: false },
  { name: "postgresql", base: "18.", reboot: false },
  { name: "tzdata", base: "2026.", reboot: false },
] as const;

const Stored = z.object({ installed: z.record(z.string(), z.string()), rebootNeeded: z.boolean() });
/** Patches count from here; an image has the first. */
const EPOCH_MONTH = 2025 * 12;

export interface Stack {
  /** Brings every package to the newest there is. */
  update(): Promise<Update>;
}

/** Opened at boot, which is what a new kernel waits for. */
export async function openStack(folder: string): Promise<Stack> {
  const file = path.join(folder, "packages.json");
  const read = async () => Stored.safeParse(JSON.parse((await readIfThere(file)) ?? "null")).data;
  const atBoot = await read();
  if (atBoot?.rebootNeeded) await writeWhole(file, JSON.stringify({ ...atBoot, rebootNeeded: false }), { mode: 0o644 });
  return {
    async update() {
      const before = await read();
      const now = new Date();
      const patch = Math.max(2, now.getUTCFullYear() * 12 + now.getUTCMonth() - EPOCH_MONTH);
      const changes = PACKAGES.map(({ name, base, reboot }) => ({
        change: { name, from: before?.installed[name] ?? `${base}1`, to: `${base}${patch}` },
        reboot,
      })).filter(({ change }) => change.from !== change.to);
      const installed = Object.fromEntries(PACKAGES.map(({ name, base }) => [name, `${base}${patch}`]));
      const rebootNeeded = before?.rebootNeeded === true || changes.some((one) => one.reboot);
      await writeWhole(file, JSON.stringify({ installed, rebootNeeded }), { mode: 0o644 });
      return { changed: changes.map((one) => one.change), rebootNeeded };
    },
  };
}
