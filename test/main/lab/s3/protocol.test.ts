import { createHash, createHmac } from "node:crypto";
import http from "node:http";
import net from "node:net";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deriveSigningKey } from "../../../../main/lab/sigv4.ts";
import { parseXml } from "../../../../main/lab/s3/xml.ts";
import { codeOf, KEYS, type RunningS3, runS3, textOf } from "./harness.ts";

let run: RunningS3;
const Bucket = "protocol";

beforeAll(async () => {
  run = await runS3();
  const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" as const };
  await run.client().send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
});
afterAll(() => run.stop());

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Code of the XML error; empty when there is none. */
  readonly code: string;
}

interface Signed {
  readonly headers: Record<string, string>;
  readonly key: Buffer;
  readonly date: string;
  readonly scope: string;
  readonly signature: string;
}

/** Signs by hand what no SDK would send. `target` must have its query sorted and escaped. */
function sign(method: string, target: string, headers: Record<string, string>, payloadHash: string): Signed {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${date.slice(0, 8)}/eu-west-1/s3/aws4_request`;
  const all: Record<string, string> = {
    ...headers,
    host: `127.0.0.1:${run.port}`,
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": date,
  };
  const names = Object.keys(all).sort((a, b) => (a < b ? -1 : 1));
  const [path = "", query = ""] = target.split("?");
  const canonical = [method, path, query, ...names.map((n) => `${n}:${all[n]}`), "", names.join(";"), payloadHash];
  const hash = createHash("sha256").update(canonical.join("\n")).digest("hex");
  const key = deriveSigningKey(KEYS.secretAccessKey, date.slice(0, 8), "eu-west-1", "s3");
  const signature = createHmac("sha256", key).update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${hash}`).digest("hex");
  all["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${KEYS.accessKeyId}/${scope},SignedHeaders=${names.join(";")},Signature=${signature}`;
  return { headers: all, key, date, scope, signature };
}

