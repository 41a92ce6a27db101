import { AppError } from "../../shared/errors.ts";
import { createFakeFiles } from "./fake-files.ts";
import type { HostKeyAlarm, HostKeyLook, HostKeyReport } from "../../shared/terminal/host-keys.ts";
import type { OpenTerminal, TerminalSession } from "../../shared/terminal/model.ts";
import type { Tenant } from "../../shared/tenant/model.ts";
import { MINUTE_MS } from "../../shared/time.ts";

/** Sessions in memory; nothing is behind their streams. */
export function createFakeTerminal(tenants: readonly Tenant[], now: Date, changed: () => void) {
  let last = 0;
  const where = (environmentId: string) => {
    const tenant = tenants.find(({ environments }) => environments.some(({ id }) => id === environmentId));
    const environment = tenant?.environments.find(({ id }) => id === environmentId);
    if (!tenant || !environment) throw new AppError("NotFound", "There is no such environment.", { retryable: false });
    return { tenant, environment };
  };
  const alarmed = new Set<string>();
  const alarmOf = (environmentId: string): HostKeyAlarm => {
    const { tenant, environment } = where(environmentId);
    return {
      ...{ environmentId, tenantId: tenant.id, tenantSlug: tenant.slug, customer: tenant.customer },
      kind: environment.kind,
      host: `ubuntu@${environment.sshAddress?.host}:22`,
      offered: [{ algorithm: "ssh-ed25519", fingerprint: `SHA256:${"b".repeat(43)}` }],
      ...{ firstAt: now, lastAt: now, times: 1 },
    };
  };
  const sessions: (TerminalSession & { readonly streamId: number })[] = [];

  function open(input: Pick<OpenTerminal, "environmentId" | "reason"> & { contractReference?: string | undefined }) {
    const { tenant, environment } = where(input.environmentId);
    const session: (typeof sessions)[number] = {
      id: `session-${++last}`,
      streamId: last,
      tenantId: tenant.id,
      tenantSlug: tenant.slug,
      customer: tenant.customer,
      environmentId: environment.id,
      kind: environment.kind,
      host: `ubuntu@${environment.sshAddress?.host}:22`,
      operator: "Camille",
      reason: input.reason,
      contractReference: input.contractReference ?? null,
      command: null,
      state: "open",
      startedAt: now,
      endedAt: null,
      bytesOut: 0,
      bytesIn: 0,
      exitCode: null,
      error: null,
      recording: null,
    };
    sessions.unshift(session);
    changed();
    return session;
  }

  function close(sessionId: string): TerminalSession {
    const at = sessions.findIndex(({ id }) => id === sessionId);
    const session = sessions[at];
    if (!session) throw new AppError("NotFound", "There is no such session.", { retryable: false });
    const endedAt = new Date(now.getTime() + 5 * MINUTE_MS);
    sessions[at] = { ...session, state: "ended", endedAt };
    changed();
    return sessions[at];
  }

  return {
    open,
    close,
    list: (): TerminalSession[] => sessions.filter(({ state }) => state !== "ended"),
    history: (): TerminalSession[] => sessions,
    /** From now on the host shows a key that is not pinned. */
    hostKeyAlarm: (environmentId: string) => void alarmed.add(environmentId),
    hostKeys(environmentId: string): HostKeyReport {
      const { tenant, environment } = where(environmentId);
      return {
        environmentId,
        tenantId: tenant.id,
        tenantSlug: tenant.slug,
        customer: tenant.customer,
        kind: environment.kind,
        host: `ubuntu@${environment.sshAddress?.host}:22`,
        pinned: [],
        past: [],
        alarm: alarmed.has(environmentId) ? alarmOf(environmentId) : null,
      };
    },
    hostKeyAlarms: () => [...alarmed].map(alarmOf),
    look: {
      at: now,
      shown: { keys: [], error: null },
      printed: { keys: [], error: null },
      verdict: null,
    } satisfies HostKeyLook,
    files: createFakeFiles(where),
    recording: `{"version":2,"width":80,"height":24}\n[0.1,"o","$ uptime\\r\\n"]\n`,
  };
}
