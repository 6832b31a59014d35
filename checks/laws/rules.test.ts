import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { cruise, type IConfiguration, type ICruiseResult } from "dependency-cruiser";
import { ESLint } from "eslint";
import { afterAll, describe, expect, it } from "vitest";

const repository = join(import.meta.dirname, "../..");

describe("lint rules for published code", () => {
  // The repository's own configuration; the project service reads the text under test, not the file on disk.
  const eslint = new ESLint({
    cwd: repository,
    overrideConfig: {
      files: ["**/*.ts"],
      languageOptions: { parserOptions: { project: false, projectService: true } },
    },
  });

  async function rulesBrokenBy(
    text: string,
    file = "packages/pool/src/index.ts",
  ): Promise<(string | null)[]> {
    const [result] = await eslint.lintText(text, { filePath: join(repository, file) });
    expect(result?.messages.filter((message) => message.fatal)).toEqual([]);
    return [...new Set(result?.messages.map((message) => message.ruleId))];
  }

  it.each([
    "let count = 0; export const next = () => ++count;",
    "export let current: string | undefined;",
    "var seen = false; export { seen };",
    "export const pools = new Map<string, number>();",
    "const cache = new WeakMap<object, string>(); export { cache };",
    "const stop = new AbortController(); export { stop };",
    "export const queue: string[] = [];",
    "export const limits = { max: 1 };",
    "export const limits = Object.freeze({ inner: { max: 1 } });",
    "export const holder = { map: new Map<string, string>() } as const;",
    "const wrapped = Object.freeze([new Set<string>()]); export { wrapped };",
    "export const next = (() => { let count = 0; return () => ++count; })();",
    "export const rows = Array.from({ length: 3 });",
    "export const byName = Object.create(null) as Record<string, string>;",
    "export class Pool { static shared = 0; }",
    "export class Pool { static readonly all = new Set<Pool>(); }",
    "export default { max: 1 };",
    "export function run() {} run.count = 0;",
  ])("refuses module state: %s", async (text) => {
    expect(await rulesBrokenBy(text)).toContain("house/no-module-state");
  });

  it.each([
    ["process.on('exit', () => {});", "no-restricted-properties"],
    ["process.once('SIGTERM', () => {});", "no-restricted-properties"],
    ["process.addListener('warning', () => {});", "no-restricted-properties"],
    ["export const home = () => process.env.HOME;", "no-restricted-properties"],
    ["export function home() { const { env } = process; return env.HOME; }", "no-restricted-properties"],
    ["export const home = () => globalThis.process.env.HOME;", "no-restricted-syntax"],
    ["import { env } from 'node:process'; export const home = () => env.HOME;", "no-restricted-imports"],
    ["export function install(x: typeof fetch) { globalThis.fetch = x; }", "no-restricted-syntax"],
    ["export function install(x: object) { Object.assign(globalThis, x); }", "no-restricted-syntax"],
    ["export const log = () => console.log('x');", "no-console"],
    ["export function go(work: () => Promise<void>) { work(); }", "@typescript-eslint/no-floating-promises"],
  ])("refuses: %s", async (text, rule) => {
    expect(await rulesBrokenBy(text)).toContain(rule);
  });

  it("accepts tables, frozen values and state inside functions and instances", async () => {
    const text = `
      const brand: unique symbol = Symbol.for("brand");
      const NAME = /^[a-z]+$/;
      export const LIMIT = 60_000;
      export const verbs = ["list", "call"] as const;
      export const codes: ReadonlySet<string> = new Set(["A", "B"]);
      export const defaults: Readonly<Record<string, number>> = { max: 1, min: 0 };
      export const nested = { inner: { max: 1 } } as const satisfies Record<string, { max: number }>;
      export const clock = Object.freeze({ now: () => Date.now() });
      export const schema = Object.freeze(Object.keys({ a: 1 }));
      export function counter() { let count = 0; const all = new Map<number, string>(); return () => all.set(count++, ""); }
      export class Pool { static readonly max = 3; readonly #open = new Map<string, string>(); [brand] = true; has(id: string) { return NAME.test(id) && this.#open.has(id); } }
    `;
    expect(await rulesBrokenBy(text)).toEqual([]);
  });

  it("leaves tests alone", async () => {
    expect(
      await rulesBrokenBy("export const all = new Map<string, string>();", "checks/laws/rules.test.ts"),
    ).toEqual([]);
  });
});

