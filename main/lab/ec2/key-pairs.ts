import { createHash, generateKeyPairSync } from "node:crypto";
import type { Action, Call } from "./call.ts";
import { newId } from "./call.ts";
import { AwsError } from "./errors.ts";
import { paginate, readFilters } from "./listing.ts";
import type { KeyPair } from "./model.ts";
import { putTags, specifiedTags, tagSetXml, tagsOf } from "./tags.ts";
import { items } from "./xml.ts";

const NAME_LIMIT = 255;

/** Reads an OpenSSH public key line; EC2 takes ed25519 and RSA. Undefined for anything else. */
export function readPublicKey(line: string): Pick<KeyPair, "publicKey" | "type" | "fingerprint"> | undefined {
  const [word = "", base64 = ""] = line.trim().split(/\s+/);
  const type = ({ "ssh-ed25519": "ed25519", "ssh-rsa": "rsa" } as const)[word];
  const blob = Buffer.from(base64, "base64");
  if (!type || blob.length < 20 || blob.toString("base64") !== base64) return undefined;
  if (blob.readUInt32BE(0) !== word.length || blob.subarray(4, 4 + word.length).toString() !== word) return undefined;
  const hash = createHash(type === "rsa" ? "md5" : "sha256").update(blob);
  // As EC2: SHA-256 in base64 for ed25519, MD5 with colons for imported RSA keys.
  const fingerprint = type === "rsa" ? (hash.digest("hex").match(/../g) ?? []).join(":") : hash.digest("base64");
  return { publicKey: line.trim(), type, fingerprint };
}

function requireFreeName(call: Call): string {
  const name = call.parameters.required("KeyName");
  if (name.length > NAME_LIMIT || !/^[\x20-\x7e]+$/.test(name))
    throw new AwsError(
      "InvalidParameterValue",
      `Value for parameter KeyName is invalid. Up to ${NAME_LIMIT} ASCII characters.`,
    );
  if (findKeyPair(call.rows.all("keyPairs", call.region), name))
    throw new AwsError("InvalidKeyPair.Duplicate", `The keypair already exists: ${name}`);
  return name;
}

export const findKeyPair = (all: readonly KeyPair[], name: string): KeyPair | undefined =>
  all.find((pair) => pair.name === name);

export const importKeyPair: Action = (call) => {
  const name = requireFreeName(call);
  const material = call.parameters.required("PublicKeyMaterial");
  const key = readPublicKey(Buffer.from(material, "base64").toString("utf8"));
  if (!key) throw new AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format");
  const pair: KeyPair = { id: newId("key"), region: call.region, createdAt: call.now, name, ...key };
  call.rows.put("keyPairs", pair);
  putTags(call, pair.id, specifiedTags(call, "key-pair"));
  return { keyName: name, keyFingerprint: pair.fingerprint, keyPairId: pair.id, tagSet: tagSetXml(call, pair.id) };
};

export const createKeyPair: Action = (call) => {
  const name = requireFreeName(call);
  const type = call.parameters.text("KeyType") ?? "rsa";
  const format = call.parameters.text("KeyFormat") ?? "pem";
  if (type !== "rsa" || format !== "pem")
    throw new AwsError("Unsupported", "The lab makes RSA keys in PEM form only; import an ed25519 key instead.");
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = readPublicKey(rsaLine(publicKey.export({ format: "jwk" })));
  if (!key) throw new Error("a fresh RSA key cannot be read");
  const pair: KeyPair = { id: newId("key"), region: call.region, createdAt: call.now, name, ...key };
  call.rows.put("keyPairs", pair);
  putTags(call, pair.id, specifiedTags(call, "key-pair"));
  return {
    keyName: name,
    keyFingerprint: pair.fingerprint,
    keyMaterial: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    keyPairId: pair.id,
    tagSet: tagSetXml(call, pair.id),
  };
};

function rsaLine(key: { readonly e?: string; readonly n?: string }): string {
  const number = (text = ""): Buffer => {
    const bytes = Buffer.from(text, "base64url");
    return (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  };
  const parts = [Buffer.from("ssh-rsa"), number(key.e), number(key.n)].flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
  return `ssh-rsa ${Buffer.concat(parts).toString("base64")}`;
}

export const describeKeyPairs: Action = (call) => {
  const names = call.parameters.list("KeyName");
  const ids = call.parameters.list("KeyPairId");
  const withKey = call.parameters.flag("IncludePublicKey") ?? false;
  const all = call.seen.all("keyPairs", call.region);
  for (const name of names)
    if (!findKeyPair(all, name)) throw new AwsError("InvalidKeyPair.NotFound", `The key pair '${name}' does not exist`);
  for (const id of ids)
    if (!all.some((pair) => pair.id === id))
      throw new AwsError("InvalidKeyPair.NotFound", `The key pair '${id}' does not exist`);
  const matches = readFilters<KeyPair>(
    call,
    {
      "key-name": (pair) => pair.name,
      "key-pair-id": (pair) => pair.id,
      fingerprint: (pair) => pair.fingerprint,
    },
    (pair) => tagsOf(call, pair.id),
  );
  const asked = all.filter(
    (pair) =>
      (names.length === 0 || names.includes(pair.name)) && (ids.length === 0 || ids.includes(pair.id)) && matches(pair),
  );
  const page = paginate(call, asked, (pair) => pair.id, { min: 5, max: 1000 });
  return {
    keySet: items(
      page.rows.map((pair) => ({
        keyPairId: pair.id,
        keyName: pair.name,
        keyType: pair.type,
        keyFingerprint: pair.fingerprint,
        publicKey: withKey ? pair.publicKey : null,
        createTime: new Date(pair.createdAt),
        tagSet: tagSetXml(call, pair.id),
      })),
    ),
  };
};

/** Deleting what is not there is no error, as in EC2. */
export const deleteKeyPair: Action = (call) => {
  const id = call.parameters.text("KeyPairId");
  const name = id ? call.parameters.text("KeyName") : call.parameters.required("KeyName");
  const pair = call.rows.all("keyPairs", call.region).find((one) => one.id === id || one.name === name);
  if (pair) {
    call.rows.delete("keyPairs", pair.id);
    call.rows.delete("tags", pair.id);
  }
  return { return: true, keyPairId: pair?.id };
};
