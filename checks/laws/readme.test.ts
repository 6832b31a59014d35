import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startFakeServer, stdioServerPath } from "@tenantry/testing";
import { startAuthorizationServer } from "@tenantry/testing/oauth";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const run = promisify(execFile);
const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
const [example = ""] = blocks(readme, "ts");
const changes = blocks(readme, "diff");

// The README names a server that does not exist; here it is this one.
const server = await startFakeServer({
  authenticate: {
    header: "authorization",
    keys: {
      "Bearer token-of-ada": "ada",
      "Bearer token-of-bob": "bob",
      "Bearer token-of-nobody": "nobody",
      "Bearer unused": "ada",
    },
  },
});
const keyed = await startFakeServer({
  authenticate: { header: "x-api-key", keys: { "key-of-ada": "ada", "key-of-bob": "bob" } },
});
const open = await startFakeServer();
const issuer = await startAuthorizationServer();
const granted = await startFakeServer({ authenticate: { authorizationServer: issuer } });
// Inside the repository, so that `tenantry` is found as an application would find it.
const folder = await mkdtemp(join(import.meta.dirname, ".readme-"));

afterAll(async () => {
  await rm(folder, { recursive: true });
  await Promise.all([server, keyed, open, granted, issuer].map((one) => one.close()));
});

describe("the README's example", () => {
  beforeAll(() => {
    expect(example).toContain("createTenantry");
    expect(changes.length).toBeGreaterThanOrEqual(7);
  });

  it("runs as it stands", async () => {
    const output = await runModule("example", example);
    expect(output).toContain("'ada'");
    expect(output).toContain("'bob'");
  });

  it.each(changes.map((change, index) => [firstAdded(change), index] as const))(
    "runs with %s",
    async (_, index) => {
      const output = await runModule(`change-${index}`, applyChange(example, changes[index] ?? ""));
      expect(output).toMatch(/'(ada|bob)'/u);
      if (changes[index]?.includes("oauth()"))
        expect(output).toContain(`Send Ada to ${issuer.issuer.origin}.\n200\n`);
    },
  );

  it("compiles, with every change", async () => {
    const files = [example, ...changes.map((change) => applyChange(example, change))];
    await Promise.all(files.map((text, index) => writeFile(join(folder, `compiled-${index}.ts`), text)));
    // Frameworks' declarations do not all hold by these rules; what is here does.
    const compilerOptions = { skipLibCheck: true };
    const config = { extends: "../../../tsconfig.base.json", compilerOptions, include: ["compiled-*.ts"] };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = new URL(import.meta.resolve("typescript/bin/tsc")).pathname;
    await run(process.execPath, [compiler, "-p", folder]);
  }, 60_000);
});

async function runModule(name: string, text: string): Promise<string> {
  const file = join(folder, `${name}.ts`);
  const target = text.includes("x-api-key") ? keyed : server;
  const local = text
    .replaceAll("https://mcp.example.com/mcp", target.url.href)
    .replaceAll("https://mcp.example.com/wiki", open.url.href)
    .replaceAll("https://mail.example.com/mcp", granted.url.href)
    // What a server says of its issuer is not trusted with addresses of this machine.
    .replace("createTenantry({", 'createTenantry({ allow: ["127.0.0.1"],')
    .replaceAll("./server.js", stdioServerPath);
  await writeFile(file, local);
  const { stdout, stderr } = await run(process.execPath, [file], { timeout: 30_000, cwd: folder });
  expect(stderr).toBe("");
  return stdout;
}

/** The fenced blocks of one language. */
function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gmu)]
    .filter(([, fence]) => fence === language)
    .map(([, , text = ""]) => text);
}

/** Applies a diff without line numbers: what it keeps or removes must be in the text, in that order. */
function applyChange(text: string, change: string): string {
  const lines = text.split("\n");
  let at = 0;
  for (const line of change.trimEnd().split("\n")) {
    const content = line.slice(1);
    if (line.startsWith("+")) {
      lines.splice(at++, 0, content);
      continue;
    }
    const found = lines.indexOf(content, at);
    if (found === -1) throw new Error(`The example has no line ${JSON.stringify(content)} here.`);
    if (line.startsWith("-")) lines.splice(found, 1);
    at = line.startsWith("-") ? found : found + 1;
  }
  return lines.join("\n");
}

function firstAdded(change: string): string {
  return (
    change
      .split("\n")
      .filter((line) => line.startsWith("+") && !line.includes("import"))
      .map((line) => line.slice(1).trim())
      .find((line) => line !== "") ?? ""
  );
}