function send(
  method: string,
  target: string,
  headers: Record<string, string>,
  body?: Buffer | string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: "127.0.0.1", port: run.port, method, path: target, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          const error = parseXml(text);
          const code = error?.name === "Error" ? (error.children.find((one) => one.name === "Code")?.text ?? "") : "";
          resolve({ status: response.statusCode ?? 0, body: text, code });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

const call = (
  method: string,
  target: string,
  body = "",
  headers: Record<string, string> = {},
  hash = "UNSIGNED-PAYLOAD",
) => send(method, target, sign(method, target, headers, hash).headers, body);

function chunkedPut(key: string, chunks: readonly string[], spoil: (body: string) => string): Promise<Answer> {
  const target = `/${Bucket}/${key}`;
  const length = String(chunks.join("").length);
  const hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
  const extra = { "x-amz-decoded-content-length": length, "x-amz-trailer": "x-amz-checksum-sha1" };
  const signed = sign("PUT", target, extra, hash);
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  let previous = signed.signature;
  const next = (kind: string, ...hashes: string[]) => {
    const text = [`AWS4-HMAC-SHA256-${kind}`, signed.date, signed.scope, previous, ...hashes].join("\n");
    previous = createHmac("sha256", signed.key).update(text).digest("hex");
    return previous;
  };
  const parts = [...chunks, ""].map(
    (chunk) =>
      `${chunk.length.toString(16)};chunk-signature=${next("PAYLOAD", sha256(""), sha256(chunk))}\r\n${chunk}${chunk && "\r\n"}`,
  );
  const trailer = `x-amz-checksum-sha1:${createHash("sha1").update(chunks.join("")).digest("base64")}`;
  const body = `${parts.join("")}${trailer}\r\nx-amz-trailer-signature:${next("TRAILER", sha256(`${trailer}\n`))}\r\n\r\n`;
  return send("PUT", target, signed.headers, spoil(body));
}

test("signed chunks with a signed trailer are taken; each altered part is refused", async () => {
  const chunks = ["a".repeat(70_000), "second"];
  expect((await chunkedPut("chunks", chunks, (body) => body)).status).toBe(200);
  const got = await run.client().send(new GetObjectCommand({ Bucket, Key: "chunks" }));
  expect(await textOf(got.Body)).toBe(chunks.join(""));
  const codes = [];
  for (const spoil of [
    (body: string) => body.replace("second", "SECOND"),
    (body: string) => body.replace("sha1:", "sha1:A"),
    (body: string) => body.replace("chunk-signature=", "chunk-signature=0"),
    (body: string) => body.slice(0, 50_000),
    (body: string) => body.replace("second\r\n", "second"),
  ])
    codes.push((await chunkedPut("spoilt", chunks, spoil)).code);
  expect(codes).toEqual([
    "SignatureDoesNotMatch",
    "SignatureDoesNotMatch",
    "InvalidRequest",
    "IncompleteBody",
    "IncompleteBody",
  ]);
  expect(await codeOf(run.client().send(new GetObjectCommand({ Bucket, Key: "spoilt" })))).toBe("NoSuchKey");
});

test("a body that is not the signed one is refused", async () => {
  const hash = createHash("sha256").update("what was signed").digest("hex");
  expect((await call("PUT", `/${Bucket}/hash`, "what was sent", {}, hash)).code).toBe("XAmzContentSHA256Mismatch");
  expect((await call("PUT", `/${Bucket}/hash`, "x", {}, "nonsense")).code).toBe("InvalidArgument");
});

test("a body without a length is refused", async () => {
  const { headers } = sign("PUT", `/${Bucket}/none`, {}, "UNSIGNED-PAYLOAD");
  const answer = await send("PUT", `/${Bucket}/none`, { ...headers, "transfer-encoding": "chunked" }, "x");
  expect([answer.status, answer.code]).toEqual([411, "MissingContentLength"]);
});

test.each<[string, string, string, string]>([
  ["PATCH", `/${Bucket}/x`, "", "MethodNotAllowed"],
  ["POST", `/${Bucket}/x`, "", "MethodNotAllowed"],
  ["PUT", "/", "", "MethodNotAllowed"],
  ["GET", `/${Bucket}?inventory=`, "", "NotImplemented"],
  ["POST", `/${Bucket}/x?select=&select-type=2`, "", "NotImplemented"],
  ["PUT", `/${Bucket}?versioning=`, "no xml", "MalformedXML"],
  ["PUT", `/${Bucket}?lifecycle=`, "<LifecycleConfiguration/>", "MalformedXML"],
  ["PUT", `/${Bucket}?lifecycle=`, "<a><b></a></b>", "MalformedXML"],
  ["PUT", `/${Bucket}?versioning=`, '<!DOCTYPE x [<!ENTITY a "b">]><VersioningConfiguration/>', "MalformedXML"],
  ["POST", `/${Bucket}?delete=`, "<Delete/>", "InvalidRequest"],
  ["GET", `/${Bucket}?list-type=2&max-keys=x`, "", "InvalidArgument"],
  ["PUT", `/${Bucket}/x?partNumber=x&uploadId=y`, "", "InvalidArgument"],
])("%s %s with %j: %s", async (method, target, body, code) => {
  expect((await call(method, target, body)).code).toBe(code);
});

test("broken percent signs and control characters in addresses are no crash", async () => {
  for (const path of ["/%", "/%zz", `/${Bucket}/%ff%fe`, `/${Bucket}?%`, "/%00/%00", "//", "/?&&=&"]) {
    const answer = await send("GET", path, { host: "x" });
    expect([path, answer.status >= 400, answer.code !== ""]).toEqual([path, true, true]);
  }
});

function raw(text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(run.port, "127.0.0.1", () => socket.end(text, "latin1"));
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", () => resolve(answer));
  });
}

test("what is not HTTP gets an XML error too", async () => {
  for (const text of ["nonsense\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"])
    expect(await raw(text)).toContain("<Error><Code>BadRequest</Code>");
});

test("random signed requests are always answered, errors always in XML", async () => {
  const words =
    "uploads uploadId partNumber versionId versions tagging acl delete list-type prefix max-keys marker continuation-token " +
    "lifecycle policy versioning object-lock retention legal-hold attributes location key-marker encoding-type delimiter";
  const word = fc.constantFrom(...words.split(" "));
  const value = fc.oneof(fc.constantFrom("", "1", "2", "url", "-1", "null"), fc.string({ maxLength: 8 }));
  const header = fc.constantFrom<[string, string]>(
    ["range", "bytes=9-1"],
    ["x-amz-copy-source", "///"],
    ["x-amz-copy-source", `${Bucket}/%`],
    ["x-amz-tagging", "=&=&a"],
    ["x-amz-metadata-directive", "?"],
    ["x-amz-checksum-crc32", "!"],
    ["content-md5", "!"],
    ["if-match", "*"],
    ["x-amz-object-lock-mode", "NEVER"],
    ["x-amz-checksum-algorithm", "ROT13"],
    ["x-amz-trailer", "x-amz-checksum-crc32"],
    ["x-amz-meta-__proto__", "x"],
  );
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "PUT", "POST", "DELETE", "HEAD"),
      fc.constantFrom("", Bucket, "missing-bucket", "BAD_BUCKET"),
      fc.constantFrom("", "/", "/key", "/chunks", "/a%2F..%2Fb"),
      fc.uniqueArray(fc.tuple(word, value), { maxLength: 3, selector: ([name]) => name }),
      fc.uniqueArray(header, { maxLength: 2, selector: ([name]) => name }),
      fc.oneof(fc.constantFrom("", "<Delete><Object><Key>a</Key></Object></Delete>", "<Tagging>"), fc.string()),
      async (method, bucket, key, query, headers, body) => {
        // The bucket of the other tests stays.
        if (bucket === Bucket && method !== "GET" && (key === "" || key === "/")) return;
        const path = `/${bucket}${bucket && key}`.replaceAll("%2F", "/");
        const pairs = query
          .map(([name, text]) => `${encode(name)}=${encode(text)}`)
          .sort((a, b) => (a < b ? -1 : 1))
          .join("&");
        const bytes = Buffer.from(body);
        const withBody = method === "PUT" || method === "POST";
        const length: Record<string, string> = withBody ? { "content-length": String(bytes.length) } : {};
        const target = pairs ? `${path}?${pairs}` : path;
        const signed = sign(method, target, Object.fromEntries(headers), "UNSIGNED-PAYLOAD");
        const answer = await send(method, target, { ...signed.headers, ...length }, withBody ? bytes : undefined);
        expect(answer.status).toBeLessThan(502);
        expect(answer.code).not.toBe("InternalError");
        expect(answer.code).not.toBe("SignatureDoesNotMatch");
        const mustSay = answer.status >= 400 && method !== "HEAD";
        expect(answer.code !== "" || !mustSay).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("a client that goes away in the middle leaves nothing and hurts nobody", async () => {
  const target = `/${Bucket}/cut`;
  const { headers } = sign("PUT", target, {}, "UNSIGNED-PAYLOAD");
  await new Promise<void>((resolve) => {
    const request = http.request(
      {
        host: "127.0.0.1",
        port: run.port,
        method: "PUT",
        path: target,
        headers: { ...headers, "content-length": "999999" },
      },
      () => undefined,
    );
    request.on("error", () => resolve());
    request.write(Buffer.alloc(100_000));
    setTimeout(() => request.destroy(), 50);
  });
  await run.client().send(new PutObjectCommand({ Bucket, Key: "after", Body: "x" }));
  const { Contents } = await run.client().send(new ListObjectsV2Command({ Bucket, Prefix: "cut" }));
  expect(Contents).toBeUndefined();
});

test("faults: errors in S3's words, a reset, and a reply lost after the effect", async () => {
  let verdict: object = { kind: "pass", delayMs: 0, dropReply: false, staleMs: 0 };
  const calls: unknown[] = [];
  const faulty = await runS3({
    faults: {
      before(one) {
        calls.push(one);
        return verdict as never;
      },
    },
  });
  try {
    const client = faulty.client();
    const CreateBucketConfiguration = { LocationConstraint: "eu-west-1" as const };
    await client.send(new CreateBucketCommand({ Bucket: "faulty", CreateBucketConfiguration }));
    const put = (Key: string) => codeOf(client.send(new PutObjectCommand({ Bucket: "faulty", Key, Body: "x" })));
    const codes: string[] = [];
    for (const error of ["throttle", "server-error", "expired-credentials"]) {
      verdict = { kind: "error", error, delayMs: 0 };
      codes.push(await put("refused"));
    }
    verdict = { kind: "reset", delayMs: 0 };
    const reset = await put("reset");
    verdict = { kind: "pass", delayMs: 1, dropReply: true, staleMs: 0 };
    const dropped = await put("effect");
    verdict = { kind: "pass", delayMs: 0, dropReply: false, staleMs: 0 };
    const { Contents } = await client.send(new ListObjectsV2Command({ Bucket: "faulty" }));
    expect(codes).toEqual(["SlowDown", "InternalError", "ExpiredToken"]);
    expect([reset === "none", dropped === "none", Contents?.map((one) => one.Key)]).toEqual([false, false, ["effect"]]);
    expect(calls[1]).toEqual({ service: "s3", action: "PutObject", region: "eu-west-1" });
  } finally {
    await faulty.stop();
  }
});

test("nothing of all this was unexpected to the server", () => {
  expect(run.log).toEqual([]);
});
