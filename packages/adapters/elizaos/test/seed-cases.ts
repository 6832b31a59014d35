// The eleven cases in which the official plugin was seen to fail, by their numbers, with what must be seen instead.
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { startFakeServer, startRecorder, type FakeServer } from "@tenantry/testing";
import type { SeedAgent, SeedStart, SeedSubject, UserSettings } from "./seed-subject.ts";

/** One case: what is seen of a plugin, and what must be. */
export interface SeedCase {
  readonly number: number;
  readonly title: string;
  readonly expected: unknown;
  readonly run: (subject: SeedSubject) => Promise<unknown>;
}

const keyHeader = "x-api-key";
const whoami = "SRV_WHOAMI";
const keyOf = (name: string) => `key-${name}`;
const own = (name: string): UserSettings => ({ ELIZAOS_API_KEY: keyOf(name) });

/** A server with sessions that knows the keys of an agent and of these users. */
function startServer(...users: readonly string[]): Promise<FakeServer> {
  const keys = Object.fromEntries(["agent", ...users].map((name) => [keyOf(name), name]));
  return startFakeServer({ era: "legacy", onCrossing: "record", authenticate: { header: keyHeader, keys } });
}

/** What an agent of this one server is started with. */
function startOf({ url }: FakeServer, headers?: Readonly<Record<string, string>>): SeedStart {
  const mcp = { servers: { srv: { type: "http", url: url.href, ...(headers && { headers }) } } };
  return { mcp, appUrl: url.origin, agentKey: keyOf("agent") };
}

/** Whose name the tool says that the key belongs to; of a failure nothing but that. */
async function nameFor(agent: SeedAgent, user: string, settings?: UserSettings): Promise<string> {
  const { success, text } = await agent.call(user, whoami, settings);
  return success ? text : "fails";
}

/** The actions that have a user's id in their names. */
function namedAfter(agent: SeedAgent, user: string): readonly string[] {
  const part = user.slice(0, 8).toUpperCase();
  return agent.actions().filter((name) => name.toUpperCase().includes(part));
}

/** Waits for what a server or an agent does in its own time, five seconds at most. */
export async function until(happened: () => boolean): Promise<void> {
  for (let tries = 0; !happened() && tries < 1_000; tries++) await setTimeout(5);
}