describe("the star of packages", () => {
  const { options, ...ruleSet } = createRequire(import.meta.url)(
    "../../.dependency-cruiser.cjs",
  ) as IConfiguration;
  const root = mkdtempSync(join(tmpdir(), "tenantry-star-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  const manifest = (name: string, dependencies: readonly string[]) =>
    JSON.stringify({
      name,
      type: "module",
      exports: { ".": "./src/index.ts", "./conversation": "./src/conversation.ts" },
      dependencies: Object.fromEntries(dependencies.map((d) => [d, "*"])),
    });

  /** Cruises a workspace where every package is linked to every other, holding just one import. */
  async function rulesBrokenBy(from: string, to: string): Promise<string[]> {
    const base = mkdtempSync(join(root, "case-"));
    const at = base.slice(root.length + 1);
    const names = [
      "core",
      "egress",
      "client",
      "pool",
      "router",
      "store",
      "gateway",
      "tool-schema",
      "testing",
      "tenantry",
      "adapters/ai-sdk",
      "adapters/mcp-sdk",
      "adapters/elizaos",
      "adapters/fixtures",
    ];
    const scoped = (dir: string) =>
      dir === "tenantry" ? dir : `@tenantry/${dir.replace("adapters/", "adapter-")}`;
    write(`${at}/package.json`, manifest("root", []));
    for (const dir of names) {
      write(
        `${at}/packages/${dir}/package.json`,
        manifest(scoped(dir), [
          ...names.map(scoped),
          "@modelcontextprotocol/client",
          "@modelcontextprotocol/server",
          "pg",
        ]),
      );
      for (const file of ["index", "conversation"])
        write(`${at}/packages/${dir}/src/${file}.ts`, "export {};\n");
      mkdirSync(join(base, "node_modules/@tenantry"), { recursive: true });
      symlinkSync(join(base, "packages", dir), join(base, "node_modules", scoped(dir)));
    }
    write(`${at}/packages/adapters/elizaos/src/plugin-mcp.ts`, "export {};\n");
    for (const name of ["@modelcontextprotocol/client", "@modelcontextprotocol/server", "pg", "undeclared"]) {
      write(
        `${at}/node_modules/${name}/package.json`,
        JSON.stringify({ name, type: "module", exports: "./index.js" }),
      );
      write(`${at}/node_modules/${name}/index.js`, "export {};\n");
    }
    write(`${at}/packages/${from}`, `import type {} from "${to}";\nimport "${to}";\n`);
    const { output } = await cruise(
      ["packages"],
      { ...options, ruleSet, validate: true, baseDir: base },
      options?.enhancedResolveOptions,
    );
    return (output as ICruiseResult).summary.violations.map((violation) => violation.rule.name);
  }

  it.each([
    ["client/src/index.ts", "@tenantry/pool", "siblings-import-only-the-layers-below"],
    ["router/src/index.ts", "tenantry", "siblings-import-only-the-layers-below"],
    ["testing/src/index.ts", "@tenantry/gateway", "siblings-import-only-the-layers-below"],
    ["pool/src/index.ts", "@tenantry/testing", "siblings-import-only-the-layers-below"],
    ["pool/src/lease.test.ts", "@tenantry/client", "siblings-import-only-the-layers-below-tests"],
    ["egress/src/index.ts", "@tenantry/client", "ways-out-import-only-core"],
    ["core/src/index.ts", "@tenantry/egress", "core-imports-no-package"],
    ["core/src/index.ts", "node:fs", "core-does-no-io"],
    ["tenantry/src/index.ts", "@tenantry/testing", "umbrella-imports-no-adapter-or-testing"],
    ["tenantry/src/index.ts", "@tenantry/adapter-ai-sdk", "umbrella-imports-no-adapter-or-testing"],
    ["adapters/ai-sdk/src/index.ts", "tenantry", "adapters-import-only-core"],
    ["adapters/ai-sdk/src/index.ts", "@tenantry/gateway/conversation", "adapters-import-only-core"],
    ["adapters/ai-sdk/src/index.ts", "@tenantry/adapter-fixtures", "adapters-import-only-core"],
    ["adapters/ai-sdk/src/a.test.ts", "@tenantry/pool", "adapters-import-only-core-tests"],
    ["adapters/mcp-sdk/src/index.ts", "@tenantry/gateway", "mcp-sdk-imports-only-the-conversation"],
    ["adapters/mcp-sdk/src/v1.ts", "@modelcontextprotocol/client", "only-client-imports-the-mcp-client"],
    ["adapters/elizaos/src/service.ts", "tenantry", "adapters-import-only-core"],
    ["adapters/elizaos/src/plugin-mcp.ts", "@tenantry/pool", "the-drop-in-composes"],
    ["adapters/elizaos/src/plugin.ts", "./plugin-mcp.ts", "adapters-do-without-the-drop-in"],
    ["newcomer/src/index.ts", "@tenantry/core", "packages-are-listed-in-the-star"],
    ["pool/src/index.ts", "@modelcontextprotocol/client", "only-client-imports-the-mcp-client"],
    ["client/src/index.ts", "@modelcontextprotocol/server", "only-gateway-imports-the-mcp-server"],
    ["store/src/index.ts", "node:sqlite", "only-the-sqlite-store-loads-sqlite"],
    ["store/src/postgres.ts", "node:sqlite", "only-the-sqlite-store-loads-sqlite"],
    ["store/src/sqlite.ts", "pg", "only-the-postgres-store-loads-pg"],
    ["client/src/index.ts", "../../core/src/index.ts", "packages-meet-by-name"],
    ["pool/src/index.ts", "undeclared", "no-undeclared"],
    ["pool/src/index.ts", "not-installed", "no-unresolvable"],
    ["pool/src/index.ts", "./index.ts", "no-cycles"],
  ])("refuses %s → %s", async (from, to, rule) => {
    expect(await rulesBrokenBy(from, to)).toContain(rule);
  });

  it.each([
    ["client/src/index.ts", "@tenantry/egress"],
    ["client/src/index.ts", "@modelcontextprotocol/client"],
    ["egress/src/index.ts", "@tenantry/core"],
    ["tenantry/src/index.ts", "@tenantry/router"],
    ["adapters/ai-sdk/src/index.ts", "@tenantry/tool-schema"],
    ["adapters/ai-sdk/src/a.test.ts", "@tenantry/adapter-fixtures"],
    ["adapters/fixtures/test/index.ts", "tenantry"],
    ["adapters/mcp-sdk/src/index.ts", "@tenantry/gateway/conversation"],
    ["adapters/mcp-sdk/src/v2.ts", "@modelcontextprotocol/client"],
    ["adapters/elizaos/src/plugin-mcp.ts", "tenantry"],
    ["adapters/elizaos/src/plugin-mcp/settings.ts", "tenantry"],
    ["pool/src/lease.test.ts", "@tenantry/testing"],
    ["testing/src/index.ts", "@modelcontextprotocol/server"],
    ["store/src/sqlite.ts", "node:sqlite"],
    ["store/src/postgres.ts", "pg"],
  ])("accepts %s → %s", async (from, to) => {
    expect(await rulesBrokenBy(from, to)).toEqual([]);
  });
});
