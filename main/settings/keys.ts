import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import type { Vault } from "../vault/index.ts";
import { registerSecret } from "../vault/redact.ts";

const AccountKeys = z.object({
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
  sessionToken: z.string().optional(),
});

/** Keys of an AWS account as the SDK wants them. */
export interface AccountKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export const keysName = (accountId: string): string => `account/${accountId}/keys`;

/** The text to store in the vault. Its secret parts never reach a log from here on. */
export function writeKeys({ accessKeyId, secretAccessKey, sessionToken }: AccountKeys): string {
  registerSecret(secretAccessKey);
  if (sessionToken) registerSecret(sessionToken);
  return JSON.stringify({ accessKeyId, secretAccessKey, sessionToken });
}

/** Throws AppError VaultLocked, VaultDamaged, or AwsCredentialsInvalid when the vault has none. */
export async function readKeys(vault: Vault, accountId: string): Promise<AccountKeys> {
  const text = await vault.get(keysName(accountId));
  if (text === undefined) {
    throw new AppError("AwsCredentialsInvalid", `The vault has no keys for the account ${accountId}.`, {
      retryable: false,
      next: "Remove the account and add it again with its keys.",
    });
  }
  const { accessKeyId, secretAccessKey, sessionToken } = AccountKeys.parse(JSON.parse(text));
  registerSecret(secretAccessKey);
  if (!sessionToken) return { accessKeyId, secretAccessKey };
  registerSecret(sessionToken);
  return { accessKeyId, secretAccessKey, sessionToken };
}
