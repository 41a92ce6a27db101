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

export const EXPORT_STEPS = [
  "check room for the export",
  "write archive on the host",
  "begin upload",
  "send archive to the bucket",
  "finish upload",
  "remove archive from the host",
] as const;

export const DOWNLOAD_STEPS = ["fetch archive", "verify archive"] as const;
export const IMPORT_STEPS = ["check archive", "send archive", "register archive"] as const;
export const DELETE_STEPS = [
  "delete copies",
  "delete snapshot",
  "delete manifest",
  "check that the snapshot is gone",
] as const;
