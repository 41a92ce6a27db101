import { expect, test } from "vitest";
import { driftOf, type HostKeyLine, keyStanding, type RegisteredKey } from "../../../shared/access/model.ts";
import { DAY_MS } from "../../../shared/time.ts";

const NOW = new Date("2026-03-02T22:00:00Z");
const days = (count: number) => new Date(NOW.getTime() + count * DAY_MS);

const key: RegisteredKey = {
  id: "k-1",
  tenantId: "t-1",
  tenantSlug: "acme",
  environmentId: "e-1",
  kind: "production",
  owner: "Partner SA",
  approver: "Acme",
  purpose: "Support",
  publicKey: "ssh-ed25519 AAAA",
  fingerprint: "SHA256:one",
  expiresAt: days(30),
  grantedBy: "Ana",
  grantedAt: days(-1),
  revokedBy: null,
  revokedAt: null,
  revokeReason: null,
  installedAt: days(-1),
  removedAt: null,
};
const line = (id: string | null, fingerprint: string): HostKeyLine => ({ id, fingerprint, comment: "", until: null });
const there = [line("k-1", "SHA256:one")];

test.each<[string, Partial<RegisteredKey>, readonly HostKeyLine[] | undefined, string]>([
  ["on the host", {}, there, "active"],
  ["on the host, ends soon", { expiresAt: days(13) }, there, "expiring"],
  ["its date has passed", { expiresAt: NOW }, there, "expired"],
  ["granted, the host not read", { installedAt: null }, undefined, "pending"],
  ["granted, not there yet", { installedAt: null }, [], "pending"],
  ["was there, and is no more", {}, [], "missing"],
  ["was there, the host not read", {}, undefined, "unknown"],
  ["revoked, still there", { revokedAt: NOW }, there, "lingering"],
  ["revoked, there under another id", { revokedAt: NOW }, [line(null, "SHA256:one")], "lingering"],
  ["revoked and seen to be gone", { revokedAt: NOW, removedAt: NOW }, there, "removed"],
])("R102: a key that is %s", (_, change, lines, standing) => {
  expect(keyStanding({ ...key, ...change }, lines, NOW)).toBe(standing);
});

test("R102: what neither the register nor the console's own keys explain is drift", () => {
  const lines = [...there, line(null, "SHA256:own"), line(null, "SHA256:stranger"), line("k-9", "SHA256:nine")];
  expect(driftOf(lines, [key], new Set(["SHA256:own"])).map(({ fingerprint }) => fingerprint)).toEqual([
    "SHA256:stranger",
    "SHA256:nine",
  ]);
});
