import type { EnvironmentKind } from "../tenant/model.ts";
import type { PolicyProfile } from "./profile.ts";
import { allow, refuse, type Verdict } from "./verdict.ts";

/** Resources of one environment. */
export interface Size {
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
}

const FACES = [
  { key: "vcpus", name: "vCPU", show: (value: number) => `${value} vCPU` },
  { key: "memoryMiB", name: "memory", show: (value: number) => `${value / 1024} GiB memory` },
  { key: "diskGiB", name: "disk", show: (value: number) => `${value} GiB disk` },
] as const;

/**
 * Says whether a test environment is small enough beside its production (R8).
 *
 * vCPU, memory and disk each; exactly the limit is allowed. Overridable with a reason, since the text says "by
 * default". A profile without a limit allows every size.
 */
export function checkTestSize(profile: PolicyProfile, kind: EnvironmentKind, production: Size, test: Size): Verdict {
  const environment = profile.environments.find((one) => one.kind === kind);
  const percent = environment?.maximumPercentOfProduction;
  const clause = environment ?? { rule: "R8", source: "OB:44" };
  if (percent === undefined)
    return allow(clause, `${profile.name} limits the size of no ${kind} environment.`, {
      facts: { case: "size.unlimited", service: profile.name, kind },
    });

  const above = FACES.filter(({ key }) => test[key] * 100 > production[key] * percent);
  const facts = {
    case: above.length === 0 ? "size.within" : "size.above",
    kind,
    limitPercent: percent,
    vcpus: test.vcpus,
    maximumVcpus: (production.vcpus * percent) / 100,
    memoryMiB: test.memoryMiB,
    maximumMemoryMiB: (production.memoryMiB * percent) / 100,
    diskGiB: test.diskGiB,
    maximumDiskGiB: (production.diskGiB * percent) / 100,
  };
  if (above.length === 0)
    return allow(clause, `The ${kind} environment is within ${percent} % of production in vCPU, memory and disk.`, {
      facts,
    });
  const figures = above.map(
    ({ key, show }) => `${show(test[key])} of at most ${show((production[key] * percent) / 100)}`,
  );
  return refuse(clause, `The ${kind} environment is above ${percent} % of production: ${figures.join(", ")}.`, {
    facts,
    overridable: true,
    note: environment?.note,
  });
}

/**
 * Says whether the number of environments of each kind fits the profile: one verdict for production (R1) and one for
 * each other kind asked for (R8, R27, R28).
 */
export function checkEnvironmentKinds(profile: PolicyProfile, kinds: readonly EnvironmentKind[]): Verdict[] {
  const verdicts: Verdict[] = [];
  for (const kind of new Set<EnvironmentKind>(["production", ...kinds])) {
    const asked = kinds.filter((one) => one === kind).length;
    const entry = profile.environments.find((one) => one.kind === kind);
    if (!entry) {
      const clause = kind === "test" ? { rule: "R27", source: "AC:39" } : { rule: "R8", source: "OB:44" };
      const why = kind === "test" ? "test tenants live inside production" : "its contract names no such environment";
      verdicts.push(
        refuse(clause, `${profile.name} has no ${kind} environment: ${why}.`, {
          overridable: true,
          facts: { case: kind === "test" ? "kinds.testInside" : "kinds.unnamed", service: profile.name, kind },
        }),
      );
    } else if (asked < entry.minimum) {
      verdicts.push(
        refuse(entry, `A tenant has exactly one ${kind} environment; none is asked for.`, {
          facts: { case: "kinds.missing", kind },
        }),
      );
    } else if (entry.maximum !== undefined && asked > entry.maximum) {
      verdicts.push(
        refuse(entry, `A tenant has at most ${entry.maximum} ${kind} environment; ${asked} are asked for.`, {
          overridable: kind !== "production",
          note: entry.note,
          facts: { case: "kinds.tooMany", kind, asked, maximum: entry.maximum },
        }),
      );
    } else {
      verdicts.push(
        allow(entry, `${asked} ${kind} environment as the contract provides.`, {
          facts: { case: "kinds.provided", kind, asked },
        }),
      );
    }
  }
  return verdicts;
}

/** Says whether an environment may be resized with its use: production only (R2); a tier at any time (R25). */
export function checkResize(profile: PolicyProfile, kind: EnvironmentKind): Verdict {
  const clause =
    profile.service === "openbravo" ? { rule: "R2", source: "OB:36" } : { rule: "R25", source: "AC:26,27" };
  const scalable = profile.environments.find((one) => one.kind === kind)?.scalable ?? false;
  if (scalable)
    return allow(clause, `The ${kind} environment may be scaled with its use.`, {
      facts: { case: "resize.allowed", kind },
    });
  return refuse(clause, `Only production is scaled with its use, not the ${kind} environment.`, {
    overridable: true,
    facts: { case: "resize.productionOnly", kind },
  });
}
