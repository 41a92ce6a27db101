import { randomUUID } from "node:crypto";
import { implement } from "@orpc/server";
import { AppError } from "../../shared/errors.ts";
import { terminalContract } from "../../shared/terminal/contract.ts";
import type { TerminalSession } from "../../shared/terminal/model.ts";
import type { Place, TerminalPorts } from "./ports.ts";
import { fileDesk } from "./file-desk.ts";
import { fileStore } from "./file-store.ts";
import { hostKeyStore } from "./host-key-store.ts";
import { hostKeyBook } from "./host-keys.ts";
import { readRecording } from "./recording.ts";
import { type LiveSession, nameOf, openSession } from "./session.ts";
import { sessionStore, type StoredSession } from "./store.ts";

export type { Place, TerminalPorts } from "./ports.ts";
export { hashOfRecording, recordingFile } from "./recording.ts";

const MOST_SESSIONS = 64;

/** Log-ins to environments: opened, recorded and ended here, shown elsewhere. */
export function terminalArea(ports: TerminalPorts) {
  const store = sessionStore(ports.pool);
  const os = implement(terminalContract);
  const live = new Map<string, LiveSession>();
  let opening = 0;
  const files = fileDesk(ports, store, fileStore(ports.pool), async (environmentId) => {
    const place = await placeOf(environmentId);
    refuse(place);
    return place;
  });
  const hostKeys = hostKeyBook(ports, hostKeyStore(ports.pool), placeOf);

  async function placeOf(environmentId: string): Promise<Place> {
    const place = await ports.place(environmentId);
    if (place) return place;
    throw new AppError("NotFound", `There is no environment ${environmentId}.`, {
      retryable: false,
      next: "Look at the fleet; reading AWS again may show it.",
    });
  }

  async function stored(sessionId: string): Promise<StoredSession> {
    const session = await store.session(sessionId);
    if (session) return session;
    throw new AppError("NotFound", `There is no terminal session ${sessionId}.`, {
      retryable: false,
      next: "Look at the history of sessions.",
    });
  }

  /** Rows of sessions that are open show what is known now; one without an end runs on another console of the team. */
  const viewed = (session: StoredSession): TerminalSession =>
    live.get(session.id)?.view() ?? { ...session, streamId: null, state: session.endedAt ? "ended" : "open" };

  /** Of one tenant, or of all; newest first. */
  const history = async (tenant: string | undefined, limit: number): Promise<TerminalSession[]> =>
    (await store.newest(tenant, limit)).map(viewed);

  const router = {
    open: os.open.handler(async ({ input }) => {
      const place = await placeOf(input.environmentId);
      refuse(place);
      if (live.size + opening >= MOST_SESSIONS) {
        throw new AppError("Conflict", `${MOST_SESSIONS} terminal sessions are open already. Nothing was opened.`, {
          retryable: true,
          tenant: place.tenantSlug,
          next: "Close some of them.",
        });
      }
      const id = randomUUID();
      opening++;
      try {
        const session = await openSession(ports, store, place, id, input, () => {
          live.delete(id);
          ports.changed();
        });
        const view = session.view();
        if (view.state !== "ended") live.set(id, session);
        return view;
      } finally {
        opening--;
      }
    }),

    resize: os.resize.handler(({ input }) => {
      const session = live.get(input.sessionId);
      session?.resize(input.columns, input.rows);
      return { resized: session !== undefined };
    }),

    close: os.close.handler(async ({ input }) => {
      await live.get(input.sessionId)?.close();
      return viewed(await stored(input.sessionId));
    }),

    list: os.list.handler(() => [...live.values()].map((session) => session.view())),

    history: os.history.handler(({ input }) => history(input.tenant, input.limit)),

    recording: os.recording.handler(async ({ input }) => {
      await stored(input.sessionId);
      return readRecording(ports.recordings, input.sessionId, input.from);
    }),

    hostKeys: os.hostKeys.handler(({ input }) => hostKeys.report(input.environmentId)),
    hostKeyAlarms: os.hostKeyAlarms.handler(() => hostKeys.openAlarms()),
    lookAtHostKeys: os.lookAtHostKeys.handler(({ input }) => hostKeys.look(input.environmentId)),
    repinHostKey: os.repinHostKey.handler(({ input }) => hostKeys.repinByOperator(input)),

    files: {
      open: os.files.open.handler(({ input }) => files.open(input)),
      sessions: os.files.sessions.handler(() => files.sessions()),
      close: os.files.close.handler(({ input }) => files.close(input.sessionId)),
      list: os.files.list.handler(({ input }) => files.list(input.sessionId, input.path)),
      makeFolder: os.files.makeFolder.handler(({ input }) => files.makeFolder(input)),
      rename: os.files.rename.handler(({ input }) => files.rename(input)),
      remove: os.files.remove.handler(({ input }) => files.remove(input)),
      upload: os.files.upload.handler(({ input }) => files.upload(input)),
      download: os.files.download.handler(({ input }) => files.download(input)),
      cancel: os.files.cancel.handler(({ input }) => files.cancel(input.transferId)),
      acts: os.files.acts.handler(({ input }) => files.acts(input.sessionId)),
    },
  };

  return {
    router,
    history,
    hostKeys,
    /** Settles what a killed console left behind. */
    async start(): Promise<void> {
      await files.closeLeftOver();
      await store.closeLeftOver(ports.machine, ports.now());
    },
    /** Hangs up everywhere. Never rejects. */
    async stop(): Promise<void> {
      await Promise.allSettled([files.stop(), ...[...live.values()].map((session) => session.close())]);
    },
  };
}

function refuse(place: Place): void {
  const name = nameOf(place);
  if (place.user === "root") {
    throw new AppError("RefusedByRule", `R5: log-in as root on ${name} is not allowed. Nothing was sent.`, {
      retryable: false,
      rule: "R5",
      tenant: place.tenantSlug,
      next: "Give the host a user that is not root, and name it in its tags.",
    });
  }
  if (!place.address) {
    throw new AppError("HostUnreachable", `${name} has no address now. Nothing was sent.`, {
      retryable: true,
      tenant: place.tenantSlug,
      next: "Look at the state of its machine; start it, or wait until it has started.",
    });
  }
  if (!place.hostKey) {
    throw new AppError("HostKeyChanged", `No host key of ${name} is pinned, so nobody can say who answers there.`, {
      retryable: false,
      tenant: place.tenantSlug,
      next: "Let a provisioning or rebuild job pin it; a key is never accepted at first sight.",
    });
  }
}
