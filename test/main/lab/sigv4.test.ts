import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { HttpRequest } from "@smithy/types";
import { expect, test } from "vitest";
import { ChunkSignatures } from "../../../main/lab/sigv4-chunks.ts";
import { type Credential, type SigV4Options, verifySigV4 } from "../../../main/lab/sigv4.ts";

/** The hash in the form that the SDK's signer asks for: keyed, it is an HMAC. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash("sha256") : createHmac("sha256", secret);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

const NOW = new Date("2026-05-04T12:00:00Z");
const KEY = "AKIDLAB";
const SECRET = "secret/with+odd=characters";

const lookup =
  (credential: Credential = { secretAccessKey: SECRET }) =>
  (id: string): Credential | undefined =>
    id === KEY ? credential : undefined;

interface Request {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: string[];
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Signs with the signer that the AWS SDK ships. */
async function sign(
  service: string,
  path: string,
  more: {
    query?: Record<string, string | string[]>;
    headers?: Record<string, string>;
    body?: string;
    token?: string;
    at?: Date;
    presign?: number;
    method?: string;
  } = {},
): Promise<Request> {
  const signer = new SignatureV4({
    service,
    region: "eu-west-1",
    sha256: Sha256 as never,
    uriEscapePath: service !== "s3",
    credentials: {
      accessKeyId: KEY,
      secretAccessKey: SECRET,
      ...(more.token === undefined ? {} : { sessionToken: more.token }),
    },
  });
  const request = {
    method: more.method ?? "GET",
    protocol: "http:",
    hostname: "localhost",
    path,
    query: more.query ?? {},
    headers: {
      host: "localhost:4566",
      ...(more.presign ? { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" } : {}),
      ...more.headers,
    } as Record<string, string>,
    ...(more.body === undefined ? {} : { body: more.body }),
  };
  const signingDate = more.at ?? NOW;
  const signed: HttpRequest = more.presign
    ? await signer.presign(request, { signingDate, expiresIn: more.presign })
    : await signer.sign(request, { signingDate });
  const query = Object.entries(signed.query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? ""]).map((one) => `${encode(name)}=${encode(one)}`),
  );
  return {
    method: signed.method,
    url: query.length > 0 ? `${signed.path}?${query.join("&")}` : signed.path,
    // Node reads header bytes as Latin-1.
    rawHeaders: Object.entries(signed.headers).flatMap(([n, v]) => [n, Buffer.from(v).toString("latin1")]),
  };
}

const verify = (request: Request, options: Partial<SigV4Options> = {}) =>
  verifySigV4(request, { now: NOW, service: "s3", lookup: lookup(), ...options });

const kind = (answer: ReturnType<typeof verifySigV4>): string => (answer.ok ? "ok" : answer.kind);

