import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createTenantry, type HostedServer } from "tenantry";
import { createHandler, type Handler } from "tenantry/http";
import { check, heading } from "./check.ts";

const programs = {
  everything: import.meta.resolve("@modelcontextprotocol/server-everything/dist/index.js"),
  filesystem: import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js"),
  memory: import.meta.resolve("@modelcontextprotocol/server-memory/dist/index.js"),
  "sequential-thinking": import.meta
    .resolve("@modelcontextprotocol/server-sequential-thinking/dist/index.js"),
};
const folders = { acme: await folderOf("Acme"), globex: await folderOf("Globex") };
let handler: Handler = () => Promise.resolve(new Response(null, { status: 503 }));
const listener = toNodeHandler({ fetch: (request: Request) => handler(request) });
const server = createServer((request, response) => void listener(request as never, response));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const tenantry = createTenantry({
  publicUrl,
  servers: { thinking: official("sequential-thinking"), everything: official("everything") },
  workspaces: {
    acme: { servers: { files: official("filesystem", [folders.acme]) } },
    globex: {
      servers: {
        files: official("filesystem", [folders.globex]),
        memory: { ...official("memory"), env: { MEMORY_FILE_PATH: join(folders.globex, "memory.jsonl") } },
      },
    },
  },
});

/** Who the host's own tokens say that somebody is. */
const users: Readonly<Record<string, { readonly workspace: string; readonly user: string }>> = {
  "Bearer token-of-ada": { workspace: "acme", user: "ada" },
  "Bearer token-of-bob": { workspace: "globex", user: "bob" },
};
handler = createHandler(tenantry, {
  gateway: { authenticate: ({ headers }) => users[headers.get("authorization") ?? ""] },
});
const url = new URL(`${publicUrl}/mcp`);

heading("The Inspector, as Ada of Acme");
const listed = (await inspect("--method", "tools/list")) as { tools: { name: string }[] };
const serversOf = (tools: readonly { name: string }[]) => [
  ...new Set(tools.map(({ name }) => name.split("__")[0])),
];
check("the servers whose tools it lists", serversOf(listed.tools), ["thinking", "everything", "files"]);
const path = join(folders.acme, "plans.txt");
const read = await inspect(
  "--method",
  "tools/call",
  "--tool-name",
  "files__read_text_file",
  "--tool-arg",
  `path=${path}`,
);
check("what it read", textOf(read), "Acme's plans");

heading("A stock client of the official SDK's first line, as Bob of Globex");
const client = new Client({ name: "stock", version: "1.0.0" });
const requestInit = { headers: { authorization: "Bearer token-of-bob" } };
const transport = new StreamableHTTPClientTransport(url, { requestInit });
await client.connect(transport as never);
const { tools } = await client.listTools();
check("the servers whose tools it lists", serversOf(tools), ["thinking", "everything", "files", "memory"]);
const call = async (name: string, args: Record<string, unknown>) =>
  client.callTool({ name, arguments: args });
check("the echo", textOf(await call("everything__echo", { message: "hello" })), "Echo: hello");
const entities = [{ name: "Globex", entityType: "company", observations: [] }];
await call("memory__create_entities", { entities });
check("what it remembers", textOf(await call("memory__read_graph", {})).includes('"Globex"'), true);
const foreign = await call("files__read_text_file", { path });
check("Acme's plans are an error", foreign.isError, true);

heading("Nobody");
check("without a token", (await fetch(url, { method: "POST" })).status, 401);
const replayed = {
  ...requestInit.headers,
  authorization: "Bearer token-of-ada",
  "mcp-session-id": transport.sessionId ?? "",
};
check(
  "with Bob's session and Ada's token",
  (await fetch(url, { method: "DELETE", headers: replayed })).status,
  404,
);

heading("Closing");
await transport.terminateSession();
await client.close();
await tenantry.close();
const { connections, sockets } = tenantry.stats();
check("connections and sockets of this instance", [connections, sockets], [0, 0]);
await new Promise((resolve) => server.close(resolve).closeAllConnections());
await Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true })));

/** One of the official servers, as a child process that everybody in a workspace shares. */
function official(name: keyof typeof programs, args: readonly string[] = []): HostedServer {
  return { command: process.execPath, args: [fileURLToPath(programs[name]), ...args], share: "workspace" };
}

async function folderOf(company: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gateway-example-"));
  await writeFile(join(folder, "plans.txt"), `${company}'s plans`);
  return folder;
}

async function inspect(...args: readonly string[]): Promise<unknown> {
  const program = fileURLToPath(import.meta.resolve("@modelcontextprotocol/inspector/package.json"));
  const command = join(program, "../clients/launcher/build/index.js");
  const to = ["--cli", url.href, "--transport", "http", "--header", "Authorization: Bearer token-of-ada"];
  const env = { PATH: process.env["PATH"], HOME: folders.acme };
  const { stdout } = await promisify(execFile)(process.execPath, [command, ...to, ...args], { env });
  return JSON.parse(stdout);
}

function textOf(result: unknown): string {
  return (result as { content: { text: string }[] }).content.map(({ text }) => text).join();
}
