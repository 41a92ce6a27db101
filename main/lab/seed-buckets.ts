import { createHash, createHmac } from "node:crypto";
import { request } from "node:http";
import { ACCOUNT_ID } from "./ec2/model.ts";
import { REGION_NAMES } from "./ec2/regions.ts";
import type { LabKeys } from "./keys.ts";
import { deriveSigningKey } from "./sigv4.ts";

const README = "Backups and evidence of the tenants in this region. Made by the lab; nothing here is real.\n";

/** Makes one bucket per region over the lab's own S3, as any client would. What is there stays. */
export async function seedBuckets(s3: string, keys: LabKeys): Promise<void> {
  for (const region of REGION_NAMES) {
    const bucket = `fleetwright-backups-${ACCOUNT_ID}-${region}`;
    const location =
      region === "us-east-1"
        ? ""
        : `<CreateBucketConfiguration><LocationConstraint>${region}</LocationConstraint></CreateBucketConfiguration>`;
    await put(s3, `/${bucket}`, region, location, keys);
    await put(s3, `/${bucket}/README.txt`, region, README, keys);
  }
}

async function put(s3: string, path: string, region: string, body: string, keys: LabKeys): Promise<void> {
  const { host } = new URL(s3);
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = date.slice(0, 8);
  const hash = createHash("sha256").update(body).digest("hex");
  const signed = "host;x-amz-content-sha256;x-amz-date";
  const canonical = [
    "PUT",
    path,
    "",
    `host:${host}`,
    `x-amz-content-sha256:${hash}`,
    `x-amz-date:${date}`,
    "",
    signed,
    hash,
  ].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const signature = createHmac("sha256", deriveSigningKey(keys.accessKey.secret, day, region, "s3"))
    .update(text)
    .digest("hex");
  const status = await new Promise<number>((resolve, reject) => {
    const headers = {
      host,
      "content-length": Buffer.byteLength(body),
      "x-amz-content-sha256": hash,
      "x-amz-date": date,
      authorization: `AWS4-HMAC-SHA256 Credential=${keys.accessKey.id}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
    };
    request(new URL(path, s3), { method: "PUT", headers, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    })
      .once("error", reject)
      .end(body);
  });
  if (status !== 200 && status !== 409) throw new Error(`seeding ${path} got HTTP ${status}`);
}
