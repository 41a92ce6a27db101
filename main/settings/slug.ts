import { createHash } from "node:crypto";

/** A name as an id: "Klein & Söhne (EU)" gives "klein-sohne-eu". Names without any latin letter or digit get a hash. */
export function slug(name: string): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  return plain || `account-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}
