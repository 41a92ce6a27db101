import { Command } from "commander";
import { appVersion } from "../app-info.ts";
import { addAccessVerbs } from "./access-verbs.ts";
import { addAccountVerbs } from "./account-verbs.ts";
import { addJobVerbs } from "./job-verbs.ts";
import { addLabVerbs } from "./lab-verbs.ts";
import { addMetricsVerbs } from "./metrics-verbs.ts";
import { addPolicyVerbs } from "./policy-verbs.ts";
import { addRestoreVerbs } from "./restore-verbs.ts";
import { addSettingsVerbs } from "./settings-verbs.ts";
import { addSlaVerbs } from "./sla-verbs.ts";
import { addSnapshotVerbs } from "./snapshot-verbs.ts";
import { addSshVerb } from "./ssh-verb.ts";
import { addStartVerbs } from "./start-verbs.ts";
import { addTenantVerbs } from "./tenant-verbs.ts";
import { addTermsVerbs } from "./terms-verbs.ts";
import { oneOf } from "./usage.ts";
import { createVerbs, type Execute, withGlobals } from "./verbs.ts";
import { addWindowVerbs } from "./window-verbs.ts";

/** Every noun and verb. Describes only: what a verb needs is loaded when it runs. */
export function createProgram(execute: Execute): Command {
  const program = new Command("fleetwright")
    .description("Operations console for fleets of dedicated ERP instances on AWS.")
    .version(appVersion(), "--version", "print the version")
    .helpCommand(false)
    // A verb's --version (of the ERP) is not ours.
    .enablePositionalOptions()
    .showHelpAfterError("(--help shows what is possible)");
  withGlobals(program);
  const verbs = createVerbs(program, execute);

  addStartVerbs(program, verbs);
  addAccountVerbs(verbs);
  addTenantVerbs(verbs);
  addSshVerb(program, verbs);
  addRestoreVerbs(verbs);
  addJobVerbs(verbs);
  addWindowVerbs(verbs);
  addAccessVerbs(verbs);
  addTermsVerbs(verbs);
  addSnapshotVerbs(verbs);
  addMetricsVerbs(verbs);
  addSlaVerbs(verbs);
  addPolicyVerbs(verbs);
  addLabVerbs(verbs);
  addSettingsVerbs(verbs);

  program
    .command("completion <shell>")
    .description("print the completion script for bash, zsh or fish")
    .action(async (shell: string) => {
      const { completionScript, SHELLS } = await import("./completion.ts");
      const { writeOut } = program.configureOutput();
      writeOut?.(completionScript(program, oneOf(SHELLS)(shell)));
    });
  return program;
}
