import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the README's example of the isolation kit runs as it stands", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const blocks = [...readme.matchAll(/```ts\n(?<code>.*?)```/gsu)].map(
    ({ groups }) => groups?.["code"] ?? "",
  );
  const example = blocks.find((code) => code.includes("@tenantry/testing/isolation")) ?? "";
  // A package finds itself by its own name within its folder.
  const options = { cwd: new URL("../..", import.meta.url), timeout: 60_000 };
  const args = ["--input-type=module-typescript", "-e", example];
  const { stdout } = await promisify(execFile)(process.execPath, args, options);
  const scenarios = ["sequential", "same-tick", "cancel"];
  const expected = ["legacy", "modern"].flatMap((era) => scenarios.map((one) => `${one} ${era} green []`));
  expect(stdout.trim().split("\n")).toEqual(expected);
}, 60_000);
