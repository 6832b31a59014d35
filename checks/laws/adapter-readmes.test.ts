import { execFile } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";

const adapters = join(import.meta.dirname, "../../packages/adapters");
// What is there for their tests is no adapter.
const folders = (await readdir(adapters, { withFileTypes: true })).filter(
  (entry) => entry.isDirectory() && entry.name !== "fixtures",
);
// Inside of each package, so that its framework is found as an application would find it.
const within = folders.map(({ name }) => ({ name, folder: join(adapters, name, ".readme") }));
const config = join(adapters, ".readme.json");

afterAll(async () => {
  await Promise.all(
    [config, ...within.map(({ folder }) => folder)].map((path) => rm(path, { recursive: true, force: true })),
  );
});

it("every example in an adapter's README compiles", async () => {
  for (const { name, folder } of within) {
    const readme = await readFile(join(adapters, name, "README.md"), "utf8");
    const [first, ...others] = examples(readme);
    expect(first, name).toMatch(/from "@tenantry\//u);
    await mkdir(folder, { recursive: true });
    const files = [first ?? "", ...others.map((other) => continued(first ?? "", other))];
    await Promise.all(files.map((text, index) => writeFile(join(folder, `${index}.ts`), text)));
  }
  const include = ["*/.readme/*.ts"];
  await writeFile(config, JSON.stringify({ extends: "./tsconfig.json", include }));
  const tsc = new URL(import.meta.resolve("typescript/bin/tsc")).pathname;
  const compiled = promisify(execFile)(process.execPath, [tsc, "-p", config, "--incremental", "false"]);
  await expect(compiled).resolves.toMatchObject({ stdout: "" });
}, 120_000);

function examples(readme: string): string[] {
  return [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gmu)].map(([, text = ""]) => text);
}

/** A later example goes on where the first one ends: its imports are the module's, its names its own. */
function continued(first: string, other: string): string {
  const imports = /^import [\s\S]*?;$/gmu;
  return [first, ...(other.match(imports) ?? []), "{", other.replace(imports, ""), "}"].join("\n");
}
