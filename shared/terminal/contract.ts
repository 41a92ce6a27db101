import { oc } from "@orpc/contract";
import { z } from "zod";
import { OpenTerminal, ScreenSize, TerminalSession } from "./model.ts";

const SessionRef = z.object({ sessionId: z.string().min(1).max(100) });

export const terminalContract = {
  /**
   * Logs in to one environment and opens a shell or one command there; its bytes are on stream `streamId` of the
   * binary channel. Refuses root (R5), a host without a pinned key and a host with another one (HostKeyChanged).
   */
  open: oc.input(OpenTerminal).output(TerminalSession.extend({ streamId: z.number().int() })),
  /** Tells the host the size of the screen; harmless after the end. */
  resize: oc.input(SessionRef.extend(ScreenSize.shape)).output(z.object({ resized: z.boolean() })),
  /** Hangs up. Repeating is harmless. */
  close: oc.input(SessionRef).output(TerminalSession),
  /** Sessions that are open now, oldest first. */
  list: oc.output(z.array(TerminalSession)),
  /** Sessions of this console's database, newest first. `tenant` takes a slug or an id. */
  history: oc
    .input(z.object({ tenant: z.string().max(100).optional(), limit: z.number().int().min(1).max(1000).default(200) }))
    .output(z.array(TerminalSession)),
  /** A part of a recording (asciicast v2, whole lines) from a place on; `next` is null at its end. */
  recording: oc
    .input(SessionRef.extend({ from: z.number().int().min(0).default(0) }))
    .output(z.object({ text: z.string(), next: z.number().int().nullable() })),
};
