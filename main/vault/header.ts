import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../../shared/errors.ts";
import { writeFileDurably } from "../home/files.ts";

const Bytes = z.base64().transform((text): Buffer => Buffer.from(text, "base64"));

/**
 * vault.json: the vault's own random key, sealed once or twice. Nothing in it is secret without passphrase or key store.
 */
const Header = z.object({
  format: z.literal(1),
  passphrase: z
    .object({
      kdf: z.literal("scrypt"),
      N: z
        .number()
        .int()
        .min(2)
        .max(2 ** 22),
      r: z.number().int().min(1).max(64),
      p: z.number().int().min(1).max(64),
      salt: Bytes,
      sealed: Bytes,
    })
    .optional(),
  keychain: z.object({ backend: z.string(), sealed: Bytes }).optional(),
});
export type Header = z.infer<typeof Header>;

/** Undefined when there is none. Throws AppError VaultDamaged for a file that cannot be read; it is left as it is. */
export async function readHeader(path: string): Promise<Header | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw damaged(path, error);
  }
  try {
    return Header.parse(JSON.parse(text));
  } catch (error) {
    throw damaged(path, error);
  }
}

export async function writeHeader(path: string, header: Header): Promise<void> {
  const { passphrase, keychain } = header;
  const plain = {
    format: header.format,
    ...(passphrase && {
      passphrase: {
        ...passphrase,
        salt: passphrase.salt.toString("base64"),
        sealed: passphrase.sealed.toString("base64"),
      },
    }),
    ...(keychain && { keychain: { ...keychain, sealed: keychain.sealed.toString("base64") } }),
  };
  await writeFileDurably(path, `${JSON.stringify(plain, undefined, 2)}\n`);
}

export function damaged(file: string, cause?: unknown): AppError {
  return new AppError(
    "VaultDamaged",
    `The file ${file} of the vault is missing, damaged, or of a newer app. It was left as it is.`,
    {
      retryable: false,
      file,
      next: "Put the file back from a copy and start the console again, or remove it and enter the secret again.",
    },
    { cause },
  );
}
