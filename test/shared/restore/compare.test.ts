import { expect, test } from "vitest";
import { checksOf, type Comparable, compared, lossesOf, lostRows } from "../../../shared/restore/compare.ts";

const at = (text: string) => new Date(text);
const manifest: Comparable = {
  tenantId: "acme",
  version: "26Q2",
  systemIdentifier: "77",
  relations: [
    { name: "orders", rows: 120 },
    { name: "partners", rows: 7 },
  ],
  newestTransactionAt: at("2026-03-02T10:00:00Z"),
};
const rest = { isAtRest: true, version: "26Q2" };
const failed = (found: Comparable | null, options = rest) =>
  checksOf(manifest, found, options)
    .filter(({ ok }) => ok === false)
    .map(({ name }) => name);

test("a copy that shows what its manifest promised passes every check", () => {
  expect(checksOf(manifest, manifest, rest).map(({ name, ok }) => [name, ok])).toEqual([
    ["starts", true],
    ["version", true],
    ["tenant id", true],
    ["system identifier", true],
    ["rows of orders", true],
    ["rows of partners", true],
    ["newest transaction", true],
  ]);
});

test.each<[string, Partial<Comparable>, string[]]>([
  ["another version", { version: "26Q1" }, ["version"]],
  ["another tenant", { tenantId: "bolt" }, ["tenant id"]],
  ["another database", { systemIdentifier: "78" }, ["system identifier"]],
  [
    "an order less",
    {
      relations: [
        { name: "orders", rows: 119 },
        { name: "partners", rows: 7 },
      ],
    },
    ["rows of orders"],
  ],
  [
    "an order more than at rest",
    {
      relations: [
        { name: "orders", rows: 121 },
        { name: "partners", rows: 7 },
      ],
    },
    ["rows of orders"],
  ],
  ["a relation that is gone", { relations: [{ name: "orders", rows: 120 }] }, ["rows of partners"]],
  ["an older newest record", { newestTransactionAt: at("2026-03-02T09:59:59Z") }, ["newest transaction"]],
  ["no record at all", { newestTransactionAt: null }, ["newest transaction"]],
])("%s fails its check and no other", (_, change, names) => {
  expect(failed({ ...manifest, ...change })).toEqual(names);
});

test("a copy that does not start fails as that, with nothing else claimed", () => {
  expect(checksOf(manifest, null, rest)).toEqual([{ name: "starts", expected: "ready", found: null, ok: false }]);
});

test("a copy taken while the tenant worked may hold more than was counted, never less", () => {
  const moving = { ...rest, isAtRest: false };
  const more = {
    ...manifest,
    relations: [
      { name: "orders", rows: 121 },
      { name: "partners", rows: 7 },
    ],
  };
  expect(failed(more, moving)).toEqual([]);
  const less = {
    ...manifest,
    relations: [
      { name: "orders", rows: 119 },
      { name: "partners", rows: 7 },
    ],
  };
  expect(failed(less, moving)).toEqual(["rows of orders"]);
});

test("what is lost is what the target has and the copy has not", () => {
  const now = {
    ...manifest,
    relations: [
      { name: "orders", rows: 150 },
      { name: "partners", rows: 5 },
    ],
  };
  const losses = lossesOf(now, manifest);
  expect(lostRows(losses, "orders")).toBe(30);
  expect(lostRows(losses)).toBe(30);
});

test("of a copy that nobody counted it is not said how much is lost", () => {
  expect(lostRows(lossesOf(manifest, null))).toBeNull();
});

test("three columns, each relation once, with gaps where a side does not know it", () => {
  expect(
    compared(
      [{ name: "orders", rows: 3 }],
      [
        { name: "orders", rows: 2 },
        { name: "bills", rows: 1 },
      ],
      null,
    ),
  ).toEqual([
    { name: "bills", target: null, source: 1, restored: null },
    { name: "orders", target: 3, source: 2, restored: null },
  ]);
});
