/** What the lab's EC2 remembers. Times are epoch milliseconds; addresses are the last two numbers of 127.B.x.y. */

interface Made {
  readonly id: string;
  readonly region: string;
  readonly createdAt: number;
}

export type InstanceState = "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";

export interface Instance extends Made {
  readonly reservationId: string;
  readonly launchIndex: number;
  readonly imageId: string;
  readonly instanceType: string;
  readonly state: InstanceState;
  readonly stateReason: { readonly code: string; readonly message: string } | null;
  /** When the state began. */
  readonly stateSince: number;
  readonly keyName: string | null;
  readonly securityGroupIds: readonly string[];
  readonly subnetId: string;
  readonly zone: string;
  readonly privateAddress: string;
  /** Given at each start, gone while stopped, as EC2 does; an associated address takes its place. */
  readonly publicAddress: string | null;
  /** As sent, base64. */
  readonly userData: string | null;
  readonly rootDevice: string;
  readonly rootVolumeId: string;
  readonly disableApiTermination: boolean;
  readonly shutdownBehavior: string;
  readonly launchedAt: number;
  readonly clientToken: string | null;
  /** Public key lines from the key pair, as they were at launch. */
  readonly authorizedKeys: readonly string[];
}

export interface Attachment {
  readonly instanceId: string;
  readonly device: string;
  readonly state: "attaching" | "attached" | "detaching";
  readonly attachedAt: number;
  readonly deleteOnTermination: boolean;
}

export interface Volume extends Made {
  readonly sizeGiB: number;
  readonly zone: string;
  readonly type: string;
  readonly iops: number | null;
  readonly throughput: number | null;
  readonly encrypted: boolean;
  readonly state: "creating" | "available" | "in-use" | "deleting" | "error";
  readonly snapshotId: string | null;
  readonly attachment: Attachment | null;
  /** Of the last ModifyVolume. */
  readonly modifiedAt?: number;
}

export interface Snapshot extends Made {
  readonly volumeId: string;
  readonly sizeGiB: number;
  readonly description: string;
  readonly encrypted: boolean;
  readonly state: "pending" | "completed" | "error";
  readonly stateMessage: string | null;
  readonly progress: number;
  readonly completedAt: number | null;
  /** Where its content comes from while it is pending: a volume or, for a copy, another snapshot. */
  readonly source: { readonly kind: "volume" | "snapshot"; readonly id: string };
}

export interface Image extends Made {
  readonly name: string;
  readonly description: string;
  readonly owner: "self" | "ubuntu";
  readonly rootGiB: number;
}

export interface KeyPair extends Made {
  readonly name: string;
  readonly publicKey: string;
  readonly type: "ed25519" | "rsa";
  readonly fingerprint: string;
}

export interface Rule {
  readonly id: string;
  readonly egress: boolean;
  /** "tcp", "udp", "icmp", a number, or "-1" for all. */
  readonly protocol: string;
  readonly fromPort: number;
  readonly toPort: number;
  /** Exactly one of the three. */
  readonly cidrIpv4: string | null;
  readonly cidrIpv6: string | null;
  readonly groupId: string | null;
  readonly description: string | null;
}

export interface SecurityGroup extends Made {
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
  readonly rules: readonly Rule[];
}

export interface Address extends Made {
  readonly address: string;
  readonly instanceId: string | null;
  readonly associationId: string | null;
}

/** Tags of anything; `id` is the resource. */
export interface Tags {
  readonly id: string;
  readonly region: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A client token that was used; `id` is region/action/token. */
export interface Token extends Made {
  readonly fingerprint: string;
  readonly resourceIds: readonly string[];
}

/** Access keys; `id` is the access key id. */
export interface AccessKey extends Made {
  readonly secret: string;
  readonly sessionToken: string | null;
  readonly expiresAt: number | null;
  readonly arn: string;
  readonly userId: string;
  /** May only read; everything else is UnauthorizedOperation. */
  readonly readOnly: boolean;
}

/** One row, `id` "lab". */
export interface LabRow extends Made {
  readonly seed: "demo" | "empty";
  /** False until seeding has ended; a lab killed in between is wiped and seeded again. */
  readonly seeded: boolean;
  readonly nextAddress: number;
}

export type LabSchema = {
  readonly lab: LabRow;
  readonly accessKeys: AccessKey;
  readonly tokens: Token;
  readonly tags: Tags;
  readonly images: Image;
  readonly instances: Instance;
  readonly volumes: Volume;
  readonly snapshots: Snapshot;
  readonly keyPairs: KeyPair;
  readonly securityGroups: SecurityGroup;
  readonly addresses: Address;
};

/** EC2 tells of a terminated instance for about an hour. */
export const SHOWN_AFTER_END_MS = 3_600_000;

export const ACCOUNT_ID = "111122223333";

/** Numbers that EC2's `instanceState` carries beside the names. */
export const STATE_CODES: Readonly<Record<InstanceState, number>> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};
