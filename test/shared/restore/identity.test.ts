import fc from "fast-check";
import { expect, test } from "vitest";
import { checkIdentity, type IdentityFacts, identitySides } from "../../../shared/restore/identity.ts";

const licence = { installed: true, valid: true, fingerprint: "9f2c4e" };
const facts: IdentityFacts = {
  tenantId: "acme",
  tags: { tenantId: "acme", systemIdentifier: "77" },
  data: { tenantId: "acme", systemIdentifier: "77", licence: "9f2c4e" },
  host: { tenantId: "acme", licence },
  sameEnvironment: true,
};

test("tags, data and host that all name the tenant are one tenant's", () => {
  expect(checkIdentity(facts)).toMatchObject({ rule: "identity", allowed: true, facts: { case: "identity.three" } });
});

test.each<[string, Partial<IdentityFacts>, string]>([
  ["tags of nobody", { tags: { tenantId: null, systemIdentifier: "77" } }, "untagged"],
  ["tags of another tenant", { tags: { tenantId: "bolt", systemIdentifier: "77" } }, "tags"],
  ["no manifest", { data: null }, "noManifest"],
  ["data of another tenant", { data: { tenantId: "bolt", systemIdentifier: "77", licence: "9f2c4e" } }, "data"],
  [
    "data without a database system",
    { data: { tenantId: "acme", systemIdentifier: "", licence: "9f2c4e" } },
    "noSystem",
  ],
  ["tags of another database", { tags: { tenantId: "acme", systemIdentifier: "78" } }, "system"],
  ["a host that is silent", { host: null }, "silent"],
  ["a host of another tenant", { host: { tenantId: "bolt", licence } }, "host"],
  ["a host of nobody", { host: { tenantId: null, licence } }, "host"],
  ["a host without a licence", { host: { tenantId: "acme", licence: { ...licence, installed: false } } }, "noLicence"],
  [
    "a licence that cannot be told",
    { host: { tenantId: "acme", licence: { ...licence, fingerprint: null } } },
    "noLicence",
  ],
  ["a licence of another tenant", { host: { tenantId: "acme", licence: { ...licence, valid: false } } }, "licence"],
  [
    "another licence than the copy's",
    { host: { tenantId: "acme", licence: { ...licence, fingerprint: "00" } } },
    "otherLicence",
  ],
  ["a copy under no licence", { data: { tenantId: "acme", systemIdentifier: "77", licence: null } }, "otherLicence"],
])("%s refuses, and nobody can override it", (_, change, name) => {
  const verdict = checkIdentity({ ...facts, ...change });
  expect(verdict).toMatchObject({ allowed: false, facts: { case: `identity.${name}` } });
  expect(verdict.overridable).toBeUndefined();
});

test("a copy of another environment may have been made under another licence of the same tenant", () => {
  const other = { tenantId: "acme", licence: { ...licence, fingerprint: "00" } };
  expect(checkIdentity({ ...facts, host: other, sameEnvironment: false }).allowed).toBe(true);
});

test("a copy beside everything overwrites no host: tags and data decide", () => {
  const { host: _host, ...beside } = facts;
  expect(checkIdentity(beside)).toMatchObject({ allowed: true, facts: { case: "identity.two" } });
  expect(identitySides(beside).map(({ side }) => side)).toEqual(["tags", "data"]);
});

const Id = fc.constantFrom("acme", "bolt", "", null);
test("whatever the sides say, it is allowed only when every one of them names the tenant", () => {
  const anything = fc.record({
    tags: fc.record({ tenantId: Id, systemIdentifier: fc.constantFrom("77", "78", null) }),
    data: fc.option(
      fc.record({
        tenantId: fc.constantFrom("acme", "bolt", ""),
        systemIdentifier: fc.constantFrom("77", "78", ""),
        licence: fc.constantFrom("9f2c4e", "00", null),
      }),
    ),
    host: fc.option(
      fc.record({
        tenantId: Id,
        licence: fc.record({
          installed: fc.boolean(),
          valid: fc.boolean(),
          fingerprint: fc.constantFrom("9f2c4e", "00", null),
        }),
      }),
    ),
    sameEnvironment: fc.boolean(),
  });
  fc.assert(
    fc.property(anything, (sides) => {
      const { allowed } = checkIdentity({ tenantId: "acme", ...sides });
      const named = [sides.tags.tenantId, sides.data?.tenantId, sides.host?.tenantId];
      if (allowed) {
        expect(named).toEqual(["acme", "acme", "acme"]);
        expect(sides.host?.licence).toMatchObject({ installed: true, valid: true });
      }
      if (named.some((one) => one !== "acme")) expect(allowed).toBe(false);
    }),
    { numRuns: 2000 },
  );
});
