import { defineConfig } from "@playwright/test";

const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// Every spec in a real Electron (xvfb-run where there is no display), the window that people use. In a browser on the
// loopback host those whose way differs there: the WebSocket that carries the contract, the one-time address, the browser's
// own policy, a console that is killed. One worker: each console brings a database and a lab.
export default defineConfig({
  testDir: "test/e2e",
  outputDir: "test-results",
  workers: 1,
  retries: 0,
  forbidOnly: true,
  timeout: 400_000, // against tests that hang: a slow machine is no failure
  expect: { timeout: 30_000 },
  reporter: "list",
  use: {
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    actionTimeout: 30_000,
    launchOptions: { executablePath: "/usr/bin/chromium", args: CHROMIUM_ARGUMENTS },
  },
  projects: [
    {
      name: "chromium",
      testMatch: ["loopback*.spec.ts", "window-security.spec.ts", "second-console.spec.ts", "fleet.spec.ts"],
    },
    { name: "electron", testIgnore: ["loopback*.spec.ts", "screenshots.spec.ts"] },
    // Makes docs/images; run it by name after the window's looks have changed.
    { name: "screenshots", testMatch: "screenshots.spec.ts" },
  ],
});
