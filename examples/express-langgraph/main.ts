import type { AddressInfo } from "node:net";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext, fromStatic } from "tenantry";
import { configOf, makeAgent } from "./agent.ts";
import { createApp, type Asked, type Told } from "./app.ts";
import { check, heading } from "./check.ts";
import { startModel } from "./model.ts";

const words: Readonly<Record<string, string>> = { ada: "osprey", bob: "heron" };
const sessions = new Map([
  ["session=1", "ada"],
  ["session=2", "bob"],
]);
const notes = await startNotebook({ users: ["ada", "bob", "nobody"], era: "legacy" });
const keys = new Map(["ada", "bob"].map((user) => [user, notes.tokenOf(user)]));
const tenantry = createTenantry({
  servers: {
    notes: {
      url: notes.url,
      credential: bearer(fromContext("key")),
      discovery: bearer(fromStatic(notes.tokenOf("nobody"))),
    },
  },
});
const { model, ...openai } = await startModel(process.env["OPENAI_API_KEY"]);
const agent = await makeAgent(model, tenantry.workspace("acme"), (user) => keys.get(user));
const server = createApp(agent, ({ headers }) => sessions.get(headers.cookie ?? "")).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/chat`);

heading("Ada and Bob write a note each and have their notes read, at the same time");
const [toAda, toBob] = await Promise.all(
  [...sessions].map(async ([cookie, user]) => {
    await chat(cookie, { message: `Write this note: the word is ${words[user]}` });
    return chat(cookie, { message: "Read me my notes." });
  }),
);
check("of the two words, Ada was told", wordsIn(toAda?.answer), ["osprey"]);
check("and Bob", wordsIn(toBob?.answer), ["heron"]);
check("calls on another user's session", notes.crossings, []);

heading("Ada wants her notes erased, which waits for her word");
const { questions } = await chat("session=1", { message: "Erase all my notes." });
check("the question is about", /notes__\w+/u.exec(JSON.stringify(questions))?.[0], "notes__erase");
check("Bob says yes", (await post("session=2", { approve: true })).status, 409);
check("who has erased notes so far", erasers(), []);
const twice = await Promise.all([true, true].map((approve) => post("session=1", { approve })));
check("Ada clicks on yes twice", twice.map(({ status }) => status).toSorted(), [200, 409]);
check("who has erased notes now", erasers(), ["ada"]);
const { answer } = await chat("session=2", { message: "Read me my notes." });
check("Bob's notes still have", wordsIn(answer), ["heron"]);

heading("Somebody comes who is not signed in");
const before = notes.requests.length;
check("the application says", (await post("session=3", { message: "Read me my notes." })).status, 401);
check("requests to the notes", notes.requests.length - before, 0);

heading("What LangGraph has saved");
const threads = await Promise.all(["ada", "bob"].map((user) => agent.graph.getState(configOf(user))));
const [ofAda, ofBob] = threads.map(({ values }) => wordsIn(JSON.stringify(values)));
check("of the two words, Ada's thread has", ofAda, ["osprey"]);
check("and Bob's", ofBob, ["heron"]);

heading("Closing");
await new Promise((resolve) => server.close(resolve).closeAllConnections());
await tenantry.close();
check("connections and sockets", [tenantry.stats().connections, tenantry.stats().sockets], [0, 0]);
check("sessions that the server still has", notes.sessions.size, 0);
await notes.close();
openai.close();

function post(cookie: string, body: Asked): Promise<Response> {
  const headers = { cookie, "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

async function chat(cookie: string, body: Asked): Promise<Told> {
  const response = await post(cookie, body);
  if (!response.ok) throw new Error(`/chat: ${response.status} ${await response.text()}`);
  return (await response.json()) as Told;
}

function wordsIn(text = ""): string[] {
  return Object.values(words).filter((word) => text.includes(word));
}

function erasers() {
  return notes.requests.filter(({ tool }) => tool === "erase").map(({ user }) => user);
}
