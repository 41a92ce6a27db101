/** Who may import whom (docs: the table of the same name), and a checker for it. No dependency, so it cannot rot. */

export interface SourceFile {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

interface Row {
  /** Files this row is about; a first group in it is the row's "own" folder. */
  readonly files: RegExp;
  /** Path prefixes that may be imported; "own/" stands for the own folder, "node:" for Node's modules. */
  readonly may: readonly string[];
  /** Prefixes of which only types may be imported. */
  readonly types?: readonly string[];
  /** Prefixes that may only be imported with `import()`, so that nothing loads them by accident. */
  readonly lazily?: readonly string[];
}

const MAIN_AREAS =
  "fleet|tenant|terminal|terms|snapshot|restore|maintenance|access|metrics|sla|calendar|reports|alerts|settings|audit|vault";
const RENDERER_AREAS =
  "fleet|tenant|jobs|terminal|terms|snapshot|restore|maintenance|access|metrics|sla|calendar|reports|alerts|settings|lab";
const SHARED_AREAS = `${RENDERER_AREAS}|audit|vault`;
/** Of the vault only this: whoever holds a secret tells the log to leave it out. */
const BASICS = ["main/home/", "main/log.ts", "main/vault/redact.ts"];

const ROWS: readonly Row[] = [
  { files: /^shared\/policy\//, may: ["shared/"] },
  { files: new RegExp(`^shared/(?:${SHARED_AREAS})/`), may: ["shared/"] },
  { files: /^shared\/[^/]+\.ts$/, may: ["shared/"] },

  { files: /^(renderer\/ui)\//, may: ["own/", "shared/errors.ts", "shared/time.ts"] },
  {
    files: new RegExp(`^(renderer/(?:${RENDERER_AREAS}))/`),
    may: ["own/", "renderer/app/", "renderer/ui/", "shared/"],
  },
  { files: /^renderer\/(?:app\/|[^/]+\.(?:tsx?|html|css)$)/, may: ["renderer/", "shared/"] },

  { files: /^(main\/adapters\/[^/]+)\//, may: ["own/", "shared/", "node:"], types: BASICS },
  { files: /^main\/adapters\/[^/]+$/, may: ["shared/", "node:"] },
  {
    files: /^(main\/jobs)\//,
    may: ["own/", "shared/", "node:", "main/log.ts", "main/database/transaction.ts"],
    types: ["main/database/"],
  },
  { files: /^(main\/database)\//, may: ["own/", "shared/", "node:", ...BASICS] },
  { files: /^(main\/home)\//, may: ["own/", "shared/", "node:", "main/log.ts"] },
  { files: /^main\/standstill\.ts$/, may: ["shared/"] },
  { files: /^main\/log\.ts$/, may: ["shared/", "node:", "main/vault/redact.ts"] },
  {
    files: new RegExp(`^(main/(?:${MAIN_AREAS}))/`),
    may: [
      "own/",
      "main/jobs/",
      "main/toolkit/",
      "shared/",
      "node:",
      "main/log.ts",
      "main/home/files.ts",
      "main/database/transaction.ts",
    ],
    types: ["main/database/", "main/home/"],
  },
  { files: /^(main\/toolkit)\//, may: ["own/", "main/jobs/", "shared/", "node:"] },
  { files: /^(main\/lab)\//, may: ["own/", "shared/", "node:", "main/home/files.ts"], types: ["main/log.ts"] },
  {
    files: /^main\/(?:console|cloud|own-keys)\.ts$/,
    may: [
      "main/cloud.ts",
      "main/own-keys.ts",
      "main/standstill.ts",
      "shared/",
      "node:",
      "main/jobs/",
      "main/database/",
      "main/adapters/",
      "main/toolkit/",
      ...BASICS,
    ].concat(MAIN_AREAS.split("|").map((area) => `main/${area}/`)),
    types: ["main/lab/"],
    lazily: ["main/lab/"],
  },
  {
    files: /^(main\/hosts)\//,
    may: ["own/", "main/console.ts", "shared/", "node:", ...BASICS],
    types: ["main/settings/", "main/vault/", "main/lab/"],
    lazily: ["main/console.ts", "main/lab/"],
  },
  { files: /^(?:main|renderer|shared)\/tsconfig\.json$/, may: [] },
];

/** Where each npm package may be imported. A new package gets a line here before its first use. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ["shared/", "main/", "renderer/"],
  "temporal-polyfill": ["shared/policy/", "main/", "renderer/"],
  "@orpc/contract": ["shared/", "renderer/app/", "main/"],
  "@orpc/server": ["main/"],
  "@orpc/client": ["renderer/app/", "main/hosts/"],
  "@orpc/tanstack-query": ["renderer/app/"],

  "@dbos-inc/dbos-sdk": ["main/"],
  pg: ["main/database/", "main/jobs/", "main/lab/hosts/"],
  conf: ["main/settings/"],
  "env-paths": ["main/home/", "main/settings/"],
  ssh2: ["main/adapters/ssh/", "main/lab/hosts/"],
  "@aws-sdk/client-ec2": ["main/adapters/aws/"],
  "@aws-sdk/client-s3": ["main/adapters/aws/"],
  "@aws-sdk/s3-request-presigner": ["main/adapters/aws/"],
  "@aws-sdk/client-sts": ["main/adapters/aws/"],
  "@aws-sdk/credential-providers": ["main/adapters/aws/"],
  "@smithy/node-http-handler": ["main/adapters/aws/"],
  "@peculiar/x509": ["main/lab/hosts/"],
  "reflect-metadata": ["main/lab/hosts/"],
  "fast-xml-parser": ["main/lab/"],
  "ical-generator": ["main/calendar/"],
  nodemailer: ["main/calendar/", "main/adapters/mail/"],
  ws: ["main/hosts/"],
  commander: ["main/hosts/"],
  open: ["main/hosts/"],
  electron: ["main/hosts/electron", "main/hosts/preload.ts"],

  react: ["renderer/"],
  "react-dom": ["renderer/"],
  recharts: ["renderer/"],
  "@mantine/core": ["renderer/"],
  "@mantine/dates": ["renderer/"],
  "@mantine/hooks": ["renderer/"],
  "@mantine/notifications": ["renderer/"],
  "@mantine/spotlight": ["renderer/"],
  "@tabler/icons-react": ["renderer/"],
  "@tanstack/react-query": ["renderer/"],
  "@tanstack/react-virtual": ["renderer/"],
  "@xterm/xterm": ["renderer/terminal/"],
  "@xterm/addon-fit": ["renderer/terminal/"],
  "@xterm/addon-search": ["renderer/terminal/"],
  "@xterm/addon-unicode11": ["renderer/terminal/"],
  "@xterm/addon-web-links": ["renderer/terminal/"],
  dayjs: ["renderer/"],
  i18next: ["renderer/"],
  "react-i18next": ["renderer/"],
  wouter: ["renderer/"],
};

/** Packages whose types alone may be imported more widely: a store is handed its pool and never opens one. */
const TYPES_OF_PACKAGES: typeof PACKAGES = { pg: ["main/"] };

interface Import {
  readonly target: string;
  readonly kind: "plain" | "types" | "lazy";
}

/** Text without what starts with one of these: comments ("/"), templates ("`"). Strings stay whole. */
function without(starts: string, text: string): string {
  const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(token, (found) => (starts.includes(found[0]!) ? " " : found));
}

export function importsOf(file: SourceFile): Import[] {
  const text = without("/`", file.text); // a template may hold code that is meant for others
  const fixed = /^[ \t]*(import|export)\s+(type\s+)?(?:[\w*\s{},$]*?\bfrom\s*)?["']([^"'\n]+)["']/gm;
  const lazy = /\b(?:import|require)\(\s*["']([^"'\n]+)["']/g;
  return [
    ...[...text.matchAll(fixed)].map(
      (found): Import => ({ target: resolve(file.path, found[3]!), kind: found[2] ? "types" : "plain" }),
    ),
    ...[...text.matchAll(lazy)].map((found): Import => ({ target: resolve(file.path, found[1]!), kind: "lazy" })),
  ];
}

/** Repository path of a relative import; any other name as it is. */
function resolve(from: string, name: string): string {
  if (!name.startsWith(".")) return name;
  const parts = from.split("/").slice(0, -1);
  for (const part of name.replace(/\?.*$/, "").split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function packageOf(name: string): string {
  const [first, second] = name.split("/");
  return first!.startsWith("@") ? `${first}/${second}` : first!;
}

const under = (path: string, prefixes: readonly string[]) => prefixes.some((prefix) => path.startsWith(prefix));

function packageProblem(file: SourceFile, name: string, kind: Import["kind"]): string | undefined {
  const places = (kind === "types" && TYPES_OF_PACKAGES[name]) || PACKAGES[name];
  if (!places) return `${file.path} imports the package ${name}, which has no line in the table of packages`;
  if (!under(file.path, places))
    return `${file.path} imports the package ${name}, allowed only in ${places.join(", ")}`;
  return undefined;
}

/** Everything in these files that breaks the table, one sentence each. */
export function layerProblems(files: readonly SourceFile[]): string[] {
  const problems: string[] = [];
  for (const file of files) {
    const rows = ROWS.filter((row) => row.files.test(file.path));
    const row = rows[0];
    if (!row || rows.length > 1) {
      problems.push(`${file.path} matches ${rows.length} rows of the import table instead of one`);
      continue;
    }
    if (!/\.tsx?$/.test(file.path)) continue;
    const own = `${row.files.exec(file.path)?.[1] ?? "nothing"}/`;
    const may = row.may.map((prefix) => (prefix === "own/" ? own : prefix));
    for (const { target, kind } of importsOf(file)) {
      const inside = /^(?:main|renderer|shared|test|scripts|dist)\//.test(target);
      if (!inside && !target.startsWith("node:")) {
        const problem = packageProblem(file, packageOf(target), kind);
        if (problem) problems.push(problem);
        continue;
      }
      const allowed =
        under(target, may) ||
        (kind === "types" && under(target, row.types ?? [])) ||
        (kind === "lazy" && under(target, row.lazily ?? []));
      if (!allowed) problems.push(`${file.path} may not import ${target}${kind === "plain" ? "" : ` (${kind})`}`);
    }
  }
  return problems;
}

/** Packages of package.json's `dependencies` that the table does not know. */
export function unclassedPackages(dependencies: readonly string[]): string[] {
  return dependencies.filter((name) => !(name in PACKAGES));
}

const IMPURE =
  /\b(?:Date\.now|new Date\(\s*\)|Math\.random|Temporal\.Now|performance\.|crypto\.|process\.|globalThis|setTimeout|setInterval|fetch\(|console\.)/;

/** Clocks, randomness and the process in the rules, where "now" is a parameter. */
export function impurities(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => file.path.startsWith("shared/policy/"))
    .flatMap((file) => {
      const found = IMPURE.exec(without("/", file.text));
      return found ? [`${file.path} uses ${found[0]}`] : [];
    });
}
