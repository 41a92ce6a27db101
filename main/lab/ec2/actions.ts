import {
  allocateAddress,
  associateAddress,
  describeAddresses,
  disassociateAddress,
  releaseAddress,
} from "./addresses.ts";
import type { Action } from "./call.ts";
import { describeImages } from "./images.ts";
import { describeInstanceTypeOfferings, describeInstanceTypes } from "./instance-types.ts";
import {
  describeInstanceAttribute,
  describeInstances,
  describeInstanceStatus,
  getConsoleOutput,
  modifyInstanceAttribute,
  rebootInstances,
  runInstances,
  startInstances,
  stopInstances,
  terminateInstances,
} from "./instances.ts";
import { createKeyPair, deleteKeyPair, describeKeyPairs, importKeyPair } from "./key-pairs.ts";
import {
  describeAccountAttributes,
  describeAvailabilityZones,
  describeRegions,
  describeSubnets,
  describeVpcs,
} from "./places.ts";
import {
  authorizeSecurityGroupEgress,
  authorizeSecurityGroupIngress,
  createSecurityGroup,
  deleteSecurityGroup,
  describeSecurityGroupRules,
  describeSecurityGroups,
  revokeSecurityGroupEgress,
  revokeSecurityGroupIngress,
} from "./security-groups.ts";
import { copySnapshot, createSnapshot, deleteSnapshot, describeSnapshots } from "./snapshots.ts";
import { createTags, deleteTags, describeTags } from "./tags.ts";
import { attachVolume, createVolume, deleteVolume, describeVolumes, detachVolume, modifyVolume } from "./volumes.ts";

/** Everything that the lab's EC2 can do, by AWS's names. */
export const EC2_ACTIONS: Readonly<Record<string, Action>> = {
  DescribeRegions: describeRegions,
  DescribeAvailabilityZones: describeAvailabilityZones,
  DescribeAccountAttributes: describeAccountAttributes,
  DescribeVpcs: describeVpcs,
  DescribeSubnets: describeSubnets,
  DescribeImages: describeImages,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeInstanceTypeOfferings: describeInstanceTypeOfferings,

  RunInstances: runInstances,
  DescribeInstances: describeInstances,
  DescribeInstanceStatus: describeInstanceStatus,
  DescribeInstanceAttribute: describeInstanceAttribute,
  ModifyInstanceAttribute: modifyInstanceAttribute,
  StartInstances: startInstances,
  StopInstances: stopInstances,
  RebootInstances: rebootInstances,
  TerminateInstances: terminateInstances,
  GetConsoleOutput: getConsoleOutput,

  CreateVolume: createVolume,
  DescribeVolumes: describeVolumes,
  AttachVolume: attachVolume,
  DetachVolume: detachVolume,
  ModifyVolume: modifyVolume,
  DeleteVolume: deleteVolume,

  CreateSnapshot: createSnapshot,
  DescribeSnapshots: describeSnapshots,
  CopySnapshot: copySnapshot,
  DeleteSnapshot: deleteSnapshot,

  CreateTags: createTags,
  DeleteTags: deleteTags,
  DescribeTags: describeTags,

  ImportKeyPair: importKeyPair,
  CreateKeyPair: createKeyPair,
  DescribeKeyPairs: describeKeyPairs,
  DeleteKeyPair: deleteKeyPair,

  CreateSecurityGroup: createSecurityGroup,
  DescribeSecurityGroups: describeSecurityGroups,
  DescribeSecurityGroupRules: describeSecurityGroupRules,
  AuthorizeSecurityGroupIngress: authorizeSecurityGroupIngress,
  AuthorizeSecurityGroupEgress: authorizeSecurityGroupEgress,
  RevokeSecurityGroupIngress: revokeSecurityGroupIngress,
  RevokeSecurityGroupEgress: revokeSecurityGroupEgress,
  DeleteSecurityGroup: deleteSecurityGroup,

  AllocateAddress: allocateAddress,
  AssociateAddress: associateAddress,
  DisassociateAddress: disassociateAddress,
  ReleaseAddress: releaseAddress,
  DescribeAddresses: describeAddresses,
};
