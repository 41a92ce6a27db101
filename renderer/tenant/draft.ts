import { profileOf } from "../../shared/policy/profiles.ts";
import type {
  Edition,
  EnvironmentKind,
  ImageOption,
  ProvisionOptions,
  Service,
  SizeOption,
} from "../../shared/tenant/model.ts";

/** What the operator typed so far. null: not touched, takes the default that fits the rest. */
export interface Draft {
  readonly customer: string;
  readonly service: Service;
  readonly edition: Edition | null;
  readonly accountId: string | null;
  readonly region: string | null;
  readonly version: string | null;
  readonly prefix: string | null;
  readonly productionType: string | null;
  readonly productionGiB: number | null;
  readonly withSecond: boolean;
  readonly secondType: string | null;
  readonly secondGiB: number | null;
  readonly users: number | null;
  readonly posTerminals: number | null;
  readonly invoiceDate: string | null;
  readonly owner: string | null;
  readonly zone: string | null;
  readonly sshFrom: readonly string[];
  /** Reasons for going ahead despite a refusal, by rule. */
  readonly overrides: Readonly<Record<string, string>>;
}

export const EMPTY_DRAFT: Draft = {
  customer: "",
  service: "openbravo",
  edition: null,
  accountId: null,
  region: null,
  version: null,
  prefix: null,
  productionType: null,
  productionGiB: null,
  withSecond: true,
  secondType: null,
  secondGiB: null,
  users: null,
  posTerminals: null,
  invoiceDate: null,
  owner: null,
  zone: null,
  sshFrom: [],
  overrides: {},
};

/** A kept draft of an older window may lack fields; anything that is no object is forgotten. */
export function parseDraft(kept: unknown): Draft | undefined {
  if (typeof kept !== "object" || kept === null) return undefined;
  return { ...EMPTY_DRAFT, ...kept } as Draft;
}

/** The draft with every default filled in: exactly what would be ordered. */
export interface Order {
  readonly customer: string;
  readonly service: Service;
  readonly edition: Edition;
  readonly accountId: string;
  readonly region: string;
  readonly version: string;
  readonly prefix: string;
  readonly environments: readonly { kind: EnvironmentKind; instanceType: string; volumeGiB: number }[];
  readonly users: number;
  readonly posTerminals: number;
  readonly invoiceDate: string;
  readonly owner: string;
  readonly zone: string;
  readonly sshFrom: readonly string[];
  readonly overrides: Readonly<Record<string, string>>;
}

/** What the defaults depend on beside the draft. */
export interface Surroundings {
  readonly options: ProvisionOptions;
  /** Plain date of today at the operator's desk. */
  readonly today: string;
  readonly zone: string;
}

const DEFAULT_PRODUCTION_GIB = 100;
/** The smallest size that runs an ERP with its database comfortably. */
const COMFORTABLE = { vcpus: 4, memoryMiB: 16_384 };

const natural = new Intl.Collator("en", { numeric: true });

/** "Müller & Söhne GmbH" → "muller-sohne-gmbh": a prefix that follows the customer's name. */
export function prefixFrom(customer: string): string {
  return customer
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
}

/** The kind that the service's contract offers beside production. */
export function secondKind(service: Service): EnvironmentKind {
  return profileOf(service).environments.find(({ kind }) => kind !== "production")?.kind ?? "test";
}

export const editionsOf = (service: Service): Edition[] =>
  profileOf(service).editions.sold.map(({ edition }) => edition);

/** Images of the service in the region, newest first. */
export function imagesOf(options: ProvisionOptions, service: Service, region: string): ImageOption[] {
  return options.images
    .filter((image) => image.service === service && image.region === region)
    .sort((a, b) => natural.compare(b.version, a.version));
}

export const bySize = (a: SizeOption, b: SizeOption) =>
  a.vcpus - b.vcpus || a.memoryMiB - b.memoryMiB || natural.compare(a.instanceType, b.instanceType);

/** The largest size within the contract's share of production; the smallest there is, if none fits. */
export function halfSize(sizes: readonly SizeOption[], production: string, percent: number): SizeOption | undefined {
  const sorted = sizes.toSorted(bySize);
  const whole = sorted.find(({ instanceType }) => instanceType === production);
  if (!whole) return sorted[0];
  const fits = (size: SizeOption) =>
    size.vcpus * 100 <= whole.vcpus * percent && size.memoryMiB * 100 <= whole.memoryMiB * percent;
  return sorted.findLast(fits) ?? sorted[0];
}

