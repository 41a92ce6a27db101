import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { Readable } from "node:stream";
import { rootCertificates } from "node:tls";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { AppError } from "../../../shared/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../../../shared/time.ts";

/** The company's mail server, with the password that belongs to it. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte. `starttls`: required before anything is said. `none`: plain, without a password. */
  readonly tls: "tls" | "starttls" | "none";
  readonly user: string | null;
  readonly password: string | null;
  /** PEM file of the authority that signed the server's certificate, beside the system's own. */
  readonly caFile: string | null;
}

export interface Accepted {
  /** The server's last word: "250 2.0.0 Ok: queued as 4F1". */
  readonly answer: string;
  readonly accepted: readonly string[];
  /** Addresses that the server refused while it took the message for the others. */
  readonly refused: readonly string[];
}

const CONNECT_MS = 20 * SECOND_MS;
const SILENCE_MS = MINUTE_MS;
const CERTIFICATE_TROUBLE = /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT)/;

/**
 * Connects, encrypts and logs in, and says goodbye; nothing is sent.
 *
 * Throws AppError MailUnreachable, MailRefused, CertificateInvalid or InvalidInput.
 */
export async function checkSmtp(server: SmtpServer): Promise<{ readonly greeting: string }> {
  return withConnection(server, async (connection) => ({ greeting: String(connection.lastServerResponse || "") }));
}

/**
 * Hands one message over. Resolves only when the server has taken responsibility for it.
 *
 * Throws AppError MailUnreachable or MailRefused when it certainly has not; DecisionNeeded when the connection broke
 * after the whole message was sent and before the server answered, so that nobody can know.
 */
export async function sendSmtp(
  server: SmtpServer,
  envelope: { readonly from: string; readonly to: readonly string[] },
  message: Uint8Array,
): Promise<Accepted> {
  return withConnection(server, (connection) => {
    let isGiven = false;
    // A broken line is told to the call below, too, and only that knows how far the message came.
    connection.removeAllListeners("error").on("error", () => undefined);
    // Ends only after the server asked for it: what it never read cannot have been delivered.
    const stream = Readable.from(chunksOf(message, () => (isGiven = true)));
    return new Promise((resolve, reject) => {
      connection.send({ from: envelope.from, to: [...envelope.to] }, stream, (error, info) => {
        if (info) resolve({ answer: info.response, accepted: info.accepted, refused: info.rejected });
        else reject(isGiven && !error?.responseCode ? inDoubt(server) : asMailError(error, server));
      });
    });
  });
}

async function* chunksOf(message: Uint8Array, onEnd: () => void): AsyncGenerator<Buffer> {
  onEnd();
  yield Buffer.from(message);
}

async function withConnection<T>(server: SmtpServer, work: (connection: SMTPConnection) => Promise<T>): Promise<T> {
  refuseOpenPassword(server);
  const connection = new SMTPConnection({
    host: server.host,
    port: server.port,
    secure: server.tls === "tls",
    requireTLS: server.tls === "starttls",
    ignoreTLS: server.tls === "none",
    connectionTimeout: CONNECT_MS,
    greetingTimeout: CONNECT_MS,
    dnsTimeout: CONNECT_MS,
    socketTimeout: SILENCE_MS,
    logger: false,
    tls: {
      minVersion: "TLSv1.2",
      ...(isIP(server.host) ? {} : { servername: server.host }),
      ...(server.caFile === null ? {} : { ca: [...rootCertificates, authority(server.caFile)] }),
    },
  });
  try {
    return await new Promise<T>((resolve, reject) => {
      const fail = (error: unknown) => reject(asMailError(error, server));
      connection.on("error", fail);
      connection.connect((error) => {
        if (error) return fail(error);
        logIn(connection, server)
          .then(() => work(connection))
          .then(resolve, reject);
      });
    });
  } finally {
    connection.quit();
    connection.close();
  }
}

function logIn(connection: SMTPConnection, { user, password, ...server }: SmtpServer): Promise<void> {
  if (user === null) return Promise.resolve();
  return new Promise((resolve, reject) => {
    connection.login({ credentials: { user, pass: password ?? "" } }, (error) =>
      error ? reject(asMailError(error, server)) : resolve(),
    );
  });
}

/** A password never leaves this machine unencrypted. */
function refuseOpenPassword({ host, tls, user }: SmtpServer): void {
  if (tls !== "none" || user === null || host === "localhost" || host === "::1" || host.startsWith("127.")) return;
  throw new AppError("InvalidInput", "A mail server without encryption is never given a password.", {
    retryable: false,
    next: "Choose TLS or STARTTLS in Settings, or remove the user name.",
  });
}

function authority(caFile: string): string {
  try {
    return readFileSync(caFile, "utf8");
  } catch (error) {
    throw new AppError("InvalidInput", `The certificate file ${JSON.stringify(caFile)} cannot be read.`, {
      ...{ retryable: false, reason: (error as NodeJS.ErrnoException).code },
      next: "Name a PEM file of this machine by its full path.",
    });
  }
}

const nameOf = ({ host, port }: Pick<SmtpServer, "host" | "port">): string => `${host}:${port}`;

const inDoubt = (server: SmtpServer): AppError =>
  new AppError(
    "DecisionNeeded",
    `The connection to the mail server ${nameOf(server)} broke after the message was handed over and before it answered.`,
    {
      retryable: false,
      next: "Look into the mailbox of an addressee. If the message arrived, mark the notice as sent with it as proof; if not, send it again.",
    },
  );

interface SmtpFailure {
  readonly message?: string;
  readonly code?: string;
  readonly originalCode?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/** In our words, with the server's own answer. Only what the server itself calls passing (4xx) may be tried again. */
function asMailError(thrown: unknown, server: Pick<SmtpServer, "host" | "port">): unknown {
  if (thrown instanceof AppError) return thrown;
  const {
    message = "",
    code = "",
    originalCode = code,
    command,
    response,
    responseCode,
  } = (thrown ?? {}) as SmtpFailure;
  const name = nameOf(server);
  if (CERTIFICATE_TROUBLE.test(originalCode) || /certificate|altname/i.test(message)) {
    return new AppError("CertificateInvalid", `The certificate of the mail server ${name} is not trusted.`, {
      ...{ retryable: false, reason: message },
      next: "Name the authority's PEM file in Settings, or correct the host name.",
    });
  }
  if (responseCode) {
    const later = responseCode < 500;
    const answer = (response ?? "").replace(/\s+/g, " ").slice(0, 300);
    return new AppError("MailRefused", `The mail server ${name} refused: ${answer}`, {
      ...{ retryable: later, smtpCode: responseCode, command },
      next: later
        ? "Nothing was delivered. The server asks to try again later: send it again in a few minutes."
        : "Nothing was delivered. Correct the addresses, or the mail settings.",
    });
  }
  if (code === "EAUTH" || code === "ETLS") {
    return new AppError("MailRefused", `The mail server ${name} cannot be used as it is set up: ${message}`, {
      ...{ retryable: false, command },
      next: "Nothing was delivered. Correct user, password and encryption in Settings.",
    });
  }
  return new AppError("MailUnreachable", `The mail server ${name} does not answer (${originalCode || message}).`, {
    retryable: true,
    next: "Nothing was delivered. Check host and port in Settings and the network, then send it again.",
  });
}
