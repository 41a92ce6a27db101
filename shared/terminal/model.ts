import { z } from "zod";
import { EnvironmentKind } from "../tenant/model.ts";

export const TerminalState = z.enum(["connecting", "open", "reconnecting", "ended"]);
export type TerminalState = z.infer<typeof TerminalState>;

/** One access of an operator to one environment (R101), from its opening to its end and after. */
export const TerminalSession = z.object({
  id: z.string(),
  /** Stream of the binary channel while it is open. */
  streamId: z.number().int().nullable(),
  tenantId: z.string(),
  tenantSlug: z.string(),
  customer: z.string(),
  environmentId: z.string(),
  kind: EnvironmentKind,
  /** "ubuntu@203.0.113.7:22" */
  host: z.string(),
  operator: z.string(),
  reason: z.string(),
  contractReference: z.string().nullable(),
  /** What was logged in for; absent, a terminal. */
  purpose: z.enum(["terminal", "files"]).optional(),
  /** Null for a shell. */
  command: z.string().nullable(),
  state: TerminalState,
  startedAt: z.date(),
  endedAt: z.date().nullable(),
  bytesOut: z.number().int(),
  bytesIn: z.number().int(),
  exitCode: z.number().int().nullable(),
  /** Why it ended, when not by the operator. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  /** The asciicast v2 file; null until it is whole, or when it could not be written. */
  recording: z.object({ sha256: z.string(), bytes: z.number().int(), complete: z.boolean() }).nullable(),
});
export type TerminalSession = z.infer<typeof TerminalSession>;

export const ScreenSize = z.object({
  columns: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(1000),
});
export type ScreenSize = z.infer<typeof ScreenSize>;

export const OpenTerminal = ScreenSize.extend({
  environmentId: z.string().min(1).max(100),
  /** Why somebody logs in (R101). */
  reason: z.string().trim().min(3).max(500),
  /** Ticket, contract or approval that it is done under. */
  contractReference: z.string().trim().max(200).optional(),
  /** Words of one command instead of a shell. */
  command: z.array(z.string().max(100_000)).min(1).max(1000).optional(),
  /** Without a terminal, output and errors stay apart and bytes unchanged. */
  terminal: z.boolean().default(true),
  /** How long it stays open without a window that looks at it. */
  holdSeconds: z.number().int().min(0).max(3600).default(600),
});
export type OpenTerminal = z.infer<typeof OpenTerminal>;

/** What the stream tells between its bytes, as JSON. */
export const TerminalEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("lost"), at: z.coerce.date(), message: z.string() }),
  /** A new shell on the same host: output between the two instants is lost. */
  z.object({ type: z.literal("back"), lostAt: z.coerce.date(), at: z.coerce.date() }),
  /** The recording stopped; the session goes on. */
  z.object({ type: z.literal("unrecorded"), message: z.string() }),
  z.object({
    type: z.literal("exit"),
    code: z.number().int().nullable(),
    signal: z.string().nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  }),
]);
export type TerminalEvent = z.infer<typeof TerminalEvent>;
