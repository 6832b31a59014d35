// Runs inside the installed project, on the Node under test: plain JavaScript, and nothing but what was installed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const entries = Object.keys(read("package.json").dependencies).flatMap((name) =>
  Object.keys(read(`node_modules/${name}/package.json`).exports)
    .filter((path) => path !== "./package.json")
    .map((path) => name + path.slice(1)),
);

for (const entry of entries) {
  const exports = await import(entry);
  for (const [name, value] of Object.entries(exports)) assert.notEqual(value, undefined, `${entry}: ${name}`);
}

const { Secret } = await import("@tenantry/core");
assert.doesNotMatch(`${new Secret("hunter2")} ${JSON.stringify(new Secret("hunter2"))}`, /hunter2/);

console.log(`Node ${process.versions.node}: ${entries.length} entries load`);
