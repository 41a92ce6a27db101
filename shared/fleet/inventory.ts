/** One environment as the cloud shows it, before anything is made of its tags. */
export interface FoundEnvironment {
  readonly tags: Readonly<Record<string, string>>;
  readonly region: string;
  readonly instance: {
    readonly instanceId: string;
    /** AWS's word. */
    readonly state: string;
    readonly instanceType: string;
    readonly imageId: string;
    readonly address: string | null;
    readonly securityGroupId: string | null;
    /** RFC 3339. */
    readonly launchedAt: string | null;
  } | null;
  readonly volume: { readonly volumeId: string; readonly sizeGiB: number } | null;
  /** RFC 3339; of completed backups only. */
  readonly lastBackupAt: string | null;
}
