import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the README's example of OAuth runs as it stands", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const examples = [...readme.matchAll(/```ts\n(.*?)```/gsu)].map(([, text = ""]) => text);
  const example = examples.find((text) => text.includes("/oauth")) ?? "";
  // A package finds itself by its own name within its folder.
  const options = { cwd: new URL("../..", import.meta.url), timeout: 20_000 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module-typescript", "-e", example],
    options,
  );
  expect(stdout).toBe("AUTHORIZATION_REQUIRED\n1\n");
});
