import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore, type Row } from "../../../../main/lab/state.ts";

interface Thing extends Row {
  readonly size: number;
}
type Things = { readonly things: Thing };

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fleetwright-state-"));
  file = join(folder, "state.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const thing = (id: string, size: number, region = "here"): Thing => ({ id, region, size });

test("what is committed is there after a crash, what is not is not", () => {
  const store = openStore<Things>(file);
  store.change((rows) => {
    rows.put("things", thing("a", 1));
    rows.put("things", thing("b", 2, "there"));
  });
  const open = store.begin();
  open.put("things", thing("c", 3));
  expect([open.get("things", "c")?.size, store.get("things", "c")]).toEqual([3, undefined]);
  expect(() =>
    store.change((rows) => {
      rows.delete("things", "a");
      throw new Error("refused");
    }),
  ).toThrow("refused");
  // No close: the process is gone.
  const again = openStore<Things>(file);
  expect(again.all("things")).toEqual([thing("a", 1), thing("b", 2, "there")]);
  expect(again.all("things", "there")).toEqual([thing("b", 2, "there")]);
  again.close();
  store.close();
});

test("a torn last line is dropped, a damaged line before it is refused and kept", () => {
  const store = openStore<Things>(file);
  store.change((rows) => rows.put("things", thing("a", 1)));
  store.close();
  appendFileSync(file, '[["things","b",{"id":"b"');
  const again = openStore<Things>(file);
  expect(again.all("things")).toEqual([thing("a", 1)]);
  again.close();
  const damaged = `not json\n${readFileSync(file, "utf8")}`;
  writeFileSync(file, damaged);
  expect(() => openStore<Things>(file)).toThrow(expect.objectContaining({ code: "LabUnavailable" }));
  expect(readFileSync(file, "utf8")).toBe(damaged);
});

test("the journal is rewritten when it has grown, and nothing is lost", () => {
  const store = openStore<Things>(file);
  const long = "x".repeat(2_000);
  for (let size = 0; size < 5_000; size += 1)
    store.change((rows) => rows.put("things", { ...thing("a", size), id: "a", region: long }));
  expect(statSync(file).size).toBeLessThan(5 * 1024 * 1024);
  store.close();
  const again = openStore<Things>(file);
  expect(again.get("things", "a")?.size).toBe(4_999);
  again.close();
});

test("a reader of the past sees rows as they were, the deleted ones too", () => {
  let now = 1_000;
  const store = openStore<Things>(file, () => now);
  store.change((rows) => {
    rows.put("things", thing("kept", 1));
    rows.put("things", thing("gone", 1));
  });
  now = 2_000;
  store.change((rows) => {
    rows.put("things", thing("kept", 2));
    rows.put("things", thing("new", 2));
    rows.delete("things", "gone");
  });
  const past = store.asOf(1_500);
  expect(past.get("things", "kept")?.size).toBe(1);
  expect(past.get("things", "new")).toBeUndefined();
  expect(past.all("things").map((one) => one.id)).toEqual(["kept", "gone"]);
  expect(
    store
      .asOf(2_000)
      .all("things")
      .map((one) => one.id),
  ).toEqual(["kept", "new"]);
  store.close();
});

test("a transaction sees its own changes in lists", () => {
  const store = openStore<Things>(file);
  store.change((rows) => rows.put("things", thing("a", 1)));
  const open = store.begin();
  open.put("things", thing("b", 2));
  open.delete("things", "a");
  expect(open.all("things").map((one) => one.id)).toEqual(["b"]);
  expect([open.changed("things", "a"), open.changed("things", "z")]).toEqual([true, false]);
  store.close();
});
