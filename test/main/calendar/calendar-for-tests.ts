import { createRouterClient } from "@orpc/server";
import { type CalendarPorts, type CalendarTenant, calendarArea, type TrainStop } from "../../../main/calendar/index.ts";
import type { Database } from "../../../main/database/index.ts";
import { noMailServer } from "../../../main/settings/index.ts";
import { shippedProfiles } from "../../../shared/policy/profiles.ts";
import type { WindowDraft } from "../../../shared/calendar/model.ts";

/** Openbravo in Dublin for a customer in Paris, Acumatica in Virginia for one in Denver. */
export const TENANTS: readonly CalendarTenant[] = [
  {
    id: "t-ob",
    slug: "albatros",
    customer: "Albatros & Fils",
    service: "openbravo",
    zone: "Europe/Paris",
    environments: [
      { kind: "production", region: "eu-west-1" },
      { kind: "test", region: "eu-west-1" },
    ],
  },
  {
    id: "t-ac",
    slug: "kestrel",
    customer: "Kestrel <Motors>",
    service: "acumatica",
    zone: "America/Denver",
    environments: [{ kind: "production", region: "us-east-1" }],
  },
];

/** How notices leave: to whom, by which server, and where the messages are kept. */
export interface Post {
  contacts: string[];
  mail: CalendarPorts["mail"];
  messages: string;
  machine: string;
}

export const NO_MAIL: CalendarPorts["mail"] = {
  isReady: () => false,
  sender: () => {
    throw noMailServer();
  },
  send: () => Promise.reject(noMailServer()),
};

/** The calendar on a database, with a clock that stands where the test puts it. */
export function calendarOn(
  database: Database,
  startsAt: string,
  tenants = TENANTS,
  mail: Partial<Post> = {},
  profileFor = shippedProfiles,
  trains: readonly TrainStop[] = [],
) {
  const clock = { now: new Date(startsAt) };
  const post = { contacts: [] as string[], machine: "desk-1", ...mail };
  const area = calendarArea({
    pool: database.pool,
    now: () => clock.now,
    tenants: async () => tenants,
    profiles: async () => profileFor,
    trains: async () => trains,
    contacts: async () => post.contacts,
    mail: post.mail ?? NO_MAIL,
    messages: post.messages ?? "/nowhere",
    machine: post.machine,
    operator: () => "Camille",
    changed: () => undefined,
  });
  return { api: createRouterClient(area.router), nextStarts: area.nextStarts, clock };
}

export function draft(change: Partial<WindowDraft> & Pick<WindowDraft, "startsAt">): WindowDraft {
  return {
    ...{ tenant: "albatros", environment: "production", kind: "application", minutes: 60, title: "Release 26Q3" },
    ...{ interrupts: true, impact: "The tills work off line.", overrides: {} },
    ...change,
  };
}
