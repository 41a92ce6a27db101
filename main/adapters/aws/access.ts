import { readFileSync } from "node:fs";
import { Agent as HttpsAgent } from "node:https";
import { EC2Client } from "@aws-sdk/client-ec2";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import { fromIni } from "@aws-sdk/credential-providers";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Account } from "../../../shared/settings/model.ts";

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** One account in one region, with clients that share connections. */
export interface AwsAccess {
  readonly account: Account;
  readonly region: string;
  readonly ec2: EC2Client;
  readonly sts: STSClient;
  /** Sends each call once: for what has no client token, where a repeated call would make a second thing. */
  readonly ec2Once: EC2Client;
  /** Loaded on first use: most runs of the command line never need it. */
  s3(): Promise<S3Client>;
  end(): void;
}

export interface AwsAccounts {
  /** `account` is a stored account; keys are asked for at each signature, so that renewed ones are used at once. */
  access(account: Account, region: string): AwsAccess;
  /** Forgets clients of an account that changed or went. */
  forget(accountId: string): void;
  stop(): void;
}

const CONNECT_MS = 5_000;
const ANSWER_MS = 30_000;

/** `keys` reads an account's keys from the vault; it may throw VaultLocked. */
export function awsAccounts(keys: (accountId: string) => Promise<AwsKeys>): AwsAccounts {
  const known = new Map<string, AwsAccess>();

  return {
    access(account, region) {
      const name = `${account.id}/${region}`;
      const existing = known.get(name);
      if (existing) return existing;
      const common = {
        region,
        credentials:
          account.credentials.kind === "profile"
            ? fromIni({ profile: account.credentials.profile ?? "default" })
            : () => keys(account.id),
        maxAttempts: 2, // a job shows and paces its own retries; two hide a single dropped connection
        requestHandler: new NodeHttpHandler({
          connectionTimeout: CONNECT_MS,
          requestTimeout: ANSWER_MS,
          ...(account.endpoints.caFile
            ? { httpsAgent: new HttpsAgent({ keepAlive: true, ca: readFileSync(account.endpoints.caFile) }) }
            : {}),
        }),
      };
      const ec2 = { ...common, ...(account.endpoints.ec2 ? { endpoint: account.endpoints.ec2 } : {}) };
      let s3: Promise<S3Client> | undefined;
      const clients = {
        ec2: new EC2Client(ec2),
        ec2Once: new EC2Client({ ...ec2, maxAttempts: 1 }),
        sts: new STSClient({ ...common, ...(account.endpoints.sts ? { endpoint: account.endpoints.sts } : {}) }),
      };
      const access: AwsAccess = {
        account,
        region,
        ...clients,
        s3: () => (s3 ??= openS3(common, account.endpoints.s3)),
        end() {
          for (const client of Object.values(clients)) client.destroy();
          s3?.then(
            (client) => client.destroy(),
            () => undefined,
          );
        },
      };
      known.set(name, access);
      return access;
    },
    forget(accountId) {
      for (const [name, access] of known) {
        if (access.account.id !== accountId) continue;
        access.end();
        known.delete(name);
      }
    },
    stop() {
      for (const access of known.values()) access.end();
      known.clear();
    },
  };
}

async function openS3(common: S3ClientConfig, endpoint: string | undefined): Promise<S3Client> {
  const { S3Client: Client } = await import("@aws-sdk/client-s3");
  // Other endpoints have no host name for each bucket, and not all know the newer checksums.
  const elsewhere: S3ClientConfig = {
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  };
  return new Client({ ...common, ...(endpoint ? { endpoint, ...elsewhere } : {}) });
}
