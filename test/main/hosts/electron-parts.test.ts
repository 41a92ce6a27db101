import { expect, test } from "vitest";
import { electronArguments, unusable } from "../../../main/hosts/electron-binary.ts";
import { mayOpenOutside } from "../../../main/hosts/external-links.ts";

const rows = [
  { url: "https://acme.cloud.openbravo.com", reachedAt: "https://127.80.0.1:8443/" },
  { url: "https://beta.acumatica.com", reachedAt: null },
];

test.each([
  ["https://acme.cloud.openbravo.com/openbravo/", true],
  ["https://127.80.0.1:8443/health", true],
  ["https://beta.acumatica.com", true],
  ["http://acme.cloud.openbravo.com", false],
  ["https://acme.cloud.openbravo.com:444", false],
  ["https://acme.cloud.openbravo.com.evil.example", false],
  ["https://user:pass@acme.cloud.openbravo.com", false],
  ["https://127.80.0.1:9999/", false],
  ["https://example.com", false],
  ["file:///etc/passwd", false],
  ["javascript:alert(1)", false],
  ["ms-settings:", false],
  ["not an address", false],
  ["", false],
  [`https://acme.cloud.openbravo.com/${"x".repeat(3_000)}`, false],
])("a link to %s leaves the window: %s", (address, allowed) => {
  expect(mayOpenOutside(address, rows)).toBe(allowed);
});

test.each([
  ["a desktop", { env: { DISPLAY: ":0" }, platform: "linux", uid: 1000 }, null],
  ["Wayland", { env: { WAYLAND_DISPLAY: "wayland-0" }, platform: "linux", uid: 1000 }, null],
  ["macOS", { env: {}, platform: "darwin", uid: 501 }, null],
  ["Windows", { env: {}, platform: "win32", uid: -1 }, null],
  ["no display", { env: {}, platform: "linux", uid: 1000 }, "there is no display"],
  ["root", { env: { DISPLAY: ":0" }, platform: "linux", uid: 0 }, "as root Electron runs only without its sandbox"],
  [
    "root who asks for it",
    { env: { DISPLAY: ":0", FLEETWRIGHT_ELECTRON_ARGS: "--no-sandbox" }, platform: "linux", uid: 0 },
    null,
  ],
] as const)("Electron and %s", (_, { env, platform, uid }, why) => {
  expect(unusable({ env, platform, uid })).toBe(why);
});

test("extra arguments are separated by spaces", () => {
  expect(electronArguments({ FLEETWRIGHT_ELECTRON_ARGS: "  --no-sandbox --lang=fr " })).toEqual([
    "--no-sandbox",
    "--lang=fr",
  ]);
  expect(electronArguments({})).toEqual([]);
});
