import type { Edition, EnvironmentKind, Service } from "../../shared/tenant/model.ts";

export interface SeedEnvironment {
  readonly kind: EnvironmentKind;
  readonly instanceType: string;
  readonly volumeGiB: number;
  readonly version: string;
  readonly stopped?: boolean;
}

/** One customer of the demonstration. Nobody real. */
export interface SeedTenant {
  readonly slug: string;
  readonly customer: string;
  readonly service: Service;
  readonly edition: Edition;
  readonly region: string;
  readonly zone: string;
  readonly owner: string;
  readonly users: number;
  readonly posTerminals: number;
  /** Since when its production runs. */
  readonly ageDays: number;
  readonly environments: readonly SeedEnvironment[];
  /** Nights without a backup, counted back from today. */
  readonly missedNights?: readonly number[];
  /** Nights since the last backup of a stopped production. */
  readonly quietNights?: number;
}

type Options = Partial<SeedEnvironment>;

const production = (instanceType: string, volumeGiB: number, version: string, more: Options = {}): SeedEnvironment => ({
  kind: "production",
  instanceType,
  volumeGiB,
  version,
  ...more,
});
const second =
  (kind: "test" | "sandbox") =>
  (instanceType: string, volumeGiB: number, version: string, more: Options = {}) => ({
    ...production(instanceType, volumeGiB, version, more),
    kind,
  });
const test = second("test");
const sandbox = second("sandbox");

/**
 * Thirteen customers in three regions: both services, every support state of a version, sizes from small to large, one
 * production that is stopped, one test environment that is, one customer whose name every layer must carry unharmed.
 */
export const SEED_TENANTS: readonly SeedTenant[] = [
  {
    slug: "boulangerie-lenoir",
    customer: "Boulangerie Lénoir & Fils",
    service: "openbravo",
    edition: "commerce",
    region: "eu-west-1",
    zone: "Europe/Paris",
    owner: "Atelier ERP",
    users: 25,
    posTerminals: 64,
    ageDays: 612,
    environments: [production("m6i.xlarge", 120, "26Q2"), test("t3.large", 60, "26Q3")],
  },
  {
    slug: "nordlys-mobler",
    customer: "Nordlys Møbler ApS",
    service: "openbravo",
    edition: "business",
    region: "eu-west-1",
    zone: "Europe/Copenhagen",
    owner: "Kontrast Partners",
    users: 60,
    posTerminals: 0,
    ageDays: 348,
    environments: [production("m6i.xlarge", 80, "25Q4"), test("t3.small", 40, "25Q4", { stopped: true })],
  },
  {
    slug: "kabushiki-trading",
    customer: `株式会社 O'Brien "Ünïcode" <b>&Söhne</b>; DROP TABLE x--é`,
    service: "openbravo",
    edition: "commerce",
    region: "eu-west-1",
    zone: "Asia/Tokyo",
    owner: "Atelier ERP",
    users: 12,
    posTerminals: 22,
    ageDays: 95,
    environments: [production("m5.xlarge", 60, "26Q1"), test("t3.small", 30, "26Q1")],
  },
  {
    slug: "iberica-moda",
    customer: "Ibérica Moda S.L.",
    service: "openbravo",
    edition: "commerce",
    region: "eu-west-1",
    zone: "Europe/Madrid",
    owner: "Orquesta Consulting",
    users: 140,
    posTerminals: 310,
    ageDays: 421,
    environments: [production("m6i.2xlarge", 500, "26Q3"), test("m6i.large", 250, "26Q3")],
  },
  {
    slug: "alpenrad-sport",
    customer: "Alpenrad Sport AG",
    service: "openbravo",
    edition: "business",
    region: "eu-west-1",
    zone: "Europe/Zurich",
    owner: "Kontrast Partners",
    users: 34,
    posTerminals: 8,
    ageDays: 497,
    environments: [production("r5.large", 200, "25Q2")],
  },
  {
    slug: "clyde-engineering",
    customer: "Clyde Engineering Ltd",
    service: "acumatica",
    edition: "select",
    region: "eu-west-1",
    zone: "Europe/London",
    owner: "Thistle Systems",
    users: 45,
    posTerminals: 0,
    ageDays: 233,
    environments: [production("m6i.xlarge", 160, "2025R2"), sandbox("t3.large", 80, "2026R1")],
  },
  {
    slug: "harbor-grocers",
    customer: "Harbor Grocers, Inc.",
    service: "openbravo",
    edition: "commerce",
    region: "us-east-1",
    zone: "America/New_York",
    owner: "Blue Anchor IT",
    users: 85,
    posTerminals: 190,
    ageDays: 540,
    environments: [production("m6i.2xlarge", 320, "26Q2"), test("m6i.large", 160, "26Q2")],
    missedNights: [9, 10],
  },
  {
    slug: "summit-industrial",
    customer: "Summit Industrial Supply",
    service: "acumatica",
    edition: "prime",
    region: "us-east-1",
    zone: "America/Denver",
    owner: "Mesa Cloud",
    users: 210,
    posTerminals: 0,
    ageDays: 388,
    environments: [production("m5.2xlarge", 600, "2026R1"), sandbox("m5.xlarge", 300, "2026R2")],
  },
  {
    slug: "pelican-supply",
    customer: "Pelican Supply Co.",
    service: "acumatica",
    edition: "essentials",
    region: "us-east-1",
    zone: "America/Chicago",
    owner: "Blue Anchor IT",
    users: 9,
    posTerminals: 0,
    ageDays: 61,
    environments: [production("t3.large", 50, "2025R2")],
  },
  {
    slug: "redwood-labs",
    customer: "Redwood Labs",
    service: "acumatica",
    edition: "select",
    region: "us-east-1",
    zone: "America/Los_Angeles",
    owner: "Mesa Cloud",
    users: 30,
    posTerminals: 0,
    ageDays: 3,
    environments: [production("m6i.large", 100, "2026R2"), sandbox("t3.medium", 50, "2026R2")],
  },
  {
    slug: "maple-hardware",
    customer: "Maple Hardware Ltd.",
    service: "acumatica",
    edition: "select",
    region: "ca-central-1",
    zone: "America/Toronto",
    owner: "Nordet Conseil",
    users: 52,
    posTerminals: 0,
    ageDays: 710,
    environments: [production("m5.xlarge", 240, "2025R1"), sandbox("t3.large", 120, "2025R2")],
  },
  {
    slug: "atelier-boreal",
    customer: "Atelier Boréal inc.",
    service: "openbravo",
    edition: "business",
    region: "ca-central-1",
    zone: "America/Toronto",
    owner: "Nordet Conseil",
    users: 28,
    posTerminals: 6,
    ageDays: 180,
    environments: [production("m6i.xlarge", 90, "26Q2"), test("t3.small", 45, "26Q2")],
  },
  {
    slug: "prairie-foods",
    customer: "Prairie Foods Cooperative",
    service: "acumatica",
    edition: "prime",
    region: "ca-central-1",
    zone: "America/Winnipeg",
    owner: "Nordet Conseil",
    users: 120,
    posTerminals: 0,
    ageDays: 377,
    environments: [production("m5.2xlarge", 400, "2026R1", { stopped: true })],
    quietNights: 12,
  },
];
