import type { EnvironmentKind } from "../../shared/tenant/model.ts";
import { stableId } from "../jobs/index.ts";

/** Id of a tenant's environment: the same on every console that reads the same tenant. A UUID in form. */
export const environmentIdOf = (tenantId: string, kind: EnvironmentKind): string => stableId(`${tenantId}/${kind}`);
