import { expect, test } from "vitest";
import {
  EVERYTHING,
  facetCounts,
  type FleetView,
  filterFleet,
  groupFleet,
  nextSort,
  parseView,
  sortFleet,
} from "../../../renderer/fleet/fleet-view.ts";
import { demoTenants, rowsOf } from "../demo-fleet.ts";

const rows = rowsOf(demoTenants(12, new Date("2026-03-01T10:00:00Z")));
const view = (part: Partial<FleetView>): FleetView => ({ ...EVERYTHING, ...part });
const customers = (text: string) => [...new Set(filterFleet(rows, view({ text })).map((row) => row.customer))];

test.each([
  ["part of a name", "blue", ["Bluefin Retail"]],
  ["without its accents", "erable", ["Érable & Fils"]],
  ["several words, in any order", "paris atelier", []],
  ["several words over several columns", "atelier commerce", ["Café Éclair", "Lisière Mode"]],
  ["an instance id", rows[0]!.instanceId!, ["Albatros Voyages"]],
  ["nothing that exists", "zzz", []],
])("the text filter finds %s", (_, text, expected) => {
  expect(customers(text)).toEqual(expected);
});

test("facets let through what was chosen in each, and no choice is every choice", () => {
  const facets = { ...EVERYTHING.facets, region: ["ca-central-1"], kind: ["production"] };
  expect(filterFleet(rows, view({ facets })).map((row) => row.customer)).toEqual(["Érable & Fils", "Gale & Sons"]);
  expect(filterFleet(rows, EVERYTHING)).toHaveLength(24);
});

test("a facet counts what each of its values would show beside the other choices", () => {
  const facets = { ...EVERYTHING.facets, region: ["ca-central-1"], service: ["openbravo"] };
  expect([...facetCounts(rows, view({ facets }), "service")]).toEqual([
    ["acumatica", 4],
    ["openbravo", 0],
  ]);
});

test("unsorted is by customer with production first", () => {
  const sorted = sortFleet([...rows].reverse(), null);
  expect(sorted.slice(0, 2).map((row) => [row.customer, row.kind])).toEqual([
    ["Albatros Voyages", "production"],
    ["Albatros Voyages", "test"],
  ]);
});

test("by health the worst comes first, and equals keep their order", () => {
  const sorted = sortFleet(rows, { column: "health", descending: false });
  expect(sorted[0]?.health.state).toBe("down");
  expect(sorted.at(-1)?.health.state).toBe("up");
});

test("missing backups come after the present ones", () => {
  const sorted = sortFleet(rows, { column: "backup", descending: false });
  const firstMissing = sorted.findIndex((row) => row.lastBackupAt === null);
  expect(sorted.slice(firstMissing).every((row) => row.lastBackupAt === null)).toBe(true);
});

test("groups carry their number of rows, and a folded group hides them", () => {
  const items = groupFleet(rows, "region", new Set(["region:eu-west-1"]), (value) => value);
  const headings = items.filter((item) => item.type === "group");
  expect(headings.map(({ label, count, collapsed }) => [label, count, collapsed])).toEqual([
    ["ca-central-1", 4, false],
    ["eu-west-1", 10, true],
    ["us-east-1", 10, false],
  ]);
  expect(items).toHaveLength(3 + 14);
});

test("a heading sorts up, then down, then not at all", () => {
  const up = nextSort(null, "region");
  const down = nextSort(up, "region");
  expect([up, down, nextSort(down, "region")]).toEqual([
    { column: "region", descending: false },
    { column: "region", descending: true },
    null,
  ]);
});

test.each([
  ["null", null],
  ["a number", 7],
  ["strange facets", { facets: { service: [1, "openbravo"], region: "x" } }],
  ["hidden customers", { hidden: ["customer", "owner"] }],
])("a kept view that is %s is read as far as it makes sense", (_, kept) => {
  const read = parseView(kept);
  expect(read.text).toBe("");
  expect(read.facets.service.every((value) => typeof value === "string")).toBe(true);
  expect(read.hidden).not.toContain("customer");
});

test("a saved view comes back as it was", () => {
  const saved = view({ text: "x", group: "owner", sort: { column: "region", descending: true }, hidden: ["owner"] });
  expect(parseView(JSON.parse(JSON.stringify(saved)))).toEqual(saved);
});
