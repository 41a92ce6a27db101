import { createHash } from "node:crypto";
import ssh2, { type BaseAgent, type ParsedKey } from "ssh2";
import { AppError } from "../../../shared/errors.ts";

/** The operator's SSH agent, and which of its keys. */
export interface AgentLogin {
  /** A Unix socket, a named pipe, or "pageant". */
  readonly socket: string;
  /** "SHA256:…" of the one key to offer; null offers all, of which servers hear no more than a few. */
  readonly fingerprint: string | null;
}

/** Where the agent of this machine listens: OpenSSH's by its variable, on Windows its pipe, or Pageant where asked. */
export function agentSocket(environment: Readonly<Record<string, string | undefined>>, platform: string): string {
  const named = environment["SSH_AUTH_SOCK"];
  if (named) return named;
  if (platform === "win32") return "\\\\.\\pipe\\openssh-ssh-agent";
  throw new AppError("HostLoginRefused", "No SSH agent runs for this console: SSH_AUTH_SOCK is not set.", {
    retryable: false,
    next: "Start an agent and the console from its session, or choose the key in the vault for this account.",
  });
}

const printOf = (key: ParsedKey): string =>
  `SHA256:${createHash("sha256").update(key.getPublicSSH()).digest("base64").replace(/=+$/, "")}`;

/** The agent as the SSH client asks it, showing only the chosen key. */
export function agentFor({ socket, fingerprint }: AgentLogin): BaseAgent {
  const agent = ssh2.createAgent(socket);
  if (fingerprint === null) return agent;
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = (done) =>
    all((error, keys) =>
      done(
        error,
        (keys as ParsedKey[] | undefined)?.filter((key) => printOf(key) === fingerprint),
      ),
    );
  return agent;
}
