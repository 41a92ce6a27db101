import type { FileAct, FileSession, RemoteEntry } from "../../shared/terminal/files.ts";
import type { Environment, Tenant } from "../../shared/tenant/model.ts";

const at = new Date("2026-03-02T08:00:00Z");
const entry = (name: string, kind: RemoteEntry["kind"], size: number): RemoteEntry => ({
  name,
  kind,
  size,
  mode: kind === "folder" ? 0o755 : 0o644,
  modifiedAt: at,
  owner: "ubuntu ubuntu",
});

/** A host with a few files; nothing is behind its transfers. */
export function createFakeFiles(where: (environmentId: string) => { tenant: Tenant; environment: Environment }) {
  const entries = [entry("backup", "folder", 4096), entry(".profile", "file", 807), entry("dump.sql", "file", 123_456)];
  const sessions: FileSession[] = [];
  return {
    open(input: { readonly environmentId: string; readonly reason: string }): FileSession {
      const { tenant, environment } = where(input.environmentId);
      const session: FileSession = {
        sessionId: `files-${sessions.length + 1}`,
        environmentId: environment.id,
        tenantId: tenant.id,
        tenantSlug: tenant.slug,
        customer: tenant.customer,
        kind: environment.kind,
        host: `ubuntu@${environment.sshAddress?.host}:22`,
        reason: input.reason,
        home: "/home/ubuntu",
      };
      sessions.push(session);
      return session;
    },
    sessions: () => sessions,
    close: ({ sessionId }: { readonly sessionId: string }) => {
      const at = sessions.findIndex((one) => one.sessionId === sessionId);
      if (at >= 0) sessions.splice(at, 1);
      return { closed: at >= 0 };
    },
    list: ({ path }: { readonly path: string }) => ({ path, entries: [...entries] }),
    acts: (): FileAct[] => [],
  };
}
