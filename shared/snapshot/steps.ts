/** Steps of a snapshot, in order. Stored: never rename. */
export const TAKE_STEPS = [
  "check identity",
  "check room",
  "read manifest",
  "hold still and snapshot",
  "check that it serves",
  "wait for snapshot",
  "write manifest",
] as const;

export const COPY_STEPS = ["copy to second region", "wait for copy"] as const;

export const takeSteps = (copyTo: string | null): readonly string[] =>
  copyTo === null ? TAKE_STEPS : [...TAKE_STEPS, ...COPY_STEPS];
