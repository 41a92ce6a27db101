import { oc } from "@orpc/contract";
import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";

/** What a folder of a host holds. */
export const RemoteEntry = z.object({
  name: z.string(),
  kind: z.enum(["file", "folder", "link", "other"]),
  size: z.number(),
  /** POSIX permission bits, 0 to 0o7777. */
  mode: z.number().int(),
  modifiedAt: z.date(),
  /** "ubuntu ubuntu", where the host names them. */
  owner: z.string().nullable(),
});
export type RemoteEntry = z.infer<typeof RemoteEntry>;

/** An access session for files (R101). */
export const FileSession = z.object({
  sessionId: z.string(),
  environmentId: z.string(),
  tenantId: z.string(),
  tenantSlug: z.string(),
  customer: z.string(),
  kind: EnvironmentKind,
  /** "ubuntu@203.0.113.7:22" */
  host: z.string(),
  reason: z.string(),
  /** The folder that a log-in begins in. */
  home: z.string(),
});
export type FileSession = z.infer<typeof FileSession>;

/** What was done to files in a session. `interrupted` uploads leave a part behind, from which the next one goes on. */
export const FileAct = z.object({
  id: z.string(),
  sessionId: z.string(),
  act: z.enum(["upload", "download", "makeFolder", "rename", "remove"]),
  path: z.string(),
  target: z.string().nullable(),
  bytes: z.number().nullable(),
  sha256: z.string().nullable(),
  /** How the copy on the host was compared with the one here. */
  checked: z.enum(["sha256", "size"]).nullable(),
  state: z.enum(["running", "done", "failed", "cancelled", "interrupted"]),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  startedAt: z.date(),
  endedAt: z.date().nullable(),
});
export type FileAct = z.infer<typeof FileAct>;

/** What a transfer's stream tells beside its bytes, as JSON. */
export const TransferEvent = z.discriminatedUnion("type", [
  /** Bytes that the host has of an upload. */
  z.object({ type: z.literal("progress"), bytes: z.number() }),
  /** The host is away; the transfer goes on when it is back. */
  z.object({ type: z.literal("lost"), message: z.string() }),
  z.object({ type: z.literal("back") }),
  /** The part on the host is of another file; it was removed. Send the file again. */
  z.object({ type: z.literal("again") }),
  z.object({ type: z.literal("done"), sha256: z.string(), checked: z.enum(["sha256", "size"]), bytes: z.number() }),
  z.object({ type: z.literal("failed"), code: z.string(), message: z.string() }),
]);
export type TransferEvent = z.infer<typeof TransferEvent>;

const Path = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes("\0"), "a path holds no NUL");
/** One part of a path. */
export const FileName = z
  .string()
  .min(1)
  .max(255)
  .refine((name) => !/[/\0]/.test(name) && name !== "." && name !== "..", "a name is one part of a path");

const Session = z.object({ sessionId: z.string().min(1).max(100) });

export const filesContract = {
  /** Logs in for files, with a reason as for a terminal. Throws what opening a terminal throws. */
  open: oc
    .input(
      z.object({
        environmentId: z.string().min(1).max(100),
        reason: z.string().trim().min(3).max(500),
        contractReference: z.string().trim().max(200).optional(),
      }),
    )
    .output(FileSession),
  /** Sessions that are open now. */
  sessions: oc.output(z.array(FileSession)),
  /** Transfers under way are interrupted. Repeating is harmless. */
  close: oc.input(Session).output(z.object({ closed: z.boolean() })),
  list: oc.input(Session.extend({ path: Path })).output(z.object({ path: z.string(), entries: z.array(RemoteEntry) })),
  makeFolder: oc
    .input(Session.extend({ folder: Path, name: FileName }))
    .output(z.object({ path: z.string(), made: z.boolean() })),
  rename: oc.input(Session.extend({ path: Path, name: FileName })).output(z.object({ path: z.string() })),
  /** A file, a link or an empty folder. On production `confirm` is its name, typed. */
  remove: oc
    .input(Session.extend({ path: Path, confirm: z.string().max(255).optional() }))
    .output(z.object({ removed: z.string() })),
  /**
   * Takes a file in on stream `streamId`, from its first byte, as input of the binary channel; what the host already has
   * of it, from `offset` down, is compared and not carried again. It appears under its name when it is whole. Throws
   * Conflict with `details.exists` for a file that is there, unless it may be overwritten.
   */
  upload: oc
    .input(
      Session.extend({
        folder: Path,
        name: FileName,
        size: z.number().int().min(0),
        overwrite: z.boolean().default(false),
      }),
    )
    .output(z.object({ transferId: z.string(), streamId: z.number().int(), offset: z.number().int() })),
  /** Gives a file out on stream `streamId`: an act of its own, recorded (R104). */
  download: oc
    .input(Session.extend({ path: Path }))
    .output(z.object({ transferId: z.string(), streamId: z.number().int(), size: z.number(), name: z.string() })),
  /** Ends a transfer; an upload's part on the host is removed. */
  cancel: oc.input(z.object({ transferId: z.string().max(100) })).output(z.object({ cancelled: z.boolean() })),
  /** What was done to files in a session, newest first. */
  acts: oc.input(Session).output(z.array(FileAct)),
};
