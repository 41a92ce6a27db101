/** The border between the lab's EC2 (what AWS would say) and its machine room (the real local hosts behind it). */

export interface LabVolume {
  readonly volumeId: string;
  readonly sizeGiB: number;
  /** The folder that is the volume's content. A snapshot of it is a copy of this folder. */
  readonly folder: string;
}

export interface HostSpec {
  readonly instanceId: string;
  readonly region: string;
  /** The Name tag, or the instance id. */
  readonly name: string;
  /** Its own loopback address, 127.x.y.z; listeners bind here. */
  readonly address: string;
  readonly imageId: string;
  /** From the image's tags; null on an image without an ERP. */
  readonly product: "openbravo" | "acumatica" | null;
  readonly version: string | null;
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** OpenSSH public key lines that the user `ubuntu` is reached with. */
  readonly authorizedKeys: readonly string[];
  /** Decoded user data, if any. */
  readonly userData: string | null;
  /** Root device: /home/ubuntu, host keys, configuration. Survives stop and start, goes with terminate. */
  readonly folder: string;
  /** Attached data volumes by device name ("/dev/sdf"). */
  readonly volumes: Readonly<Record<string, LabVolume>>;
  /** Whether the security groups let anybody in on the port; re-read by the host at each connection. */
  readonly allows: (port: "ssh" | "https" | "http", fromAddress: string) => boolean;
}

export type HostProcesses = "off" | "asleep" | "starting" | "awake" | "failed";

/** The real local hosts. Every method may be repeated harmlessly. */
export interface MachineRoom {
  /**
   * Powers a host on: makes its identity (SSH host keys) on first boot and binds its listeners. Its database and its
   * application start at first contact.
   */
  powerOn(spec: HostSpec): Promise<void>;
  /** Ends every process and listener of the host cleanly; its folders stay. */
  powerOff(instanceId: string): Promise<void>;
  /** Attached volumes, address or security groups changed. */
  update(spec: HostSpec): Promise<void>;
  /** What EC2's GetConsoleOutput gives: boot messages with the host key fingerprints as cloud-init prints them. */
  consoleOutput(instanceId: string): Promise<string>;
  /**
   * Copies a volume's content while the host may be writing to it: crash-consistent, as EBS. The copy is of the instant
   * of this call, ahead of whatever is asked of the host afterwards, and has its name once it is whole. A volume
   * without a folder is an empty one.
   */
  copyVolume(fromFolder: string, toFolder: string): Promise<void>;
  status(instanceId: string): { processes: HostProcesses; memoryBytes: number | null; ordersWritten: number };
  /** Host-side troubles: cut open SSH sessions, change the host key, freeze processes, fill the disk. */
  trouble(
    instanceId: string,
    kind: "ssh-cut" | "host-key-changed" | "host-frozen" | "disk-full",
    on: boolean,
  ): Promise<void>;
  /** Ends every host. */
  stop(): Promise<void>;
}
