// Runs inside the installed project, on the Node under test: plain JavaScript, and nothing but what was installed.
// Every entry loads, two users call four kinds of server; tells how many entries there are.
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

const { bearer, createTenantry, env, fromContext, Secret } = await import("tenantry");
const { inMemoryServer, startFakeServer, stdioServerPath } = await import("@tenantry/testing");
assert.doesNotMatch(`${new Secret("hunter2")} ${JSON.stringify(new Secret("hunter2"))}`, /hunter2/);

const keys = { "key-of-ada": "ada", "key-of-bob": "bob" };
const authenticate = { header: "authorization", keys };
const legacy = await startFakeServer({ era: "legacy", authenticate });
const modern = await startFakeServer({ era: "modern", authenticate });
const memory = inMemoryServer({ authenticate: { variable: "USER_KEY", keys } });
const tenantry = createTenantry({
  servers: {
    legacy: { url: legacy.url, credential: bearer(fromContext("key")) },
    modern: { url: modern.url, credential: bearer(fromContext("key")) },
    memory: { connect: memory.connect, credential: env("USER_KEY", fromContext("key")) },
    child: {
      command: process.execPath,
      args: [stdioServerPath],
      credential: env("USER_KEY", fromContext("key")),
    },
  },
});

for (const user of ["ada", "bob"]) {
  const client = tenantry.workspace("acme").as(user, { key: `key-of-${user}` });
  const { tools, unavailable } = await client.listTools();
  assert.deepEqual(unavailable, []);
  assert.equal(new Set(tools.map(({ origin }) => origin.server)).size, 4);
  const answers = await Promise.all(
    ["legacy", "modern", "memory", "child"].map((server) => client.callTool(`${server}__whoami`)),
  );
  for (const { content } of answers) assert.match(JSON.stringify(content), new RegExp(user));
}
await tenantry.close();
assert.equal(legacy.endedSessions, 2);
await Promise.all([legacy.close(), modern.close()]);

console.log(entries.length);
