import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the README's example runs as it stands", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const example = /```ts\n(.*?)```/su.exec(readme)?.[1] ?? "";
  // A package finds itself by its own name within its folder.
  const options = { cwd: new URL("..", import.meta.url), timeout: 10_000 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module-typescript", "-e", example],
    options,
  );
  expect(stdout).toBe("200 hello Bearer token-of-ada\n");
});
