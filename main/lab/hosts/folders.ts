import path from "node:path";

/** Where a host keeps what. Everything but `run` is on its root device. */
export interface HostFolders {
  readonly root: string;
  readonly home: string;
  readonly bin: string;
  /** Configuration and secrets of the ERP; closed to the user `ubuntu`. */
  readonly erp: string;
  readonly ssh: string;
  readonly log: string;
  /** Sockets: outside of the root device, because their paths must be short. Gone after a reboot of the machine. */
  readonly run: string;
}

export function hostFolders(root: string, run: string): HostFolders {
  return {
    root,
    home: path.join(root, "home", "ubuntu"),
    bin: path.join(root, "usr", "local", "bin"),
    erp: path.join(root, "etc", "erp"),
    ssh: path.join(root, "etc", "ssh"),
    log: path.join(root, "var", "log"),
    run,
  };
}
