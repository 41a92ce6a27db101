import { expect, test } from "vitest";
import { isExportedCopyOf } from "../../../shared/snapshot/archive.ts";
import type { Snapshot } from "../../../shared/snapshot/model.ts";

const at = (text: string) => new Date(text);
const NOW = at("2026-03-10T00:00:00Z");
const SNAPSHOT = {
  ...{ id: "one", kind: "ebs", state: "completed", environmentId: "env-1", systemIdentifier: "77", file: null },
  takenAt: at("2026-03-05T00:00:00Z"),
} as Snapshot;
const FILE = { bucket: "b", key: "k", bytes: 1, sha256: "", origin: "export" as const };
const ARCHIVE: Snapshot = {
  ...{ ...SNAPSHOT, id: "two", kind: "archive" as const, takenAt: at("2026-03-06T00:00:00Z") },
  file: { ...FILE, expiresAt: at("2026-03-13T00:00:00Z") },
};

test.each([
  ["of the same data, later", {}, true],
  ["that is kept without an end", { file: { ...FILE, expiresAt: null } }, true],
  ["that ended", { file: { ...FILE, expiresAt: at("2026-03-09T00:00:00Z") } }, false],
  ["that is missing", { state: "missing" }, false],
  ["of an earlier instant", { takenAt: at("2026-03-04T00:00:00Z") }, false],
  ["of another environment", { environmentId: "env-2" }, false],
  ["of another database", { systemIdentifier: "78" }, false],
  ["of a database that nobody knows", { systemIdentifier: null }, false],
] as const)("R73: an archive %s", (_, change, isCopy) => {
  expect(isExportedCopyOf({ ...ARCHIVE, ...change }, SNAPSHOT, NOW)).toBe(isCopy);
});
