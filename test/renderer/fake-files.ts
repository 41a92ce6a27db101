import type { implement } from "@orpc/server";
import type { contract } from "../../shared/contract.ts";
import type { RemoteEntry } from "../../shared/terminal/files.ts";
import type { Environment, Tenant } from "../../shared/tenant/model.ts";

type Files = ReturnType<typeof implement<typeof contract>>["terminal"]["files"];

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
  return (os: Files) => ({
    open: os.open.handler(({ input }) => {
      const { tenant, environment } = where(input.environmentId);
      return {
        sessionId: "files-1",
        environmentId: environment.id,
        tenantId: tenant.id,
        tenantSlug: tenant.slug,
        customer: tenant.customer,
        kind: environment.kind,
        host: `ubuntu@${environment.sshAddress?.host}:22`,
        reason: input.reason,
        home: "/home/ubuntu",
      };
    }),
    sessions: os.sessions.handler(() => []),
    close: os.close.handler(() => ({ closed: true })),
    list: os.list.handler(({ input }) => ({ path: input.path, entries: [...entries] })),
    makeFolder: os.makeFolder.handler(({ input }) => ({ path: `${input.folder}/${input.name}`, made: true })),
    rename: os.rename.handler(({ input }) => ({ path: input.path })),
    remove: os.remove.handler(({ input }) => ({ removed: input.path })),
    upload: os.upload.handler(() => ({ transferId: "up-1", streamId: 1, offset: 0 })),
    download: os.download.handler(() => ({ transferId: "down-1", streamId: 2, size: 0, name: "dump.sql" })),
    cancel: os.cancel.handler(() => ({ cancelled: true })),
    acts: os.acts.handler(() => []),
  });
}
