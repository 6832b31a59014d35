// Published clients list and call the official servers' tools through the gateway. Says what each of them got, and fails
// where one did not get all of it. A client's name has it visit alone.
import { rmSync } from "node:fs";
import { startFetchServer } from "@tenantry/testing";
import { createTenantry } from "tenantry";
import { createHandler, type Handler } from "tenantry/http";
import { clients, type Connect } from "./clients.ts";
import { installPackages } from "./installed.ts";
import { officialServers, type Example } from "./servers.ts";

const only = process.argv[2];
installPackages();
const { folder, servers, examples } = officialServers();

let handle: Handler = () => Promise.resolve(new Response(null, { status: 503 }));
await using server = await startFetchServer((request) => handle(request));
await using tenantry = createTenantry({ servers, publicUrl: server.url });
const isAda = (request: Request) => request.headers.get("authorization") === "Bearer token-of-ada";
handle = createHandler(tenantry, {
  gateway: { authenticate: (request) => (isAda(request) ? { workspace: "acme", user: "ada" } : undefined) },
});
const url = new URL("mcp", server.url);

const rows: [string, string, string][] = [];
for (const [name, connect] of Object.entries(clients)) {
  if (only !== undefined && !name.includes(only)) continue;
  rows.push([
    name,
    ...(await visit(connect).catch((failure: unknown) => ["FAILED", String(failure)] as const)),
  ]);
}
rmSync(folder, { recursive: true, force: true });
const width = Math.max(...rows.map(([name]) => name.length));
for (const [name, tools, calls] of [["client", "tools", "calls"] as const, ...rows])
  console.log(`${name.padEnd(width)} | ${tools.padEnd(6)} | ${calls}`);
if (rows.length === 0 || rows.some(([, tools]) => tools === "FAILED")) process.exitCode = 1;

async function visit(connect: Connect): Promise<[string, string]> {
  const visitor = await connect(url, "token-of-ada");
  try {
    const names = await visitor.list();
    const missing = examples.filter(({ tool }) => !names.includes(tool));
    if (missing.length > 0) throw new Error(`${missing.map(({ tool }) => tool).join()} is not listed`);
    const answered: string[] = [];
    for (const example of examples) answered.push(await called(visitor.call, example));
    return [String(names.length), answered.join(" ")];
  } finally {
    await visitor.close();
  }
}

async function called(
  call: Awaited<ReturnType<Connect>>["call"],
  { tool, arguments: args, answer }: Example,
): Promise<string> {
  const said = await call(tool, args);
  if (!answer.test(said)) throw new Error(`${tool} answered ${said.slice(0, 200)}`);
  return tool.slice(0, tool.indexOf("__"));
}
