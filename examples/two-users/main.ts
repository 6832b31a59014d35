import { createServer } from "node:http";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  createTenantry,
  fromContext,
  header,
  TenantryError,
  type CallToolResult,
  type HostedServer,
} from "tenantry";
import { check, checkTable, heading } from "./check.ts";
import { startWhoamiServer } from "./whoami-server.ts";

const before = process.getActiveResourcesInfo();
const whoami = await startWhoamiServer({
  "key-1": "Ada of Acme",
  "key-2": "Bob of Acme",
  "key-3": "Ada of Globex",
});
const elsewhere = await startElsewhere();
const folders = { acme: await folderOf("Acme"), globex: await folderOf("Globex") };

const tenantry = createTenantry({
  servers: { notes: { url: whoami.url, credential: header("x-api-key", fromContext("notesKey")) } },
  workspaces: {
    acme: { servers: { files: filesystem(folders.acme) } },
    globex: { servers: { files: filesystem(folders.globex) } },
  },
});

const users = [
  {
    workspace: "acme",
    user: "ada",
    key: "key-1",
    name: "Ada of Acme",
    folder: folders.acme,
    file: "Acme's plans",
  },
  {
    workspace: "acme",
    user: "bob",
    key: "key-2",
    name: "Bob of Acme",
    folder: folders.acme,
    file: "Acme's plans",
  },
  {
    workspace: "globex",
    user: "ada",
    key: "key-3",
    name: "Ada of Globex",
    folder: folders.globex,
    file: "Globex's plans",
  },
].map((user) => ({
  ...user,
  client: tenantry.workspace(user.workspace).as(user.user, { notesKey: user.key }),
}));

heading("Three users, two of them called ada, call two servers at once");
const rounds = await Promise.all(
  users.flatMap(({ client, folder }) =>
    Array.from({ length: 10 }, async () => {
      const [who, file] = await Promise.all([
        client.callTool("notes__whoami"),
        client.callTool("files__read_text_file", { path: join(folder, "plans.txt") }),
      ]);
      return [textOf(who), textOf(file)];
    }),
  ),
);
checkTable(
  ["workspace", "user", "asked with", "the server saw", "the folder held"],
  users.map(({ workspace, user, key }, index) => [
    workspace,
    user,
    key,
    ...distinct(rounds.slice(index * 10, index * 10 + 10)),
  ]),
  users.map(({ workspace, user, key, name, file }) => [workspace, user, key, name, file]),
);
check("calls that reached the server, by key", tally(whoami.calls), {
  "key-1": 10,
  "key-2": 10,
  "key-3": 10,
});
check("calls on another user's session", whoami.crossings, 0);

heading("The connections, and whose they are");
const owners = tenantry
  .stats()
  .entries.map(({ server, scope }) => [
    server,
    "user" in scope
      ? `${scope.workspace}/${scope.user}`
      : "workspace" in scope
        ? `${scope.workspace}, shared`
        : "",
  ]);
checkTable(["server", "owner"], owners.toSorted(), [
  ["files", "acme, shared"],
  ["files", "globex, shared"],
  ["notes", "acme/ada"],
  ["notes", "acme/bob"],
  ["notes", "globex/ada"],
]);

heading("Ada of Acme gets a new key");
whoami.addKey("key-4", "Ada of Acme");
const renewed = tenantry.workspace("acme").as("ada", { notesKey: "key-4" });
check("the server saw", textOf(await renewed.callTool("notes__whoami")), "Ada of Acme");
check("it came with", whoami.calls.at(-1), "key-4");

heading("The server redirects Bob's call to another origin");
whoami.redirect("key-2", elsewhere.url);
check("Bob got", await codeOf(users[1]?.client.callTool("notes__whoami")), "ORIGIN_REFUSED");
check("requests that reached the other origin", elsewhere.requests(), 0);
check(
  "Ada of Globex, meanwhile, got",
  textOf(await users[2]?.client.callTool("notes__whoami")),
  "Ada of Globex",
);

heading("Closing");
whoami.redirect("key-2", undefined);
await tenantry.close();
const { connections, sockets } = tenantry.stats();
check("connections and sockets of this instance", [connections, sockets], [0, 0]);
check("sessions and sockets that the server still has", await whoami.left(), [0, 0]);
await Promise.all(Object.values(folders).map((folder) => rm(folder, { recursive: true })));
await Promise.all([whoami.close(), elsewhere.close()]);
check("sockets, children and timers left in this process", await resourcesLeft(), "none");

/** What keeps the event loop busier than at the start, once it has had a few turns to let go of what was closed. */
async function resourcesLeft(): Promise<string> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
  const started = [...before];
  const more = process.getActiveResourcesInfo().filter((kind) => {
    const known = started.indexOf(kind);
    if (known !== -1) started.splice(known, 1);
    return known === -1;
  });
  return more.join(", ") || "none";
}

/** The official filesystem server, as a child process that sees one folder. */
function filesystem(folder: string): HostedServer {
  const program = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js"));
  return { command: process.execPath, args: [program, folder], share: "workspace" };
}

async function folderOf(company: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "two-users-"));
  await writeFile(join(folder, "plans.txt"), `${company}'s plans`);
  return folder;
}

async function startElsewhere() {
  let requests = 0;
  const http = createServer((_, response) => {
    requests++;
    response.end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`);
  return { url, requests: () => requests, close: () => new Promise((resolve) => http.close(resolve)) };
}

function textOf(result: CallToolResult | undefined): string {
  const first = result?.content[0];
  return first?.type === "text" ? first.text : JSON.stringify(result);
}

async function codeOf(call: Promise<CallToolResult> | undefined): Promise<string> {
  return call === undefined
    ? "no call"
    : call.then(textOf, (error: unknown) => (error instanceof TenantryError ? error.code : String(error)));
}

function distinct(rows: readonly (readonly string[])[]): string[] {
  return [0, 1].map((column) => [...new Set(rows.map((row) => row[column]))].join(" AND "));
}

function tally(keys: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...new Set(keys)].toSorted().map((key) => [key, keys.filter((other) => other === key).length]),
  );
}
