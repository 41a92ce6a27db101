import { execFile, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { imageId } from "../../../../main/lab/ec2/images.ts";
import { type TestLab, testLab } from "./lab-for-tests.ts";

const AWS = "/usr/bin/aws";
const PYTHON = "/usr/bin/python3";
const run = promisify(execFile);
const required = process.env.CI === "true" || process.env.CI === "1";
const hasAws = existsSync(AWS);
const hasBoto = (() => {
  try {
    execFileSync(PYTHON, ["-c", "import boto3"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

let one: TestLab;

beforeAll(async () => {
  one = await testLab();
});

const environment = (): NodeJS.ProcessEnv => ({
  PATH: "/usr/bin:/bin",
  HOME: one.folder,
  AWS_ACCESS_KEY_ID: one.lab.ready.accessKeyId,
  AWS_SECRET_ACCESS_KEY: one.lab.ready.secretAccessKey,
  AWS_DEFAULT_REGION: "eu-west-1",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_PAGER: "",
});

async function aws(service: "ec2" | "sts", ...words: string[]): Promise<Record<string, never>> {
  const { stdout } = await run(AWS, ["--endpoint-url", one.lab.ready[service], "--output", "json", service, ...words], {
    env: environment(),
  });
  return stdout.trim() ? JSON.parse(stdout) : {};
}

const failure = (...words: string[]): Promise<string> =>
  aws("ec2", ...words).then(
    () => "none",
    (error: { stderr: string }) => /\((\w[\w.]*)\)/.exec(error.stderr)?.[1] ?? error.stderr,
  );

describe.skipIf(!hasAws && !required)("the aws command line", () => {
  test("runs an instance, waits for it, snapshots its volume and copies the snapshot to another region", async () => {
    expect(await aws("sts", "get-caller-identity")).toMatchObject({ Account: "111122223333" });
    const launched = (await aws(
      "ec2",
      "run-instances",
      "--image-id",
      imageId("eu-west-1", "openbravo", "26Q2"),
      "--instance-type",
      "t3.small",
      "--key-name",
      "fleetwright-operator",
      "--user-data",
      "#!/bin/sh\necho 'é'\n",
      "--block-device-mappings",
      "DeviceName=/dev/sdf,Ebs={VolumeSize=7,DeleteOnTermination=true}",
      "--tag-specifications",
      "ResourceType=instance,Tags=[{Key=Name,Value='a; b'}]",
    )) as unknown as { Instances: { InstanceId: string }[] };
    const id = launched.Instances[0]?.InstanceId ?? "";
    await aws("ec2", "wait", "instance-running", "--instance-ids", id);
    const read = (await aws("ec2", "describe-instances", "--filters", "Name=tag:Name,Values=a*")) as unknown as {
      Reservations: {
        Instances: { State: { Name: string }; BlockDeviceMappings: { Ebs: { VolumeId: string } }[] }[];
      }[];
    };
    const [found] = read.Reservations[0]?.Instances ?? [];
    expect(found?.State.Name).toBe("running");
    expect(one.room.on.get(id)?.userData).toBe("#!/bin/sh\necho 'é'\n");
    const output = (await aws("ec2", "get-console-output", "--instance-id", id)) as unknown as { Output: string };
    expect(output.Output).toContain("SSH HOST KEY FINGERPRINTS");

    const volume = found?.BlockDeviceMappings[1]?.Ebs.VolumeId ?? "";
    const snapshot = (await aws(
      "ec2",
      "create-snapshot",
      "--volume-id",
      volume,
      "--description",
      "by hand",
    )) as unknown as {
      SnapshotId: string;
    };
    await aws("ec2", "wait", "snapshot-completed", "--snapshot-ids", snapshot.SnapshotId);
    const copied = (await aws(
      "ec2",
      "copy-snapshot",
      "--region",
      "us-east-1",
      "--source-region",
      "eu-west-1",
      "--source-snapshot-id",
      snapshot.SnapshotId,
    )) as unknown as { SnapshotId: string };
    await aws("ec2", "wait", "snapshot-completed", "--region", "us-east-1", "--snapshot-ids", copied.SnapshotId);

    await aws("ec2", "stop-instances", "--instance-ids", id);
    await aws("ec2", "wait", "instance-stopped", "--instance-ids", id);
    await aws("ec2", "terminate-instances", "--instance-ids", id);
    await aws("ec2", "wait", "instance-terminated", "--instance-ids", id);
  });

  test("reads every list that the lab has", async () => {
    const lists = [
      "regions",
      "availability-zones",
      "account-attributes",
      "images",
      "instance-types",
      "instance-status",
      "volumes",
      "snapshots",
      "tags",
      "key-pairs",
      "security-groups",
      "security-group-rules",
      "vpcs",
      "subnets",
      "addresses",
    ];
    const empty: string[] = [];
    const read = async (list: string): Promise<void> => {
      if (Object.keys(await aws("ec2", `describe-${list}`)).length === 0) empty.push(list);
    };
    while (lists.length > 0) await Promise.all(lists.splice(0, 3).map(read));
    expect(empty).toEqual([]);
  });

  test("shows AWS's error codes", async () => {
    expect(await failure("describe-instances", "--instance-ids", "i-00000000000000000")).toBe(
      "InvalidInstanceID.NotFound",
    );
    expect(await failure("create-volume", "--availability-zone", "eu-west-1a", "--size", "1", "--dry-run")).toBe(
      "DryRunOperation",
    );
    expect(await failure("describe-instances", "--region", "sa-east-1")).toBe("OptInRequired");
  });
});

const BOTO = `
import boto3, json, os, sys
ec2 = boto3.client("ec2", endpoint_url=sys.argv[1])
volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=3, TagSpecifications=[
  {"ResourceType": "volume", "Tags": [{"Key": "k", "Value": "<&>"}]}])["VolumeId"]
ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
pages = ec2.get_paginator("describe_instance_types").paginate(PaginationConfig={"PageSize": 10})
types = [one["InstanceType"] for page in pages for one in page["InstanceTypes"]]
try:
    ec2.delete_volume(VolumeId="vol-00000000000000000")
except ec2.exceptions.ClientError as error:
    code = error.response["Error"]["Code"]
tags = ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"]
account = boto3.client("sts", endpoint_url=sys.argv[2]).get_caller_identity()["Account"]
print(json.dumps({"types": len(types), "code": code, "tags": tags, "account": account}))
`;

describe.skipIf(!hasBoto && !required)("boto3", () => {
  test("creates, waits, pages and reads errors", async () => {
    const { stdout } = await run(PYTHON, ["-c", BOTO, one.lab.ready.ec2, one.lab.ready.sts], { env: environment() });
    expect(JSON.parse(stdout)).toMatchObject({
      code: "InvalidVolume.NotFound",
      tags: [{ Key: "k", Value: "<&>" }],
      account: "111122223333",
    });
  });
});
