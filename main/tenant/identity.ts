import { createHash } from "node:crypto";
import type { EnvironmentKind } from "../../shared/tenant/model.ts";

/** Id of a tenant's environment: the same on every console that reads the same tenant. A UUID in form. */
export function environmentIdOf(tenantId: string, kind: EnvironmentKind): string {
  const hex = createHash("sha256").update(`${tenantId}/${kind}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
