// The servers of a storm are its judges: whatever of one user's reaches them with something of another's must show.
import { expect, it } from "vitest";
import { tokenOf, type TokenHolder } from "../people.ts";
import { StormServer, type StormServerOptions } from "./storm-server.ts";

const ada: TokenHolder = { workspace: "acme", user: "ada", generation: 0 };
const bob: TokenHolder = { workspace: "acme", user: "bob", generation: 0 };
/** The same name in another workspace is somebody else. */
const otherAda: TokenHolder = { ...ada, workspace: "globex" };

function start(options: Partial<StormServerOptions> = {}): Promise<StormServer> {
  const workspaces = ["acme", "globex"];
  return StormServer.start({
    ...{ name: "notes", era: "legacy", style: "json", workspaces, seed: 1, odds: {} },
    ...options,
  });
}

async function post(
  { url }: StormServer,
  holder: TokenHolder | undefined,
  method: string,
  { session, args = {} }: { readonly session?: string | undefined; readonly args?: object } = {},
): Promise<Response> {
  const headers = {
    ...(holder && { authorization: `Bearer ${tokenOf(holder)}` }),
    ...(session !== undefined && { "mcp-session-id": session }),
  };
  const params = { name: "write", arguments: args };
  return fetch(url, {
    method: "POST",
    headers,
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
}

async function sessionOf(server: StormServer, holder: TokenHolder): Promise<string> {
  return String((await post(server, holder, "initialize")).headers.get("mcp-session-id"));
}

const callOf = ({ workspace, user }: TokenHolder, conversation = "") => ({
  args: { workspace, user, conversation, nonce: "n1" },
});

it("has nothing to say about a call that is its owner's in everything", async () => {
  await using server = await start();
  const session = await sessionOf(server, ada);
  const answer = await post(server, ada, "tools/call", { session, ...callOf(ada) });
  const { workspace, user } = ada;
  const own = { workspace, user, conversation: "", nonce: "n1", server: "notes", tool: "write" };
  expect(await answer.json()).toMatchObject({ result: { structuredContent: own } });
  expect(server.ledger).toMatchObject({ crossings: [], runs: { n1: 1 } });
});

it.each([
  ["of another user", bob, "call n1 of acme/ada came with the token of acme/bob"],
  ["of another workspace", otherAda, "call n1 of acme/ada came with the token of globex/ada"],
])("tells of a call with the token %s", async (_, holder, crossing) => {
  await using server = await start({ era: "modern" });
  await post(server, holder, "tools/call", callOf(ada));
  expect(server.ledger.crossings).toEqual([`notes: ${crossing}`]);
});

it.each([
  ["another user", bob, "the token of acme/bob (token 0)"],
  ["another workspace", otherAda, "the token of globex/ada (token 0)"],
  ["another token of the same user", { ...ada, generation: 1 }, "the token of acme/ada (token 1)"],
])("tells of a session that %s uses, and does not work on it", async (_, holder, token) => {
  await using server = await start();
  const session = await sessionOf(server, ada);
  const answer = await post(server, holder, "tools/call", { session, ...callOf(holder) });
  expect(answer.status).toBe(403);
  const crossing = `notes: ${token} came on a session of acme/ada (token 0)`;
  expect(server.ledger).toMatchObject({ crossings: [crossing], runs: {} });
});

it("tells of two conversations on one session", async () => {
  await using server = await start();
  const session = await sessionOf(server, ada);
  await post(server, ada, "tools/call", { session, ...callOf(ada, "morning") });
  await post(server, ada, "tools/call", { session, ...callOf(ada, "evening") });
  expect(server.ledger.crossings).toEqual([
    'notes: call n1 of acme/ada in "evening" came on the session of "morning"',
  ]);
});

it("tells of a request without a token, and of one from a workspace that does not have it", async () => {
  await using server = await start({ workspaces: ["acme"] });
  await post(server, undefined, "initialize");
  await post(server, otherAda, "initialize");
  expect(server.ledger.crossings).toEqual([
    "notes: a request came without a token",
    "notes: the token of globex/ada (token 0) came to a server that its workspace does not have",
  ]);
});

it("tells of the rest of a stream that another session asks for", async () => {
  await using server = await start({ odds: { "stream without an answer": 1 } });
  // Only half of the streams can be resumed; which, the seed says.
  const interrupted = await untilResumable(server);
  const headers = {
    authorization: `Bearer ${tokenOf(bob)}`,
    "last-event-id": interrupted,
    "mcp-session-id": await sessionOf(server, bob),
  };
  const answer = await fetch(server.url, { headers });
  expect(answer.status).toBe(404);
  expect(server.ledger.crossings).toEqual(["notes: acme/bob asked for the rest of a stream of acme/ada"]);
});

async function untilResumable(server: StormServer): Promise<string> {
  for (;;) {
    const answer = await post(server, ada, "initialize");
    const id = /^id: (?<id>.+)$/mu.exec(await answer.text())?.groups?.["id"];
    if (id !== undefined) return id;
  }
}

it("refuses a token from the moment it says so, takes the next one, and the old one for a DELETE", async () => {
  await using server = await start({ odds: { unauthorized: 0.3 } });
  const session = await untilTold(() => post(server, ada, "initialize"), 200);
  await untilTold(() => post(server, ada, "initialize"), 401);
  for (let turn = 0; turn < 10; turn++) expect((await post(server, ada, "initialize")).status).toBe(401);
  await untilTold(() => post(server, { ...ada, generation: 20 }, "initialize"), 200);
  const headers = {
    authorization: `Bearer ${tokenOf(ada)}`,
    "mcp-session-id": String(session.headers.get("mcp-session-id")),
  };
  await untilTold(() => fetch(server.url, { method: "DELETE", headers }), 200);
  expect(server.ledger.sessions[0]).toMatchObject({ person: "acme/ada", state: "ended", told: true });
  expect(server.ledger.crossings).toEqual([]);
});

/** Asks until the weather lets this status come; the seed says when, and it does soon. */
async function untilTold(ask: () => Promise<Response>, status: number): Promise<Response> {
  for (let turn = 0; turn < 20; turn++) {
    const answer = await ask();
    if (answer.status === status) return answer;
  }
  throw new Error(`There was no ${status}.`);
}