/** Fills in every default. Pure: the same draft and surroundings give the same order. */
export function orderOf(draft: Draft, { options, today, zone }: Surroundings): Order {
  const profile = profileOf(draft.service);
  const account = options.accounts.find(({ id }) => id === draft.accountId) ?? options.accounts[0];
  const regions = account?.regions ?? [];
  const region =
    regions.find((one) => one === draft.region) ??
    regions.find((one) => profile.regions.allowed?.includes(one)) ??
    regions[0] ??
    "";
  const images = imagesOf(options, draft.service, region);
  const version = images.find((image) => image.version === draft.version) ?? images[0];
  const editions = editionsOf(draft.service);
  const edition = editions.find((one) => one === draft.edition) ?? editions[0] ?? "business";
  const sold = profile.editions.sold.find((one) => one.edition === edition);

  const sorted = options.sizes.toSorted(bySize);
  const productionType =
    sorted.find(({ instanceType }) => instanceType === draft.productionType) ??
    sorted.find(({ vcpus, memoryMiB }) => vcpus >= COMFORTABLE.vcpus && memoryMiB >= COMFORTABLE.memoryMiB) ??
    sorted.at(-1);
  const productionGiB = draft.productionGiB ?? DEFAULT_PRODUCTION_GIB;
  const kind = secondKind(draft.service);
  const percent = profile.environments.find((one) => one.kind === kind)?.maximumPercentOfProduction ?? 50;
  const secondType =
    sorted.find(({ instanceType }) => instanceType === draft.secondType) ??
    halfSize(sorted, productionType?.instanceType ?? "", percent);

  return {
    customer: draft.customer.trim(),
    service: draft.service,
    edition,
    accountId: account?.id ?? "",
    region,
    version: version?.version ?? "",
    prefix: draft.prefix ?? prefixFrom(draft.customer),
    environments: [
      { kind: "production", instanceType: productionType?.instanceType ?? "", volumeGiB: productionGiB },
      ...(draft.withSecond
        ? [
            {
              kind,
              instanceType: secondType?.instanceType ?? "",
              volumeGiB: draft.secondGiB ?? Math.max(1, Math.floor((productionGiB * percent) / 100)),
            },
          ]
        : []),
    ],
    users: draft.users ?? sold?.minimumUsers ?? 20,
    posTerminals: draft.posTerminals ?? sold?.minimumPosTerminals ?? 0,
    invoiceDate: draft.invoiceDate ?? today,
    owner: draft.owner ?? options.owners[0] ?? "",
    zone: draft.zone ?? zone,
    sshFrom: draft.sshFrom,
    // A reason of fewer than three characters is still being typed.
    overrides: Object.fromEntries(Object.entries(draft.overrides).filter(([, reason]) => reason.trim().length >= 3)),
  };
}

export const WIZARD_STEPS = ["customer", "environments", "address", "licence", "plan"] as const;
export type WizardStep = (typeof WIZARD_STEPS)[number];

const STEP_OF_RULE: Readonly<Record<string, WizardStep>> = {
  R76: "customer",
  R112: "customer",
  R1: "environments",
  R8: "environments",
  R26: "licence",
  R27: "environments",
  R28: "environments",
  R42: "environments",
  R46: "environments",
  R18: "environments",
  quota: "environments",
  R10: "address",
  R11: "address",
  R12: "address",
  R14: "address",
  R15: "address",
  R16: "address",
  R77: "licence",
  R78: "licence",
  R80: "licence",
  R3: "licence",
};

/** The step whose fields decide about a rule. */
export const stepOfRule = (rule: string): WizardStep => STEP_OF_RULE[rule] ?? "plan";

const STEP_OF_FIELD: Readonly<Record<string, WizardStep>> = {
  customer: "customer",
  service: "customer",
  edition: "customer",
  version: "environments",
  environments: "environments",
  accountId: "address",
  region: "address",
  prefix: "address",
  sshFrom: "address",
  users: "licence",
  posTerminals: "licence",
  invoiceDate: "licence",
  owner: "licence",
  zone: "licence",
  activationKey: "licence",
};

/** The step that holds a field of the order. */
export const stepOfField = (field: string): WizardStep => STEP_OF_FIELD[field] ?? "plan";
