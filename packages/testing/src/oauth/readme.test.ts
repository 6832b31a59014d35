import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the README's example of an authorization server runs as it stands", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const blocks = [...readme.matchAll(/```ts\n(?<code>.*?)```/gsu)].map(
    ({ groups }) => groups?.["code"] ?? "",
  );
  const example = blocks.find((code) => code.includes("@tenantry/testing/oauth")) ?? "";
  expect(example.match(/\bassert\.equal\(/gu)).toHaveLength(4);
  // A package finds itself by its own name within its folder.
  const options = { cwd: new URL("../..", import.meta.url), timeout: 10_000 };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module-typescript", "-e", `${example}\nconsole.log("reached the end");`],
    options,
  );
  expect(stdout).toBe("reached the end\n");
});
