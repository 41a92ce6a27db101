import type { ClientContext, ClientLink } from "@orpc/client";
import { expect, test, vi } from "vitest";
import { connect } from "../../../renderer/app/client.ts";
import type { Wire } from "../../../renderer/app/wire.ts";
import { errorCode } from "../../../shared/errors.ts";

/** Lines that answer, refuse to open, or never answer, as the test says. */
function lines() {
  const opened: { end: () => void }[] = [];
  const state = { answers: true, opens: true };
  const link: ClientLink<ClientContext> = {
    call: async (path) => (state.answers ? path.join(".") : new Promise(() => {})),
  };
  const open = async (): Promise<Wire> => {
    if (!state.opens) throw new Error("refused");
    let ended = () => {};
    opened.push({ end: () => ended() });
    return { link, onEnd: (listener) => (ended = listener), close: () => {} };
  };
  return { open, opened, state };
}

test("a call made before the line is open waits for it", async () => {
  const { open } = lines();
  const connection = connect(open);
  expect(connection.phase).toBe("connecting");
  expect(await connection.client.settings.get()).toBe("settings.get");
  expect(connection.phase).toBe("open");
  connection.close();
});

test("a call in flight when the line ends is told so instead of hanging", async () => {
  const { open, opened, state } = lines();
  const connection = connect(open);
  await connection.client.settings.get();
  state.answers = false;
  const call = connection.client.fleet.list().then(
    () => "answered",
    (error: unknown) => errorCode(error),
  );
  await vi.waitFor(() => expect(opened).toHaveLength(1));
  await Promise.resolve();
  opened[0]!.end();
  expect(await call).toBe("ConsoleUnreachable");
  connection.close();
});

test("a lost line is opened again, and calls go on over the new one", async () => {
  const { open, opened, state } = lines();
  const connection = connect(open);
  await connection.client.settings.get();
  const phases: string[] = [];
  connection.subscribe(() => phases.push(connection.phase));

  state.opens = false;
  opened[0]!.end();
  expect(connection.phase).toBe("lost");
  const call = connection.client.settings.get();
  state.opens = true;
  connection.retryNow();

  expect(await call).toBe("settings.get");
  expect(phases).toEqual(["lost", "open"]);
  expect(opened).toHaveLength(2);
  connection.close();
});

test("a line that fell silent is probed and given up, so that its calls end", async () => {
  vi.useFakeTimers();
  const { open, opened, state } = lines();
  const connection = connect(open);
  await vi.advanceTimersByTimeAsync(0);
  expect(connection.phase).toBe("open");
  state.answers = false;
  const call = connection.client.fleet.list().then(
    () => "answered",
    (error: unknown) => errorCode(error),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await call).toBe("ConsoleUnreachable");
  expect(opened.length).toBeGreaterThan(1);
  connection.close();
  vi.useRealTimers();
});
