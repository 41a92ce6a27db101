import { createHash } from "node:crypto";
import { AppError } from "../../shared/errors.ts";
import type { MailServer } from "../../shared/settings/model.ts";

/** The mail server with the password that was entered for it. */
export type MailAccess = MailServer & { readonly password: string | null };

/** Where a password is in the vault: bound to user and server, so that no other server is ever given it. */
export function passwordName({ host, port, user }: Pick<MailServer, "host" | "port" | "user">): string {
  const place = createHash("sha256").update(`${user}@${host.toLowerCase()}:${port}`).digest("hex");
  return `mail/${place.slice(0, 24)}/password`;
}

export const noMailServer = (): AppError =>
  new AppError("NotFound", "No mail server is set up in this console.", {
    retryable: false,
    next: "Enter the company's mail server in Settings, or send the notice by hand and mark it as sent.",
  });

/** Throws AppError NotFound without a server, VaultLocked, InvalidInput for a user without a password. */
export async function mailServer(
  server: MailServer | null,
  secret: (name: string) => Promise<string | undefined>,
): Promise<MailAccess> {
  if (!server) throw noMailServer();
  if (server.user === null) return { ...server, password: null };
  const password = await secret(passwordName(server));
  if (password !== undefined) return { ...server, password };
  throw new AppError("InvalidInput", `There is no password for ${server.user} at the mail server ${server.host}.`, {
    retryable: false,
    next: "Enter it in Settings.",
  });
}
