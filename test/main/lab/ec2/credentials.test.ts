import { DescribeInstancesCommand, DescribeRegionsCommand, EC2Client, RunInstancesCommand } from "@aws-sdk/client-ec2";
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { beforeAll, expect, test } from "vitest";
import { imageId } from "../../../../main/lab/ec2/images.ts";
import { codeOf, rawCall, type TestLab, testLab } from "./lab-for-tests.ts";

let one: TestLab;

beforeAll(async () => {
  one = await testLab();
});

type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
const good = (): Keys => ({ accessKeyId: one.lab.ready.accessKeyId, secretAccessKey: one.lab.ready.secretAccessKey });
const asked = (keys: Keys, service: "ec2" | "sts", options: { region?: string; date?: Date } = {}) =>
  rawCall(
    one.lab.ready[service],
    service,
    keys,
    service === "ec2" ? "Action=DescribeRegions&Version=2016-11-15" : "Action=GetCallerIdentity&Version=2011-06-15",
    options,
  );

test("the right keys are told who they are", async () => {
  const identity = await one.sts().send(new GetCallerIdentityCommand({}));
  expect(identity).toMatchObject({ Account: "111122223333", Arn: "arn:aws:iam::111122223333:user/lab" });
});

test.each<[string, (keys: Keys) => Keys, { date?: Date; region?: string }, string, string]>([
  ["an unknown key", (keys) => ({ ...keys, accessKeyId: "AKIANOBODY" }), {}, "AuthFailure", "InvalidClientTokenId"],
  ["a wrong secret", (keys) => ({ ...keys, secretAccessKey: "wrong" }), {}, "AuthFailure", "SignatureDoesNotMatch"],
  ["a superfluous token", (keys) => ({ ...keys, sessionToken: "x" }), {}, "AuthFailure", "InvalidClientTokenId"],
  [
    "a clock an hour behind",
    (keys) => keys,
    { date: new Date(Date.now() - 3_600_000) },
    "AuthFailure",
    "SignatureDoesNotMatch",
  ],
  ["a region that is not enabled", (keys) => keys, { region: "ap-south-1" }, "OptInRequired", "OptInRequired"],
])("%s is refused with AWS's own codes", async (_, change, options, ec2, sts) => {
  expect((await asked(change(good()), "ec2", options)).code).toBe(ec2);
  expect((await asked(change(good()), "sts", options)).code).toBe(sts);
});

test("a call without a signature, or with half of one, is refused", async () => {
  const send = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { method: "POST", body: "Action=DescribeRegions", headers });
    return /<Code>([^<]*)</.exec(await response.text())?.[1];
  };
  for (const url of [one.lab.ready.ec2, one.lab.ready.sts]) {
    expect(await send(url)).toBe("MissingAuthenticationToken");
    expect(await send(url, { authorization: "AWS4-HMAC-SHA256 Credential=x" })).toBe("IncompleteSignature");
  }
});

test("a signature is not good for another body", async () => {
  const { ec2 } = one.lab.ready;
  const first = await rawCall(ec2, "ec2", good(), "Action=DescribeRegions");
  expect(first.status).toBe(200);
  const original = globalThis.fetch;
  globalThis.fetch = (url, init) => original(url, { ...init, body: "Action=DescribeInstances" });
  const changed = await rawCall(ec2, "ec2", good(), "Action=DescribeRegions").finally(() => {
    globalThis.fetch = original;
  });
  expect(changed).toMatchObject({ status: 401, code: "AuthFailure" });
});

test("temporary keys work for all services until they end, and only with their token", async () => {
  const { Credentials } = await one.sts().send(new GetSessionTokenCommand({ DurationSeconds: 900 }));
  const temporary: Keys = {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
  expect((await asked(temporary, "ec2")).status).toBe(200);
  expect((await asked(temporary, "sts")).status).toBe(200);
  const { sessionToken: _, ...withoutToken } = temporary;
  expect((await asked(withoutToken, "ec2")).code).toBe("AuthFailure");
  expect((await asked({ ...temporary, sessionToken: "other" }, "sts")).code).toBe("InvalidClientTokenId");
  const nested = new STSClient({
    region: "eu-west-1",
    endpoint: one.lab.ready.sts,
    credentials: temporary,
    maxAttempts: 1,
  });
  expect(await codeOf(nested.send(new GetSessionTokenCommand({})))).toBe("AccessDenied");
  nested.destroy();
});

test("an assumed role acts under its own name, and a read-only role may only read", async () => {
  const role = async (name: string) => {
    const reply = await one
      .sts()
      .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::111122223333:role/${name}`, RoleSessionName: "someone" }));
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = reply.Credentials ?? {};
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  };
  const credentials = await role("FleetReadOnly");
  const sts = new STSClient({ region: "eu-west-1", endpoint: one.lab.ready.sts, credentials });
  const ec2 = new EC2Client({ region: "eu-west-1", endpoint: one.lab.ready.ec2, credentials, maxAttempts: 1 });
  const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
  expect(Arn).toBe("arn:aws:sts::111122223333:assumed-role/FleetReadOnly/someone");
  expect(await codeOf(ec2.send(new DescribeInstancesCommand({})))).toBe("none");
  const run = new RunInstancesCommand({ ImageId: imageId("eu-west-1", "openbravo", "26Q2"), MinCount: 1, MaxCount: 1 });
  expect(await codeOf(ec2.send(run))).toBe("UnauthorizedOperation");
  ec2.destroy();
  sts.destroy();
  const foreign = new AssumeRoleCommand({
    RoleArn: "arn:aws:iam::999999999999:role/Other",
    RoleSessionName: "someone",
  });
  expect(await codeOf(one.sts().send(foreign))).toBe("AccessDenied");
  const short = new GetSessionTokenCommand({ DurationSeconds: 10 });
  expect(await codeOf(one.sts().send(short))).toBe("ValidationError");
});

test("every region of the lab is its own", async () => {
  for (const region of one.lab.ready.regions) {
    const reply = await one.ec2(region).send(new DescribeRegionsCommand({ RegionNames: [region] }));
    expect(reply.Regions).toHaveLength(1);
  }
});
