import type { AddressInfo, Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface Caught {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly secure: boolean;
  readonly text: string;
}

/**
 * A real SMTP server on a free port of this machine that keeps what it takes. `cuts`: after so many messages it hangs
 * up without an answer, though it has them.
 */
export async function catchMail({ cuts = 0, ...options }: SMTPServerOptions & { cuts?: number } = {}) {
  const caught: Caught[] = [];
  const sockets = new Set<Socket>();
  const server = new SMTPServer({
    logger: false,
    authOptional: true,
    onData(stream, session, callback) {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        caught.push({
          from: mailFrom ? mailFrom.address : "",
          to: rcptTo.map(({ address }) => address),
          ...{ user: session.user as string | undefined, secure: session.secure },
          text: Buffer.concat(parts).toString("utf8"),
        });
        if (caught.length > cuts) callback(null, "Ok: queued as 4F1");
        else for (const socket of sockets) socket.destroy();
      });
    },
    ...options,
  });
  // Clients that break off are what some tests are about.
  server.on("error", () => undefined);
  server.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    caught,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** An SMTP server's answer other than "taken". */
export const refusing = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });
