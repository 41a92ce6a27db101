import ssh2, { type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { SECOND_MS } from "../../../shared/time.ts";
import { asSshError, askFor, CIPHERS, type HostKey, hostKeyOf, openWay, type SshTarget } from "./connection.ts";

/** In the order in which clients ask by default, so that the first answer is the key that a log-in would meet. */
const ALGORITHMS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
] as const;
const ANSWER_MS = 15 * SECOND_MS;

/**
 * The keys that a host shows now, one of each algorithm. Asks for each in a handshake of its own, in which the host
 * signs with the key, and ends it there: nobody logs in. Throws HostUnreachable when there is no answer.
 */
export async function shownHostKeys(target: SshTarget, signal?: AbortSignal): Promise<readonly HostKey[]> {
  const shown: HostKey[] = [];
  for (const algorithm of ALGORITHMS) {
    const key = await shownKey(target, askFor(algorithm), signal);
    if (key) shown.push(key);
  }
  return shown;
}

async function shownKey(
  target: SshTarget,
  algorithms: readonly string[],
  signal: AbortSignal | undefined,
): Promise<HostKey | undefined> {
  const way = await openWay(target, signal);
  try {
    return await new Promise<HostKey | undefined>((resolve, reject) => {
      const client = new ssh2.Client();
      let shown: HostKey | undefined;
      const settle = (error: Error) => {
        client.destroy();
        if (/no matching host key/i.test(error.message)) resolve(undefined);
        else reject(asSshError(error, target, undefined));
      };
      client.on("error", settle);
      client.on("close", () => settle(new Error("the host closed the connection")));
      // Only now the host's signature has been found good.
      client.on("handshake", () => {
        resolve(shown);
        client.destroy();
      });
      signal?.addEventListener("abort", () => settle(new Error("aborted")), { once: true });
      client.connect({
        sock: way.socket as NonNullable<ConnectConfig["sock"]>,
        username: target.user,
        readyTimeout: ANSWER_MS,
        authHandler: () => false,
        algorithms: { cipher: [...CIPHERS], serverHostKey: [...algorithms] as ServerHostKeyAlgorithm[] },
        hostVerifier: (key: Buffer) => {
          shown = hostKeyOf(key);
          return true;
        },
      } satisfies ConnectConfig);
    });
  } finally {
    way.end();
  }
}
