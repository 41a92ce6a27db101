/** Exit codes of `erpctl`; docs/image-contract.md promises them to the console. */
export const EXIT = { done: 0, failed: 1, malformed: 2, refused: 3, noDataVolume: 4, notSetUp: 5 } as const;
export type RefusalKind = Exclude<keyof typeof EXIT, "done">;

/** What a host answers to its operator instead of doing what was asked. */
export class Refusal extends Error {
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
