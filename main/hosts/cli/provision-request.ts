import type { z } from "zod";
import { AppError } from "../../../shared/errors.ts";
import { ProvisionRequest } from "../../../shared/tenant/model.ts";
import { usageError } from "./usage.ts";

export interface ProvisionFlags {
  readonly customer?: string;
  readonly service?: string;
  readonly edition?: string;
  readonly prefix?: string;
  readonly version?: string;
  readonly region?: string;
  readonly account?: string;
  readonly production?: string;
  readonly test?: string;
  readonly sandbox?: string;
  readonly users?: number;
  readonly pos?: number;
  readonly invoiceDate?: string;
  readonly owner?: string;
  readonly zone?: string;
  readonly sshFrom?: readonly string[];
  readonly override?: readonly (readonly [string, string])[];
}

const FLAG_OF: Readonly<Record<string, string>> = {
  accountId: "--account",
  posTerminals: "--pos",
  invoiceDate: "--invoice-date",
  environments: "--production",
  overrides: "--override",
  sshFrom: "--ssh-from",
};

/**
 * The order that flags and a file make together; flags win. Throws InvalidInput naming every flag that is missing or
 * wrong at once.
 */
export function provisionRequest(
  flags: ProvisionFlags,
  file: unknown,
  accountId: string | undefined,
): z.infer<typeof ProvisionRequest> {
  const base = file === undefined ? {} : file;
  if (typeof base !== "object" || base === null || Array.isArray(base)) {
    throw usageError("The request is not a JSON object.", "Give an object with the fields of a provisioning request.");
  }
  const given = {
    customer: flags.customer,
    service: flags.service,
    edition: flags.edition,
    prefix: flags.prefix,
    version: flags.version,
    accountId,
    region: flags.region,
    environments: environments(flags),
    users: flags.users,
    posTerminals: flags.pos,
    invoiceDate: flags.invoiceDate,
    owner: flags.owner,
    zone: flags.zone,
    sshFrom: flags.sshFrom,
    overrides: flags.override && Object.fromEntries(flags.override),
  };
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const order: Record<string, unknown> = { users: 0, posTerminals: 0, ...base, ...said };
  const parsed = ProvisionRequest.safeParse(order);
  if (parsed.success) return parsed.data;

  const wrong = parsed.error.issues.map((issue) => {
    const field = issue.path.map(String).join(".");
    const name = FLAG_OF[field] ?? (field.includes(".") ? field : `--${field}`);
    return {
      field,
      message: order[field] === undefined && !field.includes(".") ? `${name} is missing` : `${name}: ${issue.message}`,
    };
  });
  throw new AppError("InvalidInput", `Nothing was done: ${wrong.map(({ message }) => message).join("; ")}.`, {
    retryable: false,
    fields: wrong,
    next: "Give these flags, or the same fields in a JSON file with --file.",
  });
}

function environments(flags: ProvisionFlags): readonly object[] | undefined {
  const given = (["production", "test", "sandbox"] as const).flatMap((kind) => {
    const size = flags[kind];
    return size === undefined ? [] : [{ kind, ...environmentSize(kind, size) }];
  });
  return given.length > 0 ? given : undefined;
}

/** Reads "m6i.large:100": instance type and gibibytes of the data volume. */
function environmentSize(kind: string, text: string): { readonly instanceType: string; readonly volumeGiB: number } {
  const found = /^([a-z0-9][a-z0-9.-]*):(\d{1,6})$/i.exec(text);
  if (!found) throw usageError(`--${kind} ${text} is not TYPE:GiB.`, `Write it like: --${kind} m6i.large:100`);
  return { instanceType: found[1] ?? "", volumeGiB: Number(found[2]) };
}
