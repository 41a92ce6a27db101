import { accessContract } from "./access/contract.ts";
import { calendarContract } from "./calendar/contract.ts";
import { fleetContract } from "./fleet/contract.ts";
import { jobsContract } from "./jobs/contract.ts";
import { labContract } from "./lab/contract.ts";
import { restoreContract } from "./restore/contract.ts";
import { maintenanceContract } from "./maintenance/contract.ts";
import { metricsContract } from "./metrics/contract.ts";
import { settingsContract } from "./settings/contract.ts";
import { slaContract } from "./sla/contract.ts";
import { snapshotContract } from "./snapshot/contract.ts";
import { tenantContract } from "./tenant/contract.ts";
import { terminalContract } from "./terminal/contract.ts";
import { termsContract } from "./terms/contract.ts";

/** The whole surface between the console and whatever shows or drives it. */
export const contract = {
  fleet: fleetContract,
  tenant: tenantContract,
  jobs: jobsContract,
  lab: labContract,
  settings: settingsContract,
  calendar: calendarContract,
  terminal: terminalContract,
  terms: termsContract,
  restore: restoreContract,
  snapshot: snapshotContract,
  access: accessContract,
  maintenance: maintenanceContract,
  metrics: metricsContract,
  sla: slaContract,
};
export type Contract = typeof contract;
