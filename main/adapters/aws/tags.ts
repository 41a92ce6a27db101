import type { Tag } from "@aws-sdk/client-ec2";

export type Tags = Readonly<Record<string, string>>;

/** EC2 takes 256 characters a value; longer ones are cut, never refused half-way. */
export const toTagList = (tags: Tags): Tag[] =>
  Object.entries(tags).map(([Key, value]) => ({ Key, Value: value.slice(0, 256) }));

export const fromTagList = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map((tag) => [tag.Key ?? "", tag.Value ?? ""]));