const unsigned = { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" };

test("a request of the SDK's signer is proven and described", async () => {
  const request = await sign("s3", "/bucket/key", { headers: unsigned, query: { "list-type": "2" } });
  const answer = verify(request);
  expect(answer).toMatchObject({
    ok: true,
    accessKeyId: KEY,
    region: "eu-west-1",
    service: "s3",
    signedHeaders: ["host", "x-amz-content-sha256", "x-amz-date"],
    payloadHash: "UNSIGNED-PAYLOAD",
    presigned: false,
    scope: "20260504/eu-west-1/s3/aws4_request",
  });
});

test.each([
  "a b",
  "a+b",
  "a%b",
  "a&b=c",
  "é à 漢字 🚚",
  "..",
  "./x",
  "a//b",
  "(parens)!*'~_-.",
  'tab\tquote"<>',
  "{}|\\^`",
  "?#@:;,$",
])("an S3 key of odd characters verifies: %s", async (key) => {
  const path = `/bucket/${key.split("/").map(encode).join("/")}`;
  const query = { prefix: key, [key]: "x", empty: "" };
  expect(kind(verify(await sign("s3", path, { headers: unsigned, query })))).toBe("ok");
  expect(kind(verify(await sign("s3", path, { query, presign: 60 })))).toBe("ok");
});

test("a key that the client did not escape fully verifies all the same", async () => {
  const request = await sign("s3", `/bucket/${encode("a(1)!*'b")}`, { headers: unsigned });
  expect(kind(verify({ ...request, url: "/bucket/a(1)!*'b" }))).toBe("ok");
});

test("repeated query names, header spaces and accents verify", async () => {
  const request = await sign("s3", "/b/k", {
    query: { a: ["2", "1"], A: "3" },
    headers: { ...unsigned, "x-amz-meta-nom": "  société   générale " },
  });
  expect(kind(verify(request))).toBe("ok");
});

test("the other services sign their body and a path encoded twice", async () => {
  const body = "Action=DescribeInstances&Version=2016-11-15";
  const bodyHash = createHash("sha256").update(body).digest("hex");
  const request = await sign("ec2", "/a%20b/", { method: "POST", body });
  expect(kind(verify(request, { service: "ec2", bodyHash }))).toBe("ok");
  const other = createHash("sha256").update(`${body}&DryRun=true`).digest("hex");
  expect(kind(verify(request, { service: "ec2", bodyHash: other }))).toBe("bad-signature");
  expect(kind(verify(request, { service: "sts", bodyHash }))).toBe("malformed");
});

test.each<[string, (request: Request) => Request]>([
  ["the path", (r) => ({ ...r, url: r.url.replace("key", "kez") })],
  ["the query", (r) => ({ ...r, url: `${r.url}&delete` })],
  ["the method", (r) => ({ ...r, method: "DELETE" })],
  ["a signed header", (r) => ({ ...r, rawHeaders: r.rawHeaders.map((x) => (x === "localhost:4566" ? "other" : x)) })],
])("changing %s spoils the signature", async (_, change) => {
  const headers = await sign("s3", "/bucket/key", { headers: unsigned, query: { a: "b" } });
  const presigned = await sign("s3", "/bucket/key", { presign: 60, query: { a: "b" } });
  expect([kind(verify(change(headers))), kind(verify(change(presigned)))]).toEqual(["bad-signature", "bad-signature"]);
});

test("a header of AWS's that was not signed is refused on S3", async () => {
  const request = await sign("s3", "/bucket/key", { headers: unsigned });
  request.rawHeaders.push("x-amz-copy-source", "/other/secret");
  expect(kind(verify(request))).toBe("unsigned-headers");
});

test.each<[string, string, number]>([
  ["now", "ok", 0],
  ["14 minutes slow", "ok", -14],
  ["16 minutes slow", "skewed", -16],
  ["16 minutes fast", "skewed", 16],
])("clock of the client %s: %s", async (_, expected, minutes) => {
  const at = new Date(NOW.getTime() + minutes * 60_000);
  expect(kind(verify(await sign("s3", "/b/k", { headers: unsigned, at })))).toBe(expected);
});

test("other services allow 5 minutes", async () => {
  const at = new Date(NOW.getTime() - 6 * 60_000);
  expect(kind(verify(await sign("ec2", "/", { at }), { service: "ec2" }))).toBe("skewed");
});

test("a presigned address ends with its time", async () => {
  const request = await sign("s3", "/b/k", { presign: 60 });
  const later = (seconds: number) => verify(request, { now: new Date(NOW.getTime() + seconds * 1000) });
  expect([kind(later(59)), kind(later(61)), kind(later(-3600))]).toEqual(["ok", "expired", "skewed"]);
});

test("session tokens must be the credential's own, and current", async () => {
  const temporary = { secretAccessKey: SECRET, sessionToken: "token/1==", expiresAt: new Date(NOW.getTime() + 1) };
  const with1 = { lookup: lookup(temporary) };
  const right = await sign("s3", "/b/k", { headers: unsigned, token: "token/1==" });
  const presigned = await sign("s3", "/b/k", { presign: 60, token: "token/1==" });
  const wrong = await sign("s3", "/b/k", { headers: unsigned, token: "token/2==" });
  const none = await sign("s3", "/b/k", { headers: unsigned });
  expect([right, presigned, wrong, none].map((request) => kind(verify(request, with1)))).toEqual([
    "ok",
    "ok",
    "wrong-token",
    "wrong-token",
  ]);
  expect(kind(verify(right))).toBe("wrong-token");
  expect(kind(verify(right, { lookup: lookup({ ...temporary, expiresAt: NOW }) }))).toBe("expired-token");
});

test("an unknown key, another secret and no signature are told apart", async () => {
  const request = await sign("s3", "/b/k", { headers: unsigned });
  expect(kind(verify(request, { lookup: () => undefined }))).toBe("unknown-key");
  expect(kind(verify(request, { lookup: lookup({ secretAccessKey: "other" }) }))).toBe("bad-signature");
  expect(kind(verify({ method: "GET", url: "/", rawHeaders: ["host", "x"] }))).toBe("missing");
});

test.each([
  "",
  "AWS AKID:abcdef",
  "Bearer x",
  "AWS4-HMAC-SHA256",
  "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=x",
  "AWS4-HMAC-SHA256 Credential=a/20260504/r/s3/aws4_request, SignedHeaders=, Signature=",
  `AWS4-HMAC-SHA256 Credential=a/20260504/r/s3/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`,
  "AWS4-ECDSA-P256-SHA256 Credential=a/20260504/s3/aws4_request, SignedHeaders=host, Signature=ab",
])("a broken Authorization header is malformed: %s", (authorization) => {
  const request = { method: "GET", url: "/", rawHeaders: ["host", "x", "authorization", authorization] };
  expect(kind(verify(request))).toBe("malformed");
});

test.each(["", "&X-Amz-Expires=-1", "&X-Amz-Expires=604801", "&X-Amz-Expires=abc"])(
  "a presigned address without a fair life time is malformed: %s",
  (expires) => {
    const credential = encodeURIComponent(`${KEY}/20260504/eu-west-1/s3/aws4_request`);
    const url = `/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=20260504T120000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=${"0".repeat(64)}${expires}`;
    expect(kind(verify({ method: "GET", url, rawHeaders: ["host", "x"] }))).toBe("malformed");
  },
);

const docs = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const docsOptions: SigV4Options = {
  now: new Date("2013-05-24T00:00:00Z"),
  service: "s3",
  lookup: (id) => (id === docs.accessKeyId ? docs : undefined),
};
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function published(method: string, url: string, headers: Record<string, string>, signature: string): Request {
  const all: Record<string, string> = { host: "examplebucket.s3.amazonaws.com", ...headers };
  const names = Object.keys(all).sort().join(";");
  const credential = `${docs.accessKeyId}/20130524/us-east-1/s3/aws4_request`;
  all["authorization"] = `AWS4-HMAC-SHA256 Credential=${credential},SignedHeaders=${names},Signature=${signature}`;
  return { method, url, rawHeaders: Object.entries(all).flat() };
}

const dated = { "x-amz-content-sha256": emptyHash, "x-amz-date": "20130524T000000Z" };

test.each<[string, Request]>([
  [
    "GET Object",
    published(
      "GET",
      "/test.txt",
      { ...dated, range: "bytes=0-9" },
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
  ],
  [
    "PUT Object",
    published(
      "PUT",
      "/test%24file.text",
      {
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
      },
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
  ],
  [
    "GET Bucket Lifecycle",
    published("GET", "/?lifecycle", dated, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
  ],
  [
    "List Objects",
    published(
      "GET",
      "/?max-keys=2&prefix=J",
      dated,
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
  ],
  [
    "presigned GET",
    {
      method: "GET",
      url: "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
      rawHeaders: ["Host", "examplebucket.s3.amazonaws.com"],
    },
  ],
])("AWS's published S3 example verifies: %s", (_, request) => {
  expect(kind(verifySigV4(request, docsOptions))).toBe("ok");
});

test("AWS's published example of signed chunks verifies", () => {
  const request = published(
    "PUT",
    "/examplebucket/chunkObject.txt",
    {
      host: "s3.amazonaws.com",
      "x-amz-date": "20130524T000000Z",
      "x-amz-storage-class": "REDUCED_REDUNDANCY",
      "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
      "content-encoding": "aws-chunked",
      "x-amz-decoded-content-length": "66560",
      "content-length": "66824",
    },
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
  );
  const answer = verifySigV4(request, docsOptions);
  if (!answer.ok) throw new Error(answer.message);
  const chunks = new ChunkSignatures(answer);
  const hash = (length: number) => createHash("sha256").update("a".repeat(length)).digest("hex");
  expect([
    chunks.chunk(hash(65_536), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    chunks.chunk(hash(1024), "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    chunks.chunk(hash(0), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
  ]).toEqual([true, true, true]);
  expect(new ChunkSignatures(answer).chunk(hash(1), "0".repeat(64))).toBe(false);
});

test("AWS's published ListUsers example and test-suite vectors verify", () => {
  const iam = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
  const options = { now: new Date("2015-08-30T12:36:00Z"), lookup: () => iam };
  const vector = (service: string, url: string, headers: Record<string, string>, signature: string) => {
    const names = Object.keys(headers).sort().join(";");
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/${service}/aws4_request, SignedHeaders=${names}, Signature=${signature}`;
    const rawHeaders = Object.entries({ ...headers, authorization }).flat();
    return kind(verifySigV4({ method: "GET", url, rawHeaders }, { ...options, service }));
  };
  const common = { host: "example.amazonaws.com", "x-amz-date": "20150830T123600Z" };
  expect([
    vector(
      "iam",
      "/?Action=ListUsers&Version=2010-05-08",
      {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        host: "iam.amazonaws.com",
        "x-amz-date": "20150830T123600Z",
      },
      "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    ),
    vector("service", "/", common, "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector(
      "service",
      "/?Param2=value2&Param1=value1",
      common,
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
  ]).toEqual(["ok", "ok", "ok"]);
});
