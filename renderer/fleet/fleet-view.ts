import type { FleetRow } from "../../shared/fleet/model.ts";
import { ENVIRONMENT_KINDS, SERVICES } from "../../shared/tenant/model.ts";
import type { Item, Sort } from "../ui/DataTable.tsx";

export const FLEET_COLUMNS = [
  "customer",
  "service",
  "kind",
  "version",
  "region",
  "state",
  "health",
  "backup",
  "window",
  "owner",
] as const;
export type FleetColumn = (typeof FLEET_COLUMNS)[number];

export const GROUPS = ["none", "customer", "service", "region", "owner"] as const;
export type Group = (typeof GROUPS)[number];

export const FACETS = ["service", "region", "kind", "state", "health"] as const;
export type Facet = (typeof FACETS)[number];

/** How one looks at the fleet; what a saved view keeps. */
export interface FleetView {
  readonly text: string;
  /** Chosen values per facet; none chosen means all. */
  readonly facets: Readonly<Record<Facet, readonly string[]>>;
  readonly sort: Sort | null;
  readonly group: Group;
  readonly hidden: readonly string[];
}

export const EVERYTHING: FleetView = {
  text: "",
  facets: { service: [], region: [], kind: [], state: [], health: [] },
  sort: null,
  group: "none",
  hidden: [],
};

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];

/** Reads a kept or saved view; what is missing or strange in it takes its default, so that old views keep working. */
export function parseView(kept: unknown): FleetView {
  const raw = (typeof kept === "object" && kept !== null ? kept : {}) as Record<string, unknown>;
  const facets = (raw.facets ?? {}) as Record<string, unknown>;
  const sort = raw.sort as Partial<Sort> | null | undefined;
  return {
    text: typeof raw.text === "string" ? raw.text : "",
    facets: {
      service: strings(facets.service),
      region: strings(facets.region),
      kind: strings(facets.kind),
      state: strings(facets.state),
      health: strings(facets.health),
    },
    sort:
      sort && typeof sort.column === "string" ? { column: sort.column, descending: sort.descending === true } : null,
    group: GROUPS.find((group) => group === raw.group) ?? "none",
    hidden: strings(raw.hidden).filter((column) => column !== "customer"),
  };
}

/** Same letters whatever the accents and the case. */
export const fold = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** What the text filter looks through, folded once per row however often it is asked. */
const haystacks = new WeakMap<FleetRow, string>();
function haystack(row: FleetRow): string {
  let text = haystacks.get(row);
  if (text === undefined) {
    const parts = [row.customer, row.slug, row.service, row.edition, row.kind, row.region, row.version, row.owner];
    text = fold([...parts, row.url, row.instanceId, row.accountName].filter(Boolean).join("\n"));
    haystacks.set(row, text);
  }
  return text;
}

export function facetValue(row: FleetRow, facet: Facet): string {
  return facet === "health" ? row.health.state : row[facet];
}

function matches(row: FleetRow, words: readonly string[], view: FleetView): boolean {
  return (
    FACETS.every((facet) => {
      const chosen = view.facets[facet];
      return chosen.length === 0 || chosen.includes(facetValue(row, facet));
    }) && words.every((word) => haystack(row).includes(word))
  );
}

/** The rows that every word of the text and every facet lets through. */
export function filterFleet(rows: readonly FleetRow[], view: FleetView): FleetRow[] {
  const words = fold(view.text).split(/\s+/).filter(Boolean);
  return rows.filter((row) => matches(row, words, view));
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const HEALTH_ORDER = ["down", "degraded", "unknown", "up"];
const SUPPORT_ORDER = ["unsupported", "last", "supported", "current", "unknown"];

type Compare = (a: FleetRow, b: FleetRow) => number;

/** Dates that are not there come last whichever way one sorts up. */
const byDate =
  (read: (row: FleetRow) => Date | null): Compare =>
  (a, b) =>
    (read(a)?.getTime() ?? Infinity) - (read(b)?.getTime() ?? Infinity) || 0;

const COMPARE: Readonly<Record<FleetColumn, Compare>> = {
  customer: (a, b) => collator.compare(a.customer, b.customer),
  service: (a, b) => SERVICES.indexOf(a.service) - SERVICES.indexOf(b.service),
  kind: (a, b) => ENVIRONMENT_KINDS.indexOf(a.kind) - ENVIRONMENT_KINDS.indexOf(b.kind),
  version: (a, b) =>
    collator.compare(a.version ?? "", b.version ?? "") ||
    SUPPORT_ORDER.indexOf(a.versionSupport.state) - SUPPORT_ORDER.indexOf(b.versionSupport.state),
  region: (a, b) => collator.compare(a.region, b.region),
  state: (a, b) => collator.compare(a.state, b.state),
  health: (a, b) => HEALTH_ORDER.indexOf(a.health.state) - HEALTH_ORDER.indexOf(b.health.state),
  backup: byDate((row) => row.lastBackupAt),
  window: byDate((row) => row.nextWindowAt),
  owner: (a, b) => collator.compare(a.owner, b.owner),
};

const isColumn = (id: string): id is FleetColumn => (FLEET_COLUMNS as readonly string[]).includes(id);
const byDefault: Compare = (a, b) => COMPARE.customer(a, b) || COMPARE.kind(a, b) || collator.compare(a.id, b.id);

/** Sorted as asked; equals stay in the order of customer and environment. */
export function sortFleet(rows: readonly FleetRow[], sort: Sort | null): FleetRow[] {
  if (!sort || !isColumn(sort.column)) return rows.toSorted(byDefault);
  const compare = COMPARE[sort.column];
  const sign = sort.descending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(a, b) || byDefault(a, b));
}

/** Rows under the heading of their group, headings in alphabetical order. Folded groups keep only their heading. */
export function groupFleet(
  rows: readonly FleetRow[],
  group: Group,
  folded: ReadonlySet<string>,
  label: (value: string) => string,
): Item<FleetRow>[] {
  const asItem = (row: FleetRow): Item<FleetRow> => ({ type: "row", key: row.id, row });
  if (group === "none") return rows.map(asItem);
  const groups = new Map<string, FleetRow[]>();
  for (const row of rows) {
    const members = groups.get(row[group]);
    if (members) members.push(row);
    else groups.set(row[group], [row]);
  }
  return [...groups]
    .map(([value, members]) => ({ key: `${group}:${value}`, label: label(value), members }))
    .sort((a, b) => collator.compare(a.label, b.label))
    .flatMap(({ key, label: words, members }) => {
      const collapsed = folded.has(key);
      const heading: Item<FleetRow> = { type: "group", key, label: words, count: members.length, collapsed };
      return collapsed ? [heading] : [heading, ...members.map(asItem)];
    });
}

/** Values that a facet offers, with how many rows each would show beside the other facets' choices. */
export function facetCounts(rows: readonly FleetRow[], view: FleetView, facet: Facet): Map<string, number> {
  const others: FleetView = { ...view, facets: { ...view.facets, [facet]: [] } };
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(facetValue(row, facet), 0);
  for (const row of filterFleet(rows, others)) {
    const value = facetValue(row, facet);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => collator.compare(a, b)));
}

/** The next state of a column's heading: up, down, none. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}
