import { BlockList, isIP } from "node:net";
import type { Action, Call } from "./call.ts";
import { find, findSeen, newId } from "./call.ts";
import { AwsError, missing } from "./errors.ts";
import { paginate, readFilters } from "./listing.ts";
import { ACCOUNT_ID, type Rule, type SecurityGroup } from "./model.ts";
import type { Parameters } from "./parameters.ts";
import { vpcOf } from "./regions.ts";
import { putTags, specifiedTags, tagSetXml, tagsOf } from "./tags.ts";
import type { World } from "./world.ts";
import { items, type XmlTree } from "./xml.ts";

const AWS_PORTS = { ssh: 22, https: 443, http: 80 } as const;
const ALL_PORTS = 65_535;

type RuleInput = Omit<Rule, "id">;

/**
 * Whether the groups of an instance let an address in. A host listens on a high port of its own; both that and the
 * port's own number open it, so that what is right for the real AWS is right here.
 */
export function allows(world: World, instanceId: string, port: keyof typeof AWS_PORTS, from: string): boolean {
  const { store, network } = world;
  const instance = store.get("instances", instanceId);
  if (!instance) return false;
  const numbers = [AWS_PORTS[port], network.ports[port]];
  return instance.securityGroupIds.some((groupId) =>
    store.get("securityGroups", groupId)?.rules.some((rule) => {
      if (rule.egress || (rule.protocol !== "-1" && rule.protocol !== "tcp")) return false;
      const open = rule.protocol === "-1" || numbers.some((number) => rule.fromPort <= number && number <= rule.toPort);
      return open && admits(world, rule, from);
    }),
  );
}

function admits(world: World, rule: Rule, from: string): boolean {
  if (rule.cidrIpv4) return isIP(from) === 4 && contains(rule.cidrIpv4, from, "ipv4");
  if (rule.cidrIpv6) return isIP(from) === 6 && contains(rule.cidrIpv6, from, "ipv6");
  return world.store
    .all("instances")
    .some(
      (peer) =>
        rule.groupId !== null &&
        peer.securityGroupIds.includes(rule.groupId) &&
        [peer.publicAddress, peer.privateAddress].some((one) => one !== null && world.network.address(one) === from),
    );
}

function contains(cidr: string, address: string, family: "ipv4" | "ipv6"): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}

/** The group every VPC has, made with the lab. */
export function defaultGroup(region: string, id: string, createdAt: number): SecurityGroup {
  const from = (groupId: string): RuleInput => ({ ...EVERYTHING, egress: false, groupId, cidrIpv4: null });
  return {
    id,
    region,
    createdAt,
    name: "default",
    description: "default VPC security group",
    vpcId: vpcOf(region).id,
    rules: [
      { id: newId("sgr"), ...from(id) },
      { id: newId("sgr"), ...EVERYTHING },
    ],
  };
}

const EVERYTHING: RuleInput = {
  egress: true,
  protocol: "-1",
  fromPort: -1,
  toPort: -1,
  cidrIpv4: "0.0.0.0/0",
  cidrIpv6: null,
  groupId: null,
  description: null,
};

/** Groups that a call names by id or, in the default VPC, by name; the default group when it names none. */
export function namedGroups(call: Call, ids: readonly string[], names: readonly string[]): string[] {
  const own = call.seen.all("securityGroups", call.region);
  const byName = names.map((name) => {
    const group = own.find((one) => one.name === name);
    if (!group) throw new AwsError("InvalidGroup.NotFound", `The security group '${name}' does not exist`);
    return group.id;
  });
  const chosen = [...ids.map((id) => find(call, "securityGroups", id).id), ...byName];
  if (chosen.length > 0) return [...new Set(chosen)];
  return own.filter((group) => group.name === "default").map((group) => group.id);
}

