import { AwsError, invalidValue, missing } from "./errors.ts";

/**
 * The parameters of one Query call, read by name ("ImageId") or as numbered lists ("InstanceId.1"). Remembers what was
 * asked for, so that `refuseUnknown` can name what the action does not have.
 */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;
  readonly #prefix: string;
  readonly #used: Set<string>;

  constructor(values: ReadonlyMap<string, string>, prefix = "", used: Set<string> = new Set()) {
    this.#values = values;
    this.#prefix = prefix;
    this.#used = used;
  }

  /** Undefined when absent; empty text counts as given. */
  text(name: string): string | undefined {
    this.#used.add(this.#prefix + name);
    return this.#values.get(this.#prefix + name);
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === "") throw missing(this.#prefix + name);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value)) throw invalidValue(this.#prefix + name, value, "It must be an integer.");
    return Number(value);
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value !== "true" && value !== "false") throw invalidValue(this.#prefix + name, value);
    return value === "true";
  }

  /** Values of Name.1, Name.2, … in the order of their numbers. */
  list(name: string): string[] {
    return this.#numbers(name).map((number) => this.required(`${name}.${number}`));
  }

  /** The structures Name.1.…, Name.2.…, in the order of their numbers. */
  structures(name: string): Parameters[] {
    return this.#numbers(name).map((number) => this.structure(`${name}.${number}`));
  }

  structure(name: string): Parameters {
    return new Parameters(this.#values, `${this.#prefix}${name}.`, this.#used);
  }

  has(name: string): boolean {
    const full = this.#prefix + name;
    for (const key of this.#values.keys()) if (key === full || key.startsWith(`${full}.`)) return true;
    return false;
  }

  /** Parameters that AWS has and that have no effect in the lab. */
  ignore(...names: readonly string[]): void {
    for (const name of names)
      for (const key of this.#values.keys()) {
        const full = this.#prefix + name;
        if (key === full || key.startsWith(`${full}.`)) this.#used.add(key);
      }
  }

  refuseUnknown(): void {
    for (const key of this.#values.keys())
      if (!this.#used.has(key)) throw new AwsError("UnknownParameter", `The parameter ${key} is not recognized`);
  }

  /** Everything but the client token, in one form whatever the order: two calls with the same are the same call. */
  fingerprint(): string {
    const own = [...this.#values].filter(([key]) => key !== "ClientToken" && key !== "DryRun");
    return JSON.stringify(own.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #numbers(name: string): number[] {
    const start = `${this.#prefix}${name}.`;
    const numbers = new Set<number>();
    for (const key of this.#values.keys()) {
      if (!key.startsWith(start)) continue;
      const number = key.slice(start.length).split(".", 1)[0] ?? "";
      if (/^\d{1,6}$/.test(number)) numbers.add(Number(number));
    }
    return [...numbers].sort((a, b) => a - b);
  }
}
