import { expect, test } from "vitest";
import { errorFacts } from "../../../shared/errors.ts";
import { contradictions, parseProfile } from "../../../shared/policy/profile.ts";
import { PROFILES, profileOf } from "../../../shared/policy/profiles.ts";

const problemsOf = (json: unknown): unknown => {
  try {
    parseProfile(json);
  } catch (error) {
    const { code, details } = errorFacts(error);
    return { code, problems: details.problems };
  }
  return "taken over";
};

test.each(Object.values(PROFILES).map((one) => [one.id, one] as const))(
  "the shipped profile %s is sound and survives a round trip through JSON",
  (_, profile) => {
    expect(contradictions(profile)).toEqual([]);
    expect(parseProfile(JSON.parse(JSON.stringify(profile)))).toEqual(profile);
  },
);

test.each([
  ["R39", profileOf("openbravo").notices.emergency, { hours: 24, source: "OB:116" }],
  ["R40", profileOf("openbravo").notices.major, { hours: 60 * 24, maximumHours: 24, source: "OB:120" }],
  ["R41", profileOf("openbravo").notices.move, { hours: 30 * 24, source: "OB:124" }],
  ["R44", profileOf("acumatica").notices.standard, { hours: 7 * 24, source: "AC:17" }],
  ["R42", profileOf("openbravo").versions, { supportedReleases: 4, source: "OB:128" }],
  ["R51", profileOf("openbravo").backups.nightly, { keepDays: 30, source: "OB:142" }],
  ["R50", profileOf("openbravo").backups.copies, { places: 2, source: "OB:142" }],
  ["R64", profileOf("acumatica").backups.access, { rollingDays: 7, source: "AC:42,49" }],
  ["R56", profileOf("openbravo").disaster.recoveryTime, { hours: 12, source: "OB:152" }],
  ["R57", profileOf("openbravo").disaster.recoveryPoint, { hours: 1, source: "OB:152" }],
  ["R84", profileOf("acumatica").handOver, { targetBusinessDays: 1, limitBusinessDays: 5, source: "AC:21" }],
  ["R89", profileOf("openbravo").lifecycle, { retrievalDays: 60, source: "OB:272" }],
  ["R86", profileOf("acumatica").lifecycle, { suspensionDays: 30, copyRequestDays: 10, source: "AC:34" }],
])("the shipped numbers of %s stand beside their source", (rule, clause, numbers) => {
  expect(clause).toMatchObject({ rule, ...numbers });
});

test.each(Object.values(PROFILES).map((one) => [one.id, one] as const))(
  "nothing is invented for what only the contract of %s says",
  (_, profile) => expect(profile.fromContract).toEqual({}),
);

test("a company's profile that contradicts itself is refused with every contradiction named", () => {
  const profile = structuredClone(profileOf("acumatica"));
  expect(
    problemsOf({
      ...profile,
      handOver: { ...profile.handOver, targetBusinessDays: 6 },
      lifecycle: { ...profile.lifecycle, copyRequestDays: 31 },
      fromContract: { prefixRestrictions: { minimumLength: 9, maximumLength: 3 } },
    }),
  ).toEqual({
    code: "InvalidInput",
    problems: [
      "lifecycle.copyRequestDays ends after the data is gone (31 > 30)",
      "handOver.targetBusinessDays is above its limit (6 > 5)",
      "fromContract.prefixRestrictions.minimumLength is above maximumLength (9 > 3)",
    ],
  });
});

test("R38, R86, R89: no profile excludes a partner's change, or lets data go on the day of the end", () => {
  const profile = structuredClone(profileOf("acumatica"));
  const { suspensionDays: _none, ...lifecycle } = profile.lifecycle;
  const application = { ...profile.notices.application, excludedFromSla: true };
  const { copyRequestDays: _neither, ...endless } = lifecycle;
  expect(problemsOf({ ...profile, notices: { ...profile.notices, application }, lifecycle: endless })).toEqual({
    code: "InvalidInput",
    problems: [
      expect.stringContaining("never earns an exclusion (R38)"),
      expect.stringContaining("neither suspensionDays nor retrievalDays"),
    ],
  });
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["a list", []],
  ["an unknown number", { ...profileOf("openbravo"), graceDays: 7 }],
  ["a negative number", { ...profileOf("openbravo"), lifecycle: { rule: "R89", source: "OB:272", retrievalDays: -1 } }],
])("a profile that is %s is refused as invalid input", (_, json) => {
  expect(problemsOf(json)).toMatchObject({ code: "InvalidInput" });
});
