import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import { served } from "../test/served.ts";
import { ask, hello, lastOf, messagesOf, modern, post } from "../test/wire.ts";
import { text, workspaceOf } from "../test/workspace.ts";
import { createGateway } from "./index.ts";

describe("isolation between users", () => {
  it("ISO-01: gives a thousand interleaved answers to whoever asked, under the same ids", async () => {
    const { connect } = workspaceOf({
      tools: {
        async who({ n }, { onProgress }, { workspace, user }) {
          if (Number(n) % 3 === 0) onProgress?.({ progress: 1, message: `${workspace}/${user}` });
          await new Promise((resolve) => setImmediate(resolve));
          return text(`${workspace}/${user} ${String(n)}`);
        },
      },
    });
    const { url } = await served({ connect, limits: { maxRequestsPerPrincipal: 1_000 } });
    const tokens = ["acme/ada", "acme/bob", "globex/ada"];
    const clients = await Promise.all(tokens.map((token) => hello(url, { token })));
    const wrong: unknown[] = [];
    const one = async (n: number) => {
      const id = n % 7;
      const at = n % tokens.length;
      const params = { name: "who", arguments: { n }, _meta: { progressToken: id } };
      const { body, headers } = modern("tools/call", params, {}, id);
      // The ids of a session's requests differ among themselves, and are the same in all sessions.
      const message = { id: Math.floor(n / tokens.length), method: "tools/call", params };
      const isModern = n % 2 === 0;
      const answer = isModern
        ? await post(url, body, { token: tokens[at], headers })
        : await clients[at]?.send(message);
      for await (const { params: told, result, id: own } of messagesOf(answer as Response)) {
        const said = told?.["message"] ?? (result?.["content"] as { text: string }[])[0]?.text;
        const expected = result === undefined ? tokens[at] : `${tokens[at]} ${n}`;
        if (said !== expected || (result !== undefined && own !== (isModern ? id : message.id)))
          wrong.push([n, said]);
      }
    };
    for (let begin = 0; begin < 1_000; begin += 50)
      await Promise.all(Array.from({ length: 50 }, (_, at) => one(begin + at)));
    expect(wrong).toEqual([]);
  });

  it("ISO-02: keeps two conversations of one user apart, on servers that keep state", async () => {
    const counts = new Map<string, number>();
    const { connect } = workspaceOf({
      tools: {
        count(_args, _options, { workspace, user, session = "" }) {
          const key = JSON.stringify([workspace, user, session]);
          counts.set(key, (counts.get(key) ?? 0) + 1);
          return text(String(counts.get(key)));
        },
      },
    });
    const { url } = await served({ connect });
    const [one, two] = [await hello(url), await hello(url)];
    const count = async (client: typeof one) =>
      (await client.request("tools/call", { name: "count" })).result;
    await count(one);
    await count(one);
    expect(await count(one)).toMatchObject({ content: [{ text: "3" }] });
    expect(await count(two)).toMatchObject({ content: [{ text: "1" }] });
    expect((await ask(url, "tools/call", { name: "count" })).result).toMatchObject({
      content: [{ text: "1" }],
    });
    expect((await ask(url, "tools/call", { name: "count" })).result).toMatchObject({
      content: [{ text: "2" }],
    });
  });

  it("ISO-02: leaves the conversation to the host where it says which one it is", async () => {
    const sessions: unknown[] = [];
    const { connect } = workspaceOf({
      tools: { see: (_args, _options, { session }) => (sessions.push(session), text("")) },
    });
    const authenticate = () => ({ workspace: "acme", user: "ada", session: "thread-7" });
    const { url } = await served({ connect, authenticate });
    for (const client of [await hello(url), await hello(url)])
      await client.request("tools/call", { name: "see" });
    await ask(url, "tools/call", { name: "see" });
    expect(sessions).toEqual(["thread-7", "thread-7", "thread-7"]);
  });

  it("ISO-11: two gateways in one process know nothing of each other", async () => {
    const one = await served({ connect: workspaceOf({ tools: { a: () => text("") } }).connect });
    const two = await served({ connect: workspaceOf({ tools: { b: () => text("") } }).connect });
    const client = await hello(one.url);
    expect(
      (await post(two.url, { jsonrpc: "2.0", id: 1, method: "ping" }, { headers: client.headers })).status,
    ).toBe(404);
    await one.gateway.close();
    expect((await ask(two.url, "tools/list")).result?.["tools"]).toMatchObject([{ name: "b" }]);
  });

  it("ISO-12: takes nobody's identity from what surrounds a request", async () => {
    const ambient = new AsyncLocalStorage<string>();
    const { connect, callers } = workspaceOf({ tools: { who: (_args, _options, { user }) => text(user) } });
    const gateway = createGateway({
      connect,
      hosts: ["127.0.0.1"],
      authenticate: ({ headers }) => ({ workspace: "acme", user: headers.get("x-user") ?? "" }),
    });
    const { body, headers } = modern("tools/call", { name: "who" });
    const call = (user: string) => {
      const all = { ...headers, "x-user": user, "content-type": "application/json" };
      const request = new Request("http://127.0.0.1/", {
        method: "POST",
        headers: all,
        body: JSON.stringify(body),
      });
      return gateway.handle(request).then(lastOf);
    };
    const said = await Promise.all(["ada", "bob"].map((user) => ambient.run("mallory", () => call(user))));
    expect(said.map(({ result }) => result?.["content"])).toEqual([
      [{ type: "text", text: "ada" }],
      [{ type: "text", text: "bob" }],
    ]);
    expect(callers.map(({ user }) => user)).toEqual(["ada", "bob"]);
    await gateway.close();
  });
});
