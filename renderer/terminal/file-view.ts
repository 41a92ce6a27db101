import type { RemoteEntry } from "../../shared/terminal/files.ts";
import type { Sort } from "../ui/DataTable.tsx";

/** "rwxr-x---" */
export function modeWords(mode: number): string {
  const three = (bits: number) => `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${bits & 1 ? "x" : "-"}`;
  return three(mode >> 6) + three(mode >> 3) + three(mode);
}

const COMPARE: Readonly<Record<string, (one: RemoteEntry, other: RemoteEntry) => number>> = {
  name: (one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }),
  size: (one, other) => one.size - other.size,
  modified: (one, other) => one.modifiedAt.getTime() - other.modifiedAt.getTime(),
};

/** Folders first, then by the column; hidden ones on request. */
export function arranged(entries: readonly RemoteEntry[], sort: Sort, hidden: boolean): RemoteEntry[] {
  const compare = COMPARE[sort.column] ?? COMPARE["name"]!;
  const turn = sort.descending ? -1 : 1;
  return entries
    .filter(({ name }) => hidden || !name.startsWith("."))
    .toSorted(
      (one, other) =>
        Number(other.kind === "folder") - Number(one.kind === "folder") ||
        turn * compare(one, other) ||
        one.name.localeCompare(other.name),
    );
}

export const join = (folder: string, name: string): string =>
  folder.endsWith("/") ? folder + name : `${folder}/${name}`;

/** The folders above and the folder itself, with their names: "/", "etc", "nginx"; below the home folder "/", "~", "sub". */
export function crumbs(path: string, home: string): { readonly name: string; readonly path: string }[] {
  const below = (start: string) => {
    const names = path.slice(start.length).split("/").filter(Boolean);
    return names.map((name, at) => ({ name, path: join(start, names.slice(0, at + 1).join("/")) }));
  };
  const root = { name: "/", path: "/" };
  const atHome = home !== "/" && (path === home || path.startsWith(`${home}/`));
  return atHome ? [root, { name: "~", path: home }, ...below(home)] : [root, ...below("/")];
}
