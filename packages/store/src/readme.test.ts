import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the README's example runs as it stands", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(.*?)```/su.exec(readme)?.[1] ?? "";
  const folder = await mkdtemp(join(tmpdir(), "tenantry-readme-"));
  try {
    // A package finds itself by its own name within its folder.
    const options = { cwd: new URL("..", import.meta.url), timeout: 15_000 };
    const program = example.replace("./tenantry.db", join(folder, "tenantry.db"));
    const args = ["--input-type=module-typescript", "-e", program];
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    const promised = example.match(/(?<=^\/\/ ).*$/gmu) ?? [];
    expect(stdout.trim().split("\n")).toEqual(promised);
    expect(promised.length).toBeGreaterThan(3);
  } finally {
    await rm(folder, { recursive: true });
  }
});
