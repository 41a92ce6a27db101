import {
  DescribeAccountAttributesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  type Image,
  type InstanceTypeInfo,
  paginateDescribeInstanceTypes,
} from "@aws-sdk/client-ec2";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { TAG } from "../../../shared/tenant/tags.ts";
import type { AwsAccess } from "./access.ts";
import { asAppError } from "./errors.ts";
import { fromTagList } from "./tags.ts";

export interface CatalogueImage {
  readonly imageId: string;
  readonly name: string;
  readonly product: string;
  readonly version: string;
  readonly sshUser: string;
  readonly createdAt: Date | null;
}

/** Golden images of the account itself: those that carry the product and version tags. */
export async function readImages(aws: AwsAccess): Promise<CatalogueImage[]> {
  try {
    const found = await aws.ec2.send(
      new DescribeImagesCommand({
        Owners: ["self"],
        Filters: [
          { Name: "tag-key", Values: [TAG.version] },
          { Name: "state", Values: ["available"] },
        ],
      }),
    );
    return (found.Images ?? []).map(toImage);
  } catch (error) {
    throw asAppError(error, "DescribeImages", aws.region);
  }
}

function toImage(image: Image): CatalogueImage {
  const tags = fromTagList(image.Tags);
  return {
    imageId: image.ImageId!,
    name: image.Name ?? image.ImageId!,
    product: tags[TAG.product] ?? "",
    version: tags[TAG.version] ?? "",
    sshUser: tags[TAG.sshUser] ?? "ubuntu",
    createdAt: image.CreationDate ? new Date(image.CreationDate) : null,
  };
}

export interface InstanceSize {
  readonly instanceType: string;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** Current-generation x86 sizes, smallest first. */
export async function readSizes(aws: AwsAccess): Promise<InstanceSize[]> {
  try {
    const sizes: InstanceSize[] = [];
    const pages = paginateDescribeInstanceTypes(
      { client: aws.ec2 },
      {
        Filters: [
          { Name: "current-generation", Values: ["true"] },
          { Name: "processor-info.supported-architecture", Values: ["x86_64"] },
        ],
      },
    );
    for await (const page of pages) sizes.push(...(page.InstanceTypes ?? []).map(toSize));
    return sizes.toSorted(
      (a, b) => a.vcpus - b.vcpus || a.memoryMiB - b.memoryMiB || (a.instanceType < b.instanceType ? -1 : 1),
    );
  } catch (error) {
    throw asAppError(error, "DescribeInstanceTypes", aws.region);
  }
}

const toSize = (type: InstanceTypeInfo): InstanceSize => ({
  instanceType: type.InstanceType!,
  vcpus: type.VCpuInfo?.DefaultVCpus ?? 0,
  memoryMiB: type.MemoryInfo?.SizeInMiB ?? 0,
});

/** How many more instances the account may run in the region; undefined where AWS does not say. */
export async function readInstanceQuota(aws: AwsAccess): Promise<{ limit: number; used: number } | undefined> {
  try {
    const [attributes, running] = await Promise.all([
      aws.ec2.send(new DescribeAccountAttributesCommand({ AttributeNames: ["max-instances" as never] })),
      aws.ec2.send(
        new DescribeInstancesCommand({
          Filters: [{ Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] }],
          MaxResults: 1000,
        }),
      ),
    ]);
    const value = attributes.AccountAttributes?.[0]?.AttributeValues?.[0]?.AttributeValue;
    if (value === undefined) return undefined;
    const used = (running.Reservations ?? []).reduce((sum, one) => sum + (one.Instances?.length ?? 0), 0);
    return { limit: Number(value), used };
  } catch (error) {
    throw asAppError(error, "DescribeAccountAttributes", aws.region);
  }
}

/** Whose credentials these are. */
export async function whoAmI(aws: AwsAccess): Promise<{ awsAccountId: string; arn: string }> {
  try {
    const identity = await aws.sts.send(new GetCallerIdentityCommand({}));
    return { awsAccountId: identity.Account ?? "", arn: identity.Arn ?? "" };
  } catch (error) {
    throw asAppError(error, "GetCallerIdentity", aws.region);
  }
}
