import { expect, test } from "vitest";
import { profileOf } from "../../../shared/policy/profiles.ts";
import { copyRegions } from "../../../shared/snapshot/copy-region.ts";
import { gradeReached } from "../../../shared/snapshot/grade.ts";

const at = (seconds: number) => new Date(Date.UTC(2026, 2, 1) + 1000 * seconds);
const hold = { since: at(0), grade: "quiesced" as const };

test.each([
  ["the hold stood at the thaw", { held: true, since: at(0), endedAt: at(5) }, at(1), "quiesced"],
  ["it had ended long after the snapshot began", { held: false, since: at(0), endedAt: at(60) }, at(1), "quiesced"],
  ["it had ended about when the snapshot began", { held: false, since: at(0), endedAt: at(60) }, at(59), "crash"],
  ["it had ended before the snapshot began", { held: false, since: at(0), endedAt: at(60) }, at(90), "crash"],
  ["the snapshot is of an earlier question", { held: true, since: at(0), endedAt: at(5) }, at(-30), "crash"],
  ["another hold stood meanwhile", { held: true, since: at(40), endedAt: at(45) }, at(41), "crash"],
  ["the host knows nothing of the hold", { held: false, since: null, endedAt: null }, at(1), "crash"],
] as const)("grade when %s", (_, end, startedAt, grade) => {
  expect(gradeReached(hold, end, startedAt)).toBe(grade);
});

test("without a hold the grade is crash", () => {
  expect(gradeReached(null, { held: true, since: at(0), endedAt: at(5) }, at(1))).toBe("crash");
});

test("R15, R50: a second copy stays in the contract's regions and in its country, near ones first", () => {
  const now = at(0);
  const account = ["eu-west-1", "us-east-1", "eu-central-1"];
  const acumatica = profileOf("acumatica");
  const regions = copyRegions(acumatica, { region: "eu-west-1", residency: null }, account, now);
  expect(regions).toEqual(["eu-central-1", "us-east-1"]);
  expect(copyRegions(acumatica, { region: "eu-west-1", residency: "XX" }, account, now)).toEqual([]);
});
