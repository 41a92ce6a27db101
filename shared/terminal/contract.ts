import { oc } from "@orpc/contract";
import { z } from "zod";
import { filesContract } from "./files.ts";
import { HostKeyAlarm, HostKeyLook, HostKeyReport, RepinHostKey } from "./host-keys.ts";
import { OpenTerminal, ScreenSize, TerminalSession } from "./model.ts";

const EnvironmentRef = z.object({ environmentId: z.string().min(1).max(100) });
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

  /** By which keys an environment's host is trusted, and since when and why. */
  hostKeys: oc.input(EnvironmentRef).output(HostKeyReport),
  /** Hosts that show keys which nothing explains: blocked until each is settled. */
  hostKeyAlarms: oc.output(z.array(HostKeyAlarm)),
  /** Asks the host and AWS now. Nobody logs in to the host. */
  lookAtHostKeys: oc.input(EnvironmentRef).output(HostKeyLook),
  /**
   * Pins a changed key: with a reason and a second look. Throws ConfirmationNeeded, InvalidInput for a second look by
   * the same person, Conflict when the host or its AWS console shows another key.
   */
  repinHostKey: oc.input(RepinHostKey).output(HostKeyReport),

  files: filesContract,
};
