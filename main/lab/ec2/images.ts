import type { Action } from "./call.ts";
import { findSeen } from "./call.ts";
import { paginate, readFilters } from "./listing.ts";
import { ACCOUNT_ID, type Image } from "./model.ts";
import { fixedId, REGION_NAMES } from "./regions.ts";
import { tagSetXml, tagsOf } from "./tags.ts";
import { items } from "./xml.ts";

export const ROOT_DEVICE = "/dev/sda1";
const ROOT_GIB = 8;
const UBUNTU_ACCOUNT = "099720109477";

type Product = "openbravo" | "acumatica";

interface Release {
  readonly product: Product;
  readonly version: string;
  readonly releasedAt: string;
  /** Regions that its image was never copied to. */
  readonly missingIn?: readonly string[];
}

/** The golden images that the vendor publishes, oldest first. */
export const RELEASES: readonly Release[] = [
  { product: "openbravo", version: "25Q1", releasedAt: "2025-03-18", missingIn: ["us-east-1", "ca-central-1"] },
  { product: "openbravo", version: "25Q2", releasedAt: "2025-06-17" },
  { product: "openbravo", version: "25Q3", releasedAt: "2025-09-16" },
  { product: "openbravo", version: "25Q4", releasedAt: "2025-12-16" },
  { product: "openbravo", version: "26Q1", releasedAt: "2026-03-17" },
  { product: "openbravo", version: "26Q2", releasedAt: "2026-06-16" },
  { product: "openbravo", version: "26Q3", releasedAt: "2026-09-15", missingIn: ["ca-central-1"] },
  { product: "acumatica", version: "2024R2", releasedAt: "2024-10-01", missingIn: ["eu-west-1"] },
  { product: "acumatica", version: "2025R1", releasedAt: "2025-04-01" },
  { product: "acumatica", version: "2025R2", releasedAt: "2025-10-01" },
  { product: "acumatica", version: "2026R1", releasedAt: "2026-04-01" },
  { product: "acumatica", version: "2026R2", releasedAt: "2026-10-01", missingIn: ["eu-west-1"] },
];

export const imageId = (region: string, product: Product | "ubuntu", version: string): string =>
  fixedId("ami", region, product, version);

/** Every image of every region, with its tags. */
export function publishedImages(): { image: Image; tags: Record<string, string> }[] {
  return REGION_NAMES.flatMap((region) => [
    ...RELEASES.filter(({ missingIn }) => !missingIn?.includes(region)).map(({ product, version, releasedAt }) => ({
      image: {
        id: imageId(region, product, version),
        region,
        createdAt: Date.parse(releasedAt),
        name: `fleetwright-${product}-${version}-${releasedAt.replaceAll("-", "")}`,
        description: `${product === "openbravo" ? "Openbravo" : "Acumatica"} ${version} on Ubuntu 24.04 LTS`,
        owner: "self" as const,
        rootGiB: ROOT_GIB,
      },
      tags: {
        Name: `${product} ${version}`,
        "fleetwright:product": product,
        "fleetwright:version": version,
        "fleetwright:ssh-user": "ubuntu",
      },
    })),
    {
      image: {
        id: imageId(region, "ubuntu", "24.04"),
        region,
        createdAt: Date.parse("2026-02-10"),
        name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260210",
        description: "Canonical, Ubuntu, 24.04, amd64 noble image",
        owner: "ubuntu" as const,
        rootGiB: ROOT_GIB,
      },
      tags: {},
    },
  ]);
}

const ownerOf = (image: Image): string => (image.owner === "self" ? ACCOUNT_ID : UBUNTU_ACCOUNT);

export const describeImages: Action = (call) => {
  const { parameters } = call;
  const ids = parameters.list("ImageId");
  const owners = parameters.list("Owner");
  const executable = parameters.list("ExecutableBy");
  parameters.ignore("IncludeDeprecated", "IncludeDisabled");
  for (const id of ids) findSeen(call, "images", id);
  const ownedBy = (image: Image): boolean =>
    owners.some(
      (owner) =>
        owner === ownerOf(image) ||
        (owner === "self" && image.owner === "self") ||
        (owner === "amazon" && image.owner === "ubuntu"),
    );
  const matches = readFilters<Image>(
    call,
    {
      "image-id": (image) => image.id,
      name: (image) => image.name,
      description: (image) => image.description,
      state: () => "available",
      architecture: () => "x86_64",
      "owner-id": ownerOf,
      "owner-alias": (image) => (image.owner === "ubuntu" ? "amazon" : null),
      "is-public": (image) => String(image.owner === "ubuntu"),
      "image-type": () => "machine",
      "root-device-type": () => "ebs",
      "root-device-name": () => ROOT_DEVICE,
      "virtualization-type": () => "hvm",
      hypervisor: () => "xen",
      "creation-date": (image) => new Date(image.createdAt).toISOString(),
    },
    (image) => tagsOf(call, image.id),
  );
  const asked = call.seen
    .all("images", call.region)
    .filter(
      (image) =>
        (ids.length === 0 || ids.includes(image.id)) &&
        (owners.length === 0 || ownedBy(image)) &&
        (executable.length === 0 || (executable.includes("all") ? image.owner === "ubuntu" : image.owner === "self")) &&
        matches(image),
    );
  const page = paginate(call, asked, (image) => image.id, { min: 1, max: 1000 });
  return {
    imagesSet: items(
      page.rows.map((image) => ({
        imageId: image.id,
        imageLocation: `${ownerOf(image)}/${image.name}`,
        imageState: "available",
        imageOwnerId: ownerOf(image),
        imageOwnerAlias: image.owner === "ubuntu" ? "amazon" : null,
        isPublic: image.owner === "ubuntu",
        creationDate: new Date(image.createdAt),
        architecture: "x86_64",
        imageType: "machine",
        name: image.name,
        description: image.description,
        rootDeviceType: "ebs",
        rootDeviceName: ROOT_DEVICE,
        blockDeviceMapping: items([
          {
            deviceName: ROOT_DEVICE,
            ebs: { volumeSize: image.rootGiB, volumeType: "gp3", deleteOnTermination: true, encrypted: false },
          },
        ]),
        virtualizationType: "hvm",
        hypervisor: "xen",
        enaSupport: true,
        platformDetails: "Linux/UNIX",
        tagSet: tagSetXml(call, image.id),
      })),
    ),
    nextToken: page.nextToken,
  };
};
