import { expect, test } from "vitest";
import { countCheck, countPlaywright, countVitest, inWords, total, withExitCode } from "../../scripts/test/counts.ts";
import { selectSuites } from "../../scripts/test/suites.ts";

const file = (status: string, tests: number) => ({ status, assertionResults: Array.from({ length: tests }) });

test("a test file that could not be loaded counts as one failed test", () => {
  const report = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  const testResults = [file("passed", 3), file("failed", 4), file("failed", 0)];
  expect(countVitest({ ...report, testResults })).toEqual({ passed: 3, failed: 2, skipped: 3 });
});

test.each([
  ["all well", { expected: 4, unexpected: 0, flaky: 0, skipped: 1 }, [], { passed: 4, failed: 0, skipped: 1 }],
  ["a flaky one", { expected: 4, unexpected: 1, flaky: 1, skipped: 0 }, [], { passed: 4, failed: 2, skipped: 0 }],
  ["nothing ran", { expected: 0, unexpected: 0, flaky: 0, skipped: 0 }, ["x"], { passed: 0, failed: 1, skipped: 0 }],
])("an end-to-end report is counted: %s", (_, stats, errors, counts) => {
  expect(countPlaywright({ stats, errors })).toEqual(counts);
});

test("a runner that ended badly never looks good", () => {
  expect(withExitCode({ passed: 5, failed: 0, skipped: 0 }, 1).failed).toBe(1);
  expect(withExitCode({ passed: 5, failed: 2, skipped: 0 }, 1).failed).toBe(2);
});

test("the counts of all suites end in one line", () => {
  const sum = total([countCheck(0), countCheck(1), { passed: 40, failed: 0, skipped: 2 }]);
  expect(inWords(sum)).toBe("41 passed, 1 failed, 2 skipped");
});

test("a selection brings the build that it needs", () => {
  const names = (words: string[]) => selectSuites(words).map((suite) => suite.name);
  expect(names(["e2e"])).toEqual(["build", "e2e-chromium", "e2e-electron"]);
  expect(names(["unit"])).toEqual(["unit"]);
  expect(names(["nothing"])).toEqual([]);
});
