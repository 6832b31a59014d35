import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { ActionResult, Memory, UUID } from "@elizaos/core";
import { tenantryPlugin } from "@tenantry/elizaos";
import { createTenantry, fromContext, fromStatic, header } from "tenantry";
import { startAgent } from "./agent.ts";
import { check, heading } from "./check.ts";
import { keyHeader, startNotesServer } from "./notes-server.ts";

const before = process.getActiveResourcesInfo();
const ada = randomUUID();
const bob = randomUUID();
const keys = new Map<string, string>([
  [ada, "key-of-ada"],
  [bob, "key-of-bob"],
]);
const notes = await startNotesServer({
  "key-of-ada": "Ada",
  "key-of-bob": "Bob",
  "key-of-nobody": "discovery",
});

const tenantry = createTenantry({
  servers: {
    notes: {
      url: notes.url,
      credential: header(keyHeader, fromContext("notesKey")),
      discovery: header(keyHeader, fromStatic("key-of-nobody")),
    },
  },
});
const acme = tenantry.workspace("acme");

heading("An agent starts, before there is any user");
const { runtime, stored } = await startAgent(
  tenantryPlugin(
    {
      catalog: acme.discovery(),
      clientOf: ({ message: { entityId } }) => acme.as(entityId, { notesKey: keys.get(entityId) }),
    },
    { close: () => tenantry.close() },
  ),
);
check("its actions", runtime.actions.map(({ name }) => name).toSorted(), [
  "READ_MCP_RESOURCE",
  "notes__break",
  "notes__whoami",
  "notes__write",
]);
check("the tools were listed as", usersOf("tools/list"), ["discovery"]);
check("every request came from", usersOf(), ["discovery"]);
await until(() => notes.endedSessions === 1);
check("sessions that were ended", notes.endedSessions, 1);
check("sessions and connections that are left", [notes.sessions.size, tenantry.stats().connections], [0, 0]);

heading("Ada and Bob write in one room, and both messages call the same actions at once");
const listed = notes.requests.length;
const room = randomUUID();
const rounds = await Promise.all(Array.from({ length: 10 }, (_, round) => callBoth(String(round))));
check(
  "who got an answer of the other's",
  rounds.flat().filter(({ answer, own }) => answer !== own),
  [],
);
const calls = notes.requests.filter(({ rpc }) => rpc === "tools/call");
check("calls that reached the server", calls.length, 40);
check("calls that came with Ada's key", calls.filter(cameWith("key-of-ada")).length, 20);
check("calls that came with Bob's key", calls.filter(cameWith("key-of-bob")).length, 20);
check(
  "requests with the discovery key since the start",
  notes.requests.slice(listed).filter(cameWith("key-of-nobody")).length,
  0,
);
check("whose sessions there are", [...notes.sessions.values()].toSorted(), ["Ada", "Bob"]);
check("calls on another user's session", notes.crossings, []);

heading("A tool that fails");
const broken = await run(ada, "notes__break");
check("the result", [broken?.success, broken?.text], [false, "It broke."]);

heading("A name that only resembles a tool's, and a call without what the tool needs");
const mistaken = notes.requests.length;
check("break", codeOf(await run(ada, "break")), "TOOL_UNKNOWN");
check("notes__write", codeOf(await run(ada, "notes__write")), "ARGUMENT_INVALID");
check("requests that reached the server", notes.requests.length - mistaken, 0);

heading("Messages that are nobody's");
const asked = notes.requests.length;
check("without a user", codeOf(await run(undefined, "notes__whoami")), "PRINCIPAL_INVALID");
check("of a stranger", codeOf(await run(randomUUID(), "notes__whoami")), "CREDENTIAL_MISSING");
check("of the agent itself", codeOf(await run(runtime.agentId, "notes__whoami")), "CREDENTIAL_MISSING");
check("requests that reached the server", notes.requests.length - asked, 0);

heading("What every user's prompt is made of");
const { text: prompt } = await runtime.composeState(messageOf(ada));
const shared = [JSON.stringify(runtime.actions), JSON.stringify(runtime.providers), prompt].join("\n");
check("a tool in it", prompt.includes("**notes__whoami**: Says whose key this is."), true);
check("users and keys in it", named(shared, [ada, bob, ...keys.values(), "key-of-nobody"]), []);
check("actions that were added since the start", runtime.actions.length - 4, 0);
check("keys in what the agent has stored", named(JSON.stringify(stored), [...keys.values()]), []);

heading("Closing");
await runtime.stop();
await runtime.close();
check("connections", tenantry.stats().connections, 0);
await until(() => notes.openSockets === 0);
check("sessions and sockets that the server still has", [notes.sessions.size, notes.openSockets], [0, 0]);
await notes.close();
// elizaOS leaves a timer of thirty seconds for each service that it has started.
const open = () => process.getActiveResourcesInfo().filter((name) => name !== "Timeout");
await until(() => open().length <= before.length);
check("sockets and processes of this process", open(), before);
process.exit();

/** Both users call both tools, all at the same time. */
function callBoth(round: string) {
  const calls = [
    { user: ada, action: "notes__whoami", own: "Ada" },
    { user: bob, action: "notes__whoami", own: "Bob" },
    { user: ada, action: "notes__write", own: `Ada: ${round}` },
    { user: bob, action: "notes__write", own: `Bob: ${round}` },
  ];
  return Promise.all(
    calls.map(async ({ user, action, own }) => ({
      answer: (await run(user, action, { text: round }))?.text,
      own,
    })),
  );
}

/** Lets the agent answer a user's message with one action, as its message service does once the model has chosen. */
async function run(
  user: UUID | undefined,
  action: string,
  args: Record<string, unknown> = {},
): Promise<ActionResult | undefined> {
  const message = messageOf(user);
  const state = await runtime.composeState(message);
  state.data["actionParams"] = args;
  const answer = { ...messageOf(runtime.agentId), content: { actions: [action] } };
  await runtime.processActions(message, [answer], state);
  return runtime.getActionResults(message.id)[0];
}

function messageOf(user: UUID | undefined): Memory & { id: UUID } {
  const message = { id: randomUUID(), roomId: room, content: { text: "Do it." }, entityId: user };
  // elizaOS declares a user for every message; what connectors build at run time is another matter.
  return message as Memory & { id: UUID };
}

/** What has been closed here is closed there a moment later. */
async function until(happened: () => boolean): Promise<void> {
  for (let tries = 0; !happened() && tries < 500; tries++) await setTimeout(10);
}

/** Whose keys the requests of one method, or all requests, came with. */
function usersOf(rpc?: string): unknown[] {
  const requests = notes.requests.filter((request) => rpc === undefined || request.rpc === rpc);
  return [...new Set(requests.map(({ user }) => user))];
}

function cameWith(key: string) {
  return ({ headers }: { readonly headers: Readonly<Record<string, string>> }) => headers[keyHeader] === key;
}

function named(text: string, names: readonly string[]): string[] {
  return names.filter((name) => text.includes(name));
}

/** A `TenantryError`'s message begins with its code. */
function codeOf(result: ActionResult | undefined): string | undefined {
  if (result?.success !== false) return "a success";
  return /^\[(?<code>\w+)\]/u.exec(result.text ?? "")?.groups?.["code"] ?? result.text;
}
