import { SERVICES, type Service } from "../../shared/tenant/model.ts";
import type { Item } from "../ui/DataTable.tsx";

const fold = (text: string) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Rows that hold every word of the filter in one of their texts, whatever its accents. */
export function matching<Row>(rows: readonly Row[], filter: string, textsOf: (row: Row) => readonly string[]): Row[] {
  const words = fold(filter).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...rows];
  return rows.filter((row) => {
    const text = fold(textsOf(row).join(" "));
    return words.every((word) => text.includes(word));
  });
}

/** Rows in their order under one heading per service; folded groups keep their heading. */
export function byService<Row extends { readonly service: Service }>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
  labelOf: (service: Service) => string,
  folded: ReadonlySet<string>,
): Item<Row>[] {
  return SERVICES.flatMap((service): Item<Row>[] => {
    const own = rows.filter((row) => row.service === service);
    if (own.length === 0) return [];
    const collapsed = folded.has(service);
    const heading: Item<Row> = { type: "group", key: service, label: labelOf(service), count: own.length, collapsed };
    return collapsed ? [heading] : [heading, ...own.map((row): Item<Row> => ({ type: "row", key: keyOf(row), row }))];
  });
}