export const createSecurityGroup: Action = (call) => {
  const { parameters, region } = call;
  const name = parameters.required("GroupName");
  const description = parameters.required("GroupDescription");
  const vpcId = parameters.text("VpcId") ?? vpcOf(region).id;
  if (vpcId !== vpcOf(region).id) throw new AwsError("InvalidVpcID.NotFound", `The vpc ID '${vpcId}' does not exist`);
  if (name.length > 255 || /^sg-/i.test(name))
    throw new AwsError("InvalidParameterValue", `Value (${name}) for parameter GroupName is invalid.`);
  const legal = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]*$/;
  if (!legal.test(name) || !legal.test(description) || description.length > 255)
    throw new AwsError(
      "InvalidParameterValue",
      "Value for parameter GroupName or GroupDescription is invalid. Character sets beyond ASCII are not supported.",
    );
  // Names are unique for AWS whatever an eventually consistent caller sees.
  if (call.rows.all("securityGroups", region).some((group) => group.name === name))
    throw new AwsError("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpcId}'`);
  const group: SecurityGroup = {
    id: newId("sg"),
    region,
    createdAt: call.now,
    name,
    description,
    vpcId,
    rules: [{ id: newId("sgr"), ...EVERYTHING }],
  };
  call.rows.put("securityGroups", group);
  putTags(call, group.id, specifiedTags(call, "security-group"));
  return { return: true, groupId: group.id, tagSet: tagSetXml(call, group.id) };
};

function namedGroup(call: Call): SecurityGroup {
  const id = call.parameters.text("GroupId");
  if (id) return find(call, "securityGroups", id);
  const name = call.parameters.text("GroupName");
  if (!name) throw missing("GroupId");
  const [found] = namedGroups(call, [], [name]);
  return find(call, "securityGroups", found ?? "");
}