export const seedCases: readonly SeedCase[] = [
  {
    number: 13,
    title: "a redirect to another origin takes no key there",
    expected: ["fails", []],
    async run(subject) {
      await using server = await startServer("a");
      await using elsewhere = await startRecorder();
      await using agent = await subject.start(startOf(server));
      server.faults.add({ kind: "redirect", to: new URL("/mcp", elsewhere.url) }, { rpc: "tools/call" });
      const outcome = await nameFor(agent, randomUUID(), own("a"));
      return [outcome, elsewhere.requests.map(({ headers }) => headers[keyHeader] ?? "no key")];
    },
  },
  {
    number: 22,
    title: "a header of the settings and a user's key become one value",
    expected: ["key-a"],
    async run(subject) {
      await using server = await startServer("a");
      await using agent = await subject.start(startOf(server, { [keyHeader]: keyOf("a") }));
      await nameFor(agent, randomUUID(), own("b"));
      return [...new Set(server.requests.map(({ headers }) => headers[keyHeader]))];
    },
  },
  {
    number: 31,
    title: "a call outside of any request changes nothing for users who come later",
    expected: ["fails", "c"],
    async run(subject) {
      await using server = await startServer("c");
      await using agent = await subject.start(startOf(server));
      const nobodys = await nameFor(agent, randomUUID());
      return [nobodys, await nameFor(agent, randomUUID(), own("c"))];
    },
  },
  {
    number: 32,
    title: "after a failure at the start nobody is served as somebody else",
    expected: ["a", "b"],
    async run(subject) {
      await using server = await startServer("a", "b");
      const down = server.faults.add({ kind: "answer", status: 503 });
      await using agent = await subject.start(startOf(server));
      down[Symbol.dispose]();
      await agent.recover();
      return [await nameFor(agent, randomUUID(), own("a")), await nameFor(agent, randomUUID(), own("b"))];
    },
  },
  {
    number: 33,
    title: "one user's id in two organizations has a connection in each",
    expected: ["one", "two", "one"],
    async run(subject) {
      await using server = await startServer("one", "two");
      await using agent = await subject.start(startOf(server));
      const user = randomUUID();
      const seen = [];
      for (const name of ["one", "two", "one"])
        seen.push(await nameFor(agent, user, { ...own(name), ORGANIZATION_ID: `organization ${name}` }));
      return seen;
    },
  },
  {
    number: 36,
    title: "a second call while the first one connects waits for the same connection",
    expected: ["a", "a", 1],
    async run(subject) {
      await using server = await startServer("a");
      await using agent = await subject.start(startOf(server));
      const greetings = () =>
        server.requests.filter(({ rpc, user }) => rpc === "initialize" && user === "a").length;
      server.faults.add({ kind: "delay", ms: 100 }, { rpc: "initialize", user: "a", times: 1 });
      const user = randomUUID();
      const first = nameFor(agent, user, own("a"));
      await until(() => greetings() > 0);
      const second = nameFor(agent, user, own("a"));
      return [await first, await second, greetings()];
    },
  },
  {
    number: 37,
    title: "a call right after a failed connect connects afresh, and no action is named after a user",
    expected: ["fails", "a", []],
    async run(subject) {
      await using server = await startServer("a");
      await using agent = await subject.start(startOf(server));
      const user = randomUUID();
      const down = server.faults.add({ kind: "answer", status: 503 }, { user: "a" });
      const first = await nameFor(agent, user, own("a"));
      down[Symbol.dispose]();
      const second = await nameFor(agent, user, own("a"));
      return [first, second, namedAfter(agent, user)];
    },
  },
  {
    number: 40,
    title: "a user's prompt, and the actions of all, name no other user",
    expected: [true, [], []],
    async run(subject) {
      await using server = await startServer("a", "b");
      await using agent = await subject.start(startOf(server));
      const [a, b] = [randomUUID(), randomUUID()];
      await nameFor(agent, a, own("a"));
      await nameFor(agent, b, own("b"));
      const prompt = await agent.prompt(b);
      const secrets = [a, keyOf("a"), keyOf("agent")].filter((part) => prompt.includes(part));
      return [prompt.includes("whoami"), secrets, namedAfter(agent, a)];
    },
  },
  {
    number: 44,
    title: "a key that was changed is used from the next call on",
    expected: ["old", "new"],
    async run(subject) {
      await using server = await startServer("old", "new");
      await using agent = await subject.start(startOf(server));
      const user = randomUUID();
      return [await nameFor(agent, user, own("old")), await nameFor(agent, user, own("new"))];
    },
  },
  {
    number: 54,
    title: "a session that the server has forgotten is begun anew",
    expected: ["a", "a"],
    async run(subject) {
      await using server = await startServer("a");
      await using agent = await subject.start(startOf(server));
      const user = randomUUID();
      const first = await nameFor(agent, user, own("a"));
      await server.forgetSessions();
      return [first, await nameFor(agent, user, own("a"))];
    },
  },
  {
    number: 57,
    title: "a hundred users hold no more connections than they may",
    expected: [100, "within the limit"],
    async run(subject) {
      const users = Array.from({ length: 100 }, (_, index) => `user${index}`);
      const maxConnections = 10;
      await using server = await startServer(...users);
      await using agent = await subject.start({ ...startOf(server), maxConnections });
      let served = 0;
      for (const name of users) if ((await nameFor(agent, randomUUID(), own(name))) === name) served++;
      await until(() => server.sessions.size <= maxConnections);
      const { size } = server.sessions;
      return [served, size <= maxConnections ? "within the limit" : `${size} sessions`];
    },
  },
];
