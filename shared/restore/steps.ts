/** Steps of a restore beside the target, in order. Stored: never rename. */
export const RESTORE_STEPS = [
  "decide again",
  "fresh snapshot",
  "prepare beside",
  "restore volume",
  "run host beside",
  "wait for host beside",
  "attach restored volume",
  "pin host beside",
  "prove identity",
  "set up beside",
  "licence beside",
  "check restored data",
  "ready to compare",
] as const;

/** A refresh takes its copy itself, once it is decided. */
export const COPY_STEP = "snapshot production";

/** Between `set up beside` and `licence beside`, where the data comes out of an archive. */
export const FILL_STEPS = [
  "choose room for the archive",
  "bring archive to the host",
  "fill from archive",
  "set up filled data",
] as const;

export const restoreSteps = (purpose: "restore" | "refresh", fromArchive = false): string[] =>
  RESTORE_STEPS.flatMap((step) => {
    if (step === "decide again" && purpose === "refresh") return [step, COPY_STEP];
    return step === "set up beside" && fromArchive ? [step, ...FILL_STEPS] : [step];
  });

/** Steps of a swap, in order. Up to `open to customers` everything can still go back by itself. */
export const SWAP_STEPS = [
  "check before the swap",
  "let go of the copy",
  "lock out",
  "count what is lost",
  "let go of the old data",
  "detach old volume",
  "attach new volume",
  "set up restored data",
  "smoke test restored data",
  "check data in place",
  "open to customers",
  "keep old volume",
  "remove host beside",
] as const;

/** Added to a swap that could not be done: the old data serves again. */
export const WAY_BACK_STEPS = [
  "take new volume off",
  "put old volume back",
  "serve old data",
  "copy back beside",
] as const;

export const DISCARD_STEPS = [
  "list what stands beside",
  "remove host beside",
  "remove volume",
  "check that it is gone",
] as const;