export const deleteSecurityGroup: Action = (call) => {
  const group = namedGroup(call);
  if (group.name === "default")
    throw new AwsError(
      "CannotDelete",
      `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
    );
  const used = call.rows
    .all("instances", call.region)
    .some((instance) => instance.state !== "terminated" && instance.securityGroupIds.includes(group.id));
  const referred = call.rows
    .all("securityGroups", call.region)
    .some((other) => other.id !== group.id && other.rules.some((rule) => rule.groupId === group.id));
  if (used || referred) throw new AwsError("DependencyViolation", `resource ${group.id} has a dependent object`);
  call.rows.delete("securityGroups", group.id);
  call.rows.delete("tags", group.id);
  return { return: true, groupId: group.id };
};

export const describeSecurityGroups: Action = (call) => {
  const ids = call.parameters.list("GroupId");
  const names = call.parameters.list("GroupName");
  const all = call.seen.all("securityGroups", call.region);
  for (const id of ids) findSeen(call, "securityGroups", id);
  for (const name of names)
    if (!all.some((group) => group.name === name))
      throw new AwsError("InvalidGroup.NotFound", `The security group '${name}' does not exist`);
  const rulesOf = (group: SecurityGroup, egress: boolean) => group.rules.filter((rule) => rule.egress === egress);
  const matches = readFilters<SecurityGroup>(
    call,
    {
      "group-id": (group) => group.id,
      "group-name": (group) => group.name,
      description: (group) => group.description,
      "owner-id": () => ACCOUNT_ID,
      "vpc-id": (group) => group.vpcId,
      "ip-permission.cidr": (group) => rulesOf(group, false).map((rule) => rule.cidrIpv4 ?? ""),
      "ip-permission.from-port": (group) => rulesOf(group, false).map((rule) => String(rule.fromPort)),
      "ip-permission.to-port": (group) => rulesOf(group, false).map((rule) => String(rule.toPort)),
      "ip-permission.protocol": (group) => rulesOf(group, false).map((rule) => rule.protocol),
      "ip-permission.group-id": (group) => rulesOf(group, false).map((rule) => rule.groupId ?? ""),
    },
    (group) => tagsOf(call, group.id),
  );
  const asked = all.filter(
    (group) =>
      (ids.length === 0 || ids.includes(group.id)) &&
      (names.length === 0 || names.includes(group.name)) &&
      matches(group),
  );
  const page = paginate(call, asked, (group) => group.id, { min: 5, max: 1000 });
  return {
    securityGroupInfo: items(
      page.rows.map((group) => ({
        ownerId: ACCOUNT_ID,
        groupId: group.id,
        groupName: group.name,
        groupDescription: group.description,
        vpcId: group.vpcId,
        ipPermissions: permissionsXml(rulesOf(group, false)),
        ipPermissionsEgress: permissionsXml(rulesOf(group, true)),
        tagSet: tagSetXml(call, group.id),
      })),
    ),
    nextToken: page.nextToken,
  };
};

/** EC2 shows the rules of one protocol and port range together. */
function permissionsXml(rules: readonly Rule[]): XmlTree {
  const groups = new Map<string, Rule[]>();
  for (const rule of rules) {
    const key = `${rule.protocol}/${rule.fromPort}/${rule.toPort}`;
    groups.set(key, [...(groups.get(key) ?? []), rule]);
  }
  return items(
    [...groups.values()].map((same) => {
      const [first] = same;
      const open = first?.protocol === "-1";
      const described = (rule: Rule) => (rule.description === null ? {} : { description: rule.description });
      return {
        ipProtocol: first?.protocol,
        fromPort: open ? null : first?.fromPort,
        toPort: open ? null : first?.toPort,
        groups: items(
          same.flatMap((rule) =>
            rule.groupId ? [{ userId: ACCOUNT_ID, groupId: rule.groupId, ...described(rule) }] : [],
          ),
        ),
        ipRanges: items(same.flatMap((rule) => (rule.cidrIpv4 ? [{ cidrIp: rule.cidrIpv4, ...described(rule) }] : []))),
        ipv6Ranges: items(
          same.flatMap((rule) => (rule.cidrIpv6 ? [{ cidrIpv6: rule.cidrIpv6, ...described(rule) }] : [])),
        ),
        prefixListIds: items([]),
      };
    }),
  );
}

function readRules(call: Call, egress: boolean): RuleInput[] {
  const { parameters } = call;
  const permissions = parameters.structures("IpPermissions");
  if (permissions.length > 0) return permissions.flatMap((permission) => readPermission(call, permission, egress));
  // The short form of one rule.
  if (parameters.text("IpProtocol") === undefined) throw missing("IpPermissions");
  const cidr = parameters.text("CidrIp");
  const range = readRange(parameters);
  const source = parameters.text("SourceSecurityGroupName");
  if (source) return namedGroups(call, [], [source]).map((groupId) => ({ ...NOBODY, ...range, egress, groupId }));
  if (!cidr) throw missing("CidrIp");
  return [{ ...NOBODY, ...range, egress, cidrIpv4: checkCidr(cidr, 4) }];
}

const NOBODY = { cidrIpv4: null, cidrIpv6: null, groupId: null, description: null };

function readPermission(call: Call, permission: Parameters, egress: boolean): RuleInput[] {
  const range = readRange(permission);
  const rule = (to: Partial<RuleInput>, from: Parameters): RuleInput => ({
    ...NOBODY,
    ...range,
    egress,
    description: from.text("Description") ?? null,
    ...to,
  });
  const rules = [
    ...permission.structures("IpRanges").map((one) => rule({ cidrIpv4: checkCidr(one.required("CidrIp"), 4) }, one)),
    ...permission
      .structures("Ipv6Ranges")
      .map((one) => rule({ cidrIpv6: checkCidr(one.required("CidrIpv6"), 6) }, one)),
    ...permission.structures("Groups").map((one) => {
      one.text("UserId");
      const id = one.text("GroupId");
      const name = one.text("GroupName");
      const [groupId] = namedGroups(call, id ? [id] : [], !id && name ? [name] : []);
      return rule({ groupId: groupId ?? null }, one);
    }),
  ];
  if (rules.length === 0)
    throw new AwsError("InvalidPermission.Malformed", "The permission names no source or destination.");
  return rules;
}

function readRange(parameters: Parameters): Pick<Rule, "protocol" | "fromPort" | "toPort"> {
  const asked = parameters.required("IpProtocol").toLowerCase();
  const protocol = { "6": "tcp", "17": "udp", "1": "icmp", all: "-1" }[asked] ?? asked;
  if (protocol === "-1") {
    parameters.text("FromPort");
    parameters.text("ToPort");
    return { protocol, fromPort: -1, toPort: -1 };
  }
  if (!/^(tcp|udp|icmp|icmpv6|\d{1,3})$/.test(protocol))
    throw new AwsError(
      "InvalidPermission.Malformed",
      `Unsupported IP protocol "${asked}" - supported: [ICMP, UDP, TCP, -1]`,
    );
  const fromPort = parameters.integer("FromPort");
  const toPort = parameters.integer("ToPort");
  if (fromPort === undefined || toPort === undefined)
    throw new AwsError("MissingParameter", "The request must contain the parameters fromPort and toPort");
  const isIcmp = protocol.startsWith("icmp");
  if (!isIcmp && (fromPort < 0 || toPort > ALL_PORTS || fromPort > toPort))
    throw new AwsError(
      "InvalidParameterValue",
      `Invalid value for portRange. Must specify both from and to ports with TCP/UDP: ${fromPort}-${toPort}.`,
    );
  return { protocol, fromPort, toPort };
}

function checkCidr(cidr: string, family: 4 | 6): string {
  const [network = "", bits = "", ...rest] = cidr.split("/");
  const max = family === 4 ? 32 : 128;
  const legal = isIP(network) === family && /^\d{1,3}$/.test(bits) && Number(bits) <= max && rest.length === 0;
  if (!legal) throw new AwsError("InvalidParameterValue", `CIDR block ${cidr} is malformed`);
  return cidr;
}

const sameRule = (a: RuleInput, b: RuleInput): boolean =>
  a.egress === b.egress &&
  a.protocol === b.protocol &&
  a.fromPort === b.fromPort &&
  a.toPort === b.toPort &&
  a.cidrIpv4 === b.cidrIpv4 &&
  a.cidrIpv6 === b.cidrIpv6 &&
  a.groupId === b.groupId;

const authorize =
  (egress: boolean): Action =>
  (call) => {
    const group = namedGroup(call);
    const added = readRules(call, egress).map((rule): Rule => ({ id: newId("sgr"), ...rule }));
    for (const [index, rule] of added.entries()) {
      if ([...group.rules, ...added.slice(0, index)].some((other) => sameRule(other, rule)))
        throw new AwsError(
          "InvalidPermission.Duplicate",
          `the specified rule "peer: ${rule.cidrIpv4 ?? rule.cidrIpv6 ?? rule.groupId}, ${rule.protocol.toUpperCase()}, from port: ${rule.fromPort}, to port: ${rule.toPort}, ALLOW" already exists`,
        );
    }
    call.rows.put("securityGroups", { ...group, rules: [...group.rules, ...added] });
    const tags = specifiedTags(call, "security-group-rule");
    return {
      return: true,
      securityGroupRuleSet: items(added.map((rule) => ({ ...ruleXml(group.id, rule), tagSet: items(tagList(tags)) }))),
    };
  };

const tagList = (tags: Readonly<Record<string, string>>) =>
  Object.entries(tags).map(([key, value]) => ({ key, value }));

const revoke =
  (egress: boolean): Action =>
  (call) => {
    const group = namedGroup(call);
    const ids = call.parameters.list("SecurityGroupRuleId");
    const wanted = ids.length > 0 ? [] : readRules(call, egress);
    const gone = group.rules.filter(
      (rule) => rule.egress === egress && (ids.includes(rule.id) || wanted.some((other) => sameRule(rule, other))),
    );
    if (gone.length < Math.max(ids.length, wanted.length))
      throw ids.length > 0
        ? new AwsError("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID does not exist")
        : new AwsError("InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
    call.rows.put("securityGroups", { ...group, rules: group.rules.filter((rule) => !gone.includes(rule)) });
    return { return: true };
  };

export const authorizeSecurityGroupIngress = authorize(false);
export const authorizeSecurityGroupEgress = authorize(true);
export const revokeSecurityGroupIngress = revoke(false);
export const revokeSecurityGroupEgress = revoke(true);

const ruleXml = (groupId: string, rule: Rule): XmlTree => ({
  securityGroupRuleId: rule.id,
  groupId,
  groupOwnerId: ACCOUNT_ID,
  isEgress: rule.egress,
  ipProtocol: rule.protocol,
  fromPort: rule.fromPort,
  toPort: rule.toPort,
  cidrIpv4: rule.cidrIpv4,
  cidrIpv6: rule.cidrIpv6,
  referencedGroupInfo: rule.groupId ? { groupId: rule.groupId, userId: ACCOUNT_ID } : null,
  description: rule.description,
});

export const describeSecurityGroupRules: Action = (call) => {
  const ids = call.parameters.list("SecurityGroupRuleId");
  const all = call.seen
    .all("securityGroups", call.region)
    .flatMap((group) => group.rules.map((rule) => ({ group: group.id, rule })));
  type Entry = (typeof all)[number];
  const matches = readFilters<Entry>(call, {
    "group-id": ({ group }) => group,
    "security-group-rule-id": ({ rule }) => rule.id,
  });
  for (const id of ids)
    if (!all.some(({ rule }) => rule.id === id))
      throw new AwsError("InvalidSecurityGroupRuleId.NotFound", `The security group rule ID '${id}' does not exist`);
  const asked = all.filter((entry) => (ids.length === 0 || ids.includes(entry.rule.id)) && matches(entry));
  const page = paginate(call, asked, ({ rule }) => rule.id, { min: 5, max: 1000 });
  return {
    securityGroupRuleSet: items(page.rows.map(({ group, rule }) => ruleXml(group, rule))),
    nextToken: page.nextToken,
  };
};
