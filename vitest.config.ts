import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Two projects: `unit` needs nothing but Node and is quick; `integration` starts databases, labs and hosts, so it runs
// at most two files at a time and waits longer. Nothing is retried: a test that needs luck is a bug.
export default defineConfig({
  test: {
    teardownTimeout: 30_000,
    allowOnly: false,
    projects: [
      {
        plugins: [react()],
        test: {
          name: "unit",
          include: [
            "test/*.test.ts",
            "test/shared/**/*.test.ts",
            "test/renderer/**/*.test.{ts,tsx}",
            "test/scripts/**/*.test.ts",
          ],
          environment: "node",
          // Against tests that hang. Properties and whole screens take seconds on a slow machine.
          testTimeout: 180_000,
          restoreMocks: true,
          unstubGlobals: true,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/main/**/*.test.ts"],
          environment: "node",
          pool: "forks",
          maxWorkers: 2,
          // Against tests that hang: nothing here measures time.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          expect: { poll: { timeout: 60_000 } },
        },
      },
    ],
  },
});
