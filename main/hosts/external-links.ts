import type { FleetRow } from "../../shared/fleet/model.ts";

/** Pages about the project itself that the window links to. */
const OWN_PAGES: readonly string[] = [];

/**
 * Whether an address that the window wants to open may go to the operator's browser: HTTPS without credentials in it,
 * at the very origin of an environment that the fleet shows. Everything else stays closed, whatever the page says.
 */
export function mayOpenOutside(address: string, rows: readonly Pick<FleetRow, "url" | "reachedAt">[]): boolean {
  const url = parse(address);
  if (!url || url.protocol !== "https:" || url.username !== "" || url.password !== "" || address.length > 2_000) {
    return false;
  }
  const known = rows.flatMap((row) => [row.url, row.reachedAt ?? ""]).concat(OWN_PAGES);
  return known.some((one) => parse(one)?.origin === url.origin);
}

function parse(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}
