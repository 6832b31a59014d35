import { Runner } from "@openai/agents";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { agentForEverybody, agentOf } from "./agents.ts";
import { check, heading } from "./check.ts";
import { startModels } from "./model.ts";

const words: Readonly<Record<string, string>> = { ada: "osprey", bob: "heron" };
const users = Object.keys(words);
const notes = await startNotebook({ users: [...users, "nobody"], era: "legacy" });
const keys = new Map(users.map((user) => [user, notes.tokenOf(user)]));
const tenantry = createTenantry({
  servers: {
    notes: {
      url: notes.url,
      credential: bearer(fromContext("key")),
      discovery: bearer(fromStatic(notes.tokenOf("nobody"))),
    },
  },
});
const acme = tenantry.workspace("acme");
const as = (user: string) => acme.as(user, { key: keys.get(user) });
const models = await startModels(process.env["OPENAI_API_KEY"]);
// The SDK's traces hold what tools told, and go to OpenAI.
const runner = new Runner({ modelProvider: models.provider, tracingDisabled: true });

heading("One agent for everybody: Ada and Bob write a note each and have their notes read, at the same time");
const clerk = await agentForEverybody(acme, as);
const runs = await Promise.all(
  users.map(async (user) => {
    const context = { id: user };
    await runner.run(clerk, `Write this note: the word is ${words[user]}`, { context });
    return runner.run(clerk, "Read me my notes.", { context });
  }),
);
check("of the two words, Ada was told", wordsIn(runs[0]?.finalOutput), ["osprey"]);
check("and Bob", wordsIn(runs[1]?.finalOutput), ["heron"]);
check("keys in what the model was given", keysIn(runs.map(({ history }) => history)), []);

heading("An agent for each, with an MCP server of the SDK's kind: both read, at the same time");
const clerks = users.map((user) => agentOf(as(user)));
const own = await Promise.all(clerks.map((agent) => runner.run(agent, "Read me my notes.")));
check("of the two words, Ada was told", wordsIn(own[0]?.finalOutput), ["osprey"]);
check("and Bob", wordsIn(own[1]?.finalOutput), ["heron"]);
const names = clerks.map(({ mcpServers }) => mcpServers[0]?.name);
check("names by which the SDK tells the two servers apart", new Set(names).size, 2);

heading("A run that is nobody's");
const before = notes.requests.length;
await runner.run(clerk, "Read me my notes.");
check("requests to the notes", notes.requests.length - before, 0);

heading("Closing");
check("whose sessions there are", [...notes.sessions.values()].toSorted(), users);
check("calls on another user's session", notes.crossings, []);
await tenantry.close();
check("connections and sockets", [tenantry.stats().connections, tenantry.stats().sockets], [0, 0]);
check("sessions that the server still has", notes.sessions.size, 0);
await notes.close();
models.close();

function wordsIn(text = ""): string[] {
  return Object.values(words).filter((word) => text.includes(word));
}

function keysIn(value: unknown): string[] {
  const text = JSON.stringify(value);
  return [...keys.values()].filter((key) => text.includes(key));
}
