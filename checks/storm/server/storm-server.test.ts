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
    connection: "close",
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
  const { url, ledger } = server;
  expect(ledger.crossings).toEqual([]);
  const interrupted = await untilResumable(server);
  const headers = { "last-event-id": interrupted, "mcp-session-id": await sessionOf(server, bob) };
  const authorization = `Bearer ${tokenOf(bob)}`;
  const answer = await fetch(url, { headers: { ...headers, authorization, connection: "close" } });
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

it("takes the next token of a user whose token it has refused, and the old one for nothing but a DELETE", async () => {
  await using server = await start({ odds: { unauthorized: 1 } });
  expect((await post(server, ada, "initialize")).status).toBe(401);
  expect(server.ledger.faults).toMatchObject([{ fault: "unauthorized", person: "acme/ada" }]);
});
