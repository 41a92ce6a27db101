import type { JobRun } from "../jobs/index.ts";

export interface Question {
  readonly question: string;
  readonly facts?: Readonly<Record<string, string>>;
  readonly options: readonly { readonly id: string; readonly label: string; readonly danger?: boolean }[];
}

/** A run that can put a question to people and wait for the answer. */
export interface Deciding extends JobRun {
  decide(
    name: string,
    question: Question,
  ): Promise<{ readonly option: string; readonly reason: string; readonly by: string }>;
}

export const deciding = (job: JobRun): Deciding => job as Deciding;
