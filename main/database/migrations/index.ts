import { sql as first } from "./0001-first.ts";
import { sql as calendar } from "./0002-calendar.ts";
import { sql as terminal } from "./0003-terminal.ts";
import { sql as terms } from "./0004-terms.ts";
import { sql as decisions } from "./0005-decisions.ts";
import { sql as accessPaths } from "./0006-access-paths.ts";
import { sql as metrics } from "./0007-metrics.ts";
import { sql as snapshot } from "./0008-snapshot.ts";
import { sql as restore } from "./0009-restore.ts";
import { sql as access } from "./0010-access.ts";
import { sql as maintenance } from "./0011-maintenance.ts";
import { sql as notices } from "./0012-notices.ts";
import { sql as policyProfiles } from "./0013-policy-profiles.ts";

/** One step of the schema. Applied ones are never changed or renamed, only followed by new ones. */
export interface Migration {
  /** Four digits and what it brings: "0001-first". Applied in this order. */
  readonly name: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { name: "0001-first", sql: first },
  { name: "0002-calendar", sql: calendar },
  { name: "0003-terminal", sql: terminal },
  { name: "0004-terms", sql: terms },
  { name: "0005-decisions", sql: decisions },
  { name: "0006-access-paths", sql: accessPaths },
  { name: "0007-metrics", sql: metrics },
  { name: "0008-snapshot", sql: snapshot },
  { name: "0009-restore", sql: restore },
  { name: "0010-access", sql: access },
  { name: "0011-maintenance", sql: maintenance },
  { name: "0012-notices", sql: notices },
  { name: "0013-policy-profiles", sql: policyProfiles },
];
