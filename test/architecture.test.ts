import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { importsOf, impurities, layerProblems, type SourceFile, unclassedPackages } from "./support/layers.ts";

const root = path.resolve(import.meta.dirname, "..");

function sources(): SourceFile[] {
  return ["main", "renderer", "shared"].flatMap((tree) =>
    readdirSync(path.join(root, tree), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return { path: path.relative(root, file).replaceAll("\\", "/"), text: readFileSync(file, "utf8") };
      }),
  );
}

test("every file matches exactly one row of the import table and imports only what its row allows", () => {
  expect(layerProblems(sources())).toEqual([]);
});

test("the rules have no clock, no randomness and no process", () => {
  expect(impurities(sources())).toEqual([]);
});

test("every npm package that ships has a line in the table of packages", () => {
  const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  expect(unclassedPackages(Object.keys(dependencies))).toEqual([]);
});

test.each([
  ["renderer to main", "renderer/fleet/FleetPage.tsx", `import { start } from "../../main/console.ts";`],
  ["renderer to Node", "renderer/app/client.ts", `import { readFile } from "node:fs/promises";`],
  ["one area to another", "renderer/fleet/FleetPage.tsx", `export * from "../tenant/TenantPage.tsx";`],
  ["one main area to another, even a type", "main/tenant/store.ts", `import type { Fleet } from "../fleet/store.ts";`],
  ["an area to the database's code", "main/fleet/store.ts", `import { open } from "../database/embedded.ts";`],
  ["an area to a host", "main/fleet/index.ts", `const host = await import("../hosts/cli.ts");`],
  ["an area to a vendor's SDK", "main/fleet/index.ts", `import {\n  EC2Client,\n} from "@aws-sdk/client-ec2";`],
  ["one adapter to another", "main/adapters/aws/ec2.ts", `import { connect } from "../ssh/connect.ts";`],
  ["Electron outside its host", "main/hosts/loopback.ts", `import { app } from "electron";`],
  ["the lab loaded at once", "main/console.ts", `import { startLab } from "./lab/index.ts";`],
  ["the lab to the console", "main/lab/index.ts", `import { start } from "../console.ts";`],
  ["ui to an area", "renderer/ui/Button.tsx", `import { x } from "../app/client.ts";`],
  ["a rule to Node", "shared/policy/notice.ts", `import { randomUUID } from "node:crypto";`],
  ["a package without a line", "main/fleet/index.ts", `import "left-pad/index.js";`],
  ["a file in no row", "main/misc/helper.ts", ""],
])("a planted violation is caught: %s", (_, file, text) => {
  expect(layerProblems([{ path: file, text }])).toHaveLength(1);
});

test.each([
  ["own area, app, ui and shared", "renderer/fleet/a.tsx", `import x from "./b.ts";\nimport y from "../app/c.ts";`],
  ["types of the database", "main/fleet/store.ts", `import type { Database } from "../database/pool.ts";`],
  ["the lab, lazily", "main/console.ts", `const lab = await import("./lab/launch.ts");`],
  ["an import in a comment", "renderer/app/a.ts", `// import "electron";\n/* import "node:fs"; */`],
])("what the table allows passes: %s", (_, file, text) => {
  expect(layerProblems([{ path: file, text }])).toEqual([]);
});

test("imports are read in every form", () => {
  const text = `import "./a.css";
import type { B } from "./b.ts";
import C, { type D } from "../c.ts";
export { e } from "./e.ts";
const f = await import("./f.ts");
const g = "import x from 'y'";`;
  expect(importsOf({ path: "renderer/fleet/x.tsx", text })).toEqual([
    { target: "renderer/fleet/a.css", kind: "plain" },
    { target: "renderer/fleet/b.ts", kind: "types" },
    { target: "renderer/c.ts", kind: "plain" },
    { target: "renderer/fleet/e.ts", kind: "plain" },
    { target: "renderer/fleet/f.ts", kind: "lazy" },
  ]);
});

test.each(["Date.now()", "new Date()", "Math.random()", "process.env.X"])("a rule with %s is caught", (text) => {
  expect(impurities([{ path: "shared/policy/x.ts", text }])).toHaveLength(1);
});
