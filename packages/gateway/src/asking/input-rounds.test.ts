import { manualClock } from "@tenantry/testing";
import { TenantryError, type CallToolOptions, type CallToolResult } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import { served } from "../../test/served.ts";
import { ask, messagesOf, modern, post } from "../../test/wire.ts";
import { text, workspaceOf, type Tool } from "../../test/workspace.ts";

const form = { mode: "form", message: "Who?", requestedSchema: { type: "object", properties: {} } } as const;
const accept = { action: "accept", content: { name: "Ada" } };
const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
const inputRequests = { who: { method: "elicitation/create", params: form } };

describe("rounds of a modern server", () => {
  /** A server that asks once, and gives what it was told. */
  const modernServer = (seen: (CallToolOptions["rounds"] | undefined)[] = []) =>
    workspaceOf({
      tools: {
        transfer: (_, { rounds }) => {
          seen.push(rounds);
          if (rounds?.responses?.["who"] === undefined)
            return { resultType: "input_required", inputRequests, requestState: "its own" } as never;
          return text(JSON.stringify([rounds.responses, rounds.state]));
        },
        other: () => text(""),
      },
    });

  it("go to the client as they are, and come back with the server's own state", async () => {
    const seen: (CallToolOptions["rounds"] | undefined)[] = [];
    const { url } = await served({ connect: modernServer(seen).connect });
    const params = { name: "transfer" };
    const first = await ask(url, "tools/call", params, { capabilities });
    expect(first.result).toMatchObject({ resultType: "input_required", inputRequests });
    const { requestState } = first.result ?? {};
    expect(requestState).not.toContain("its own");
    const inputResponses = { who: accept, extra: { any: 1 } };
    const second = await ask(
      url,
      "tools/call",
      { ...params, inputResponses, requestState },
      { capabilities },
    );
    expect(second.result).toMatchObject({
      resultType: "complete",
      content: [{ text: JSON.stringify([inputResponses, "its own"]) }],
    });
    expect(seen.map((rounds) => rounds?.capabilities)).toEqual([capabilities, capabilities]);
  });

  it("tell a server what the client can be asked, and nothing else of it", async () => {
    const seen: (CallToolOptions["rounds"] | undefined)[] = [];
    const { url } = await served({ connect: modernServer(seen).connect });
    const given = {
      elicitation: {},
      sampling: { tools: {}, other: {} },
      roots: { listChanged: true },
      extensions: { a: {} },
    };
    for (const capabilities of [{}, given, { elicitation: { url: {} } }])
      await ask(url, "tools/call", { name: "transfer" }, { capabilities });
    expect(seen.map((rounds) => rounds?.capabilities)).toEqual([
      {},
      { elicitation: { form: {} }, sampling: { tools: {} }, roots: {} },
      { elicitation: { url: {} } },
    ]);
  });

  it.for([
    ["changed", (state: string) => `${state}A`, "acme/ada", "transfer"],
    ["made up", () => "state", "acme/ada", "transfer"],
    ["another user's", (state: string) => state, "acme/bob", "transfer"],
    ["another workspace's", (state: string) => state, "globex/ada", "transfer"],
    ["another tool's", (state: string) => state, "acme/ada", "other"],
  ] as const)("ISO-04: take no state that is %s", async ([, change, token, name]) => {
    const { url } = await served({ connect: modernServer().connect });
    const { result } = await ask(url, "tools/call", { name: "transfer" }, { capabilities });
    const requestState = change(String(result?.["requestState"]));
    const again = { name, inputResponses: { who: accept }, requestState };
    expect(await ask(url, "tools/call", again, { capabilities, token })).toMatchObject({
      status: 404,
      error: { code: -32_602 },
    });
  });

  it.for([null, 5, "text", []])("take no answers that are %j", async (inputResponses) => {
    const { url } = await served({ connect: modernServer().connect });
    const { error } = await ask(url, "tools/call", { name: "transfer", inputResponses }, { capabilities });
    expect(error?.code).toBe(-32_602);
  });
});

describe("rounds for a legacy server, which asks in the middle of a call", () => {
  /** A server that asks twice, one question after the other, and tells how far it has come. */
  const asking: Tool = async (_, { handlers, onProgress, signal = new AbortController().signal }) => {
    onProgress?.({ progress: 1 });
    const who = await handlers?.onElicitation?.(form, { signal });
    onProgress?.({ progress: 2 });
    const model = await handlers?.onSampling?.({ messages: [], maxTokens: 5 }, { signal });
    return text(JSON.stringify([who, model]));
  };
  const model = { role: "assistant", model: "m", content: { type: "text", text: "hi" } };
  const at = (tools: Readonly<Record<string, Tool>>, limits = {}, more = {}) =>
    served({ connect: workspaceOf({ tools }).connect, limits, ...more });

  it("hold the call in between, and go on with it", async () => {
    let calls = 0;
    const { url, gateway } = await at({ ask: (...given) => (calls++, asking(...given)) });
    const params = { name: "ask" };
    const first = await ask(url, "tools/call", params, { capabilities });
    expect(first.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { "question-1": { method: "elicitation/create", params: form } },
    });
    expect(gateway.stats()).toMatchObject({ held: 1, requests: 0 });
    const answered = (round: typeof first, inputResponses: object, _meta = {}) =>
      modern(
        "tools/call",
        { ...params, inputResponses, requestState: round.result?.["requestState"], _meta },
        capabilities,
      );
    const nothing = answered(first, { other: accept });
    const again = await ask(url, "tools/call", nothing.body.params, { capabilities });
    expect(again.result?.["inputRequests"]).toEqual(first.result?.["inputRequests"]);
    const second = await ask(url, "tools/call", answered(again, { "question-1": accept }).body.params, {
      capabilities,
    });
    expect(second.result?.["inputRequests"]).toMatchObject({
      "question-2": { method: "sampling/createMessage" },
    });
    const third = await ask(url, "tools/call", answered(second, { "question-2": model }).body.params, {
      capabilities,
    });
    expect(third.result).toMatchObject({
      resultType: "complete",
      content: [{ text: JSON.stringify([accept, model]) }],
    });
    expect([calls, gateway.stats().held]).toEqual([1, 0]);
  });

  it("tell whoever is there of the progress, by the token of that request", async () => {
    const { url } = await at({ ask: asking });
    const said = async (params: Record<string, unknown>) => {
      const { body, headers } = modern("tools/call", { name: "ask", ...params }, capabilities);
      const messages = [];
      for await (const one of messagesOf(await post(url, body, { headers }))) messages.push(one);
      return messages;
    };
    const [first, asked] = await said({ _meta: { progressToken: "one" } });
    expect(first?.params).toEqual({ progressToken: "one", progress: 1 });
    const next = { inputResponses: { "question-1": accept }, requestState: asked?.result?.["requestState"] };
    const [second] = await said({ ...next, _meta: { progressToken: "two" } });
    expect(second?.params).toEqual({ progressToken: "two", progress: 2 });
  });

  it("take each state once", async () => {
    const { url } = await at({ ask: asking });
    const { result } = await ask(url, "tools/call", { name: "ask" }, { capabilities });
    const again = {
      name: "ask",
      inputResponses: { "question-1": accept },
      requestState: result?.["requestState"],
    };
    const both = await Promise.all([1, 2].map(() => ask(url, "tools/call", again, { capabilities })));
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 404]);
    expect((await ask(url, "tools/call", again, { capabilities })).status).toBe(404);
  });

  it("are bounded for each principal and in all, and in time", async () => {
    const ended: unknown[] = [];
    const tools = {
      ask: (async (args, options, principal) => {
        options.signal?.addEventListener("abort", () => ended.push(principal.user));
        return asking(args, options, principal);
      }) satisfies Tool,
    };
    const limits = { maxHeldCallsPerPrincipal: 1, maxHeldCalls: 2, answerMs: 300 };
    const clock = manualClock();
    const { url, gateway } = await at(tools, limits, { clock });
    const begin = (token: string) => ask(url, "tools/call", { name: "ask" }, { capabilities, token });
    expect((await begin("acme/ada")).result?.["resultType"]).toBe("input_required");
    expect((await begin("acme/ada")).error?.code).toBe(-32_603);
    const bob = await begin("acme/bob");
    expect(bob.result?.["resultType"]).toBe("input_required");
    expect((await begin("acme/eve")).error?.code).toBe(-32_603);
    expect(ended).toEqual(["ada", "eve"]);
    await clock.advance(301);
    expect(gateway.stats().held).toBe(0);
    expect(ended).toEqual(["ada", "eve", "ada", "bob"]);
    const late = { name: "ask", inputResponses: {}, requestState: bob.result?.["requestState"] };
    expect((await ask(url, "tools/call", late, { capabilities, token: "acme/bob" })).status).toBe(404);
    expect((await begin("acme/ada")).result?.["resultType"]).toBe("input_required");
  });

  it("give their place up where they fail meanwhile, and their client is told that they may have run", async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    const tools = {
      ask: (async (_, { handlers, signal = new AbortController().signal }) =>
        Promise.race([promise, handlers?.onElicitation?.(form, { signal })]) as never) satisfies Tool,
    };
    const { url, gateway } = await at(tools, { maxHeldCallsPerPrincipal: 1 });
    const begin = () => ask(url, "tools/call", { name: "ask" }, { capabilities });
    const first = await begin();
    expect(gateway.stats().held).toBe(1);
    reject(new TenantryError("TIMEOUT", "It took too long."));
    await expect.poll(() => gateway.stats().held).toBe(0);
    const again = {
      ...{ name: "ask", inputResponses: { "question-1": accept } },
      requestState: first.result?.["requestState"],
    };
    expect(await ask(url, "tools/call", again, { capabilities })).toMatchObject({
      status: 404,
      error: { code: -32_602, message: expect.stringContaining("may have run") as string },
    });
  });

  it("keep what they came to meanwhile for their client", async () => {
    const { promise, resolve } = Promise.withResolvers<CallToolResult>();
    const tools = {
      ask: (async (_, { handlers, signal = new AbortController().signal }) =>
        Promise.race([promise, handlers?.onElicitation?.(form, { signal })]) as never) satisfies Tool,
    };
    const { url, gateway } = await at(tools);
    const first = await ask(url, "tools/call", { name: "ask" }, { capabilities });
    resolve(text("without an answer"));
    await promise;
    expect(gateway.stats().held).toBe(1);
    const again = { name: "ask", requestState: first.result?.["requestState"] };
    const { result } = await ask(url, "tools/call", again, { capabilities });
    expect(result?.["content"]).toEqual([{ type: "text", text: "without an answer" }]);
  });

  it("end with their client where it leaves while it is there, and with the gateway", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    const { promise } = Promise.withResolvers<never>();
    const { url, gateway } = await at({
      ask: async (_, { handlers, signal = new AbortController().signal }) => {
        signals.push(signal);
        await handlers?.onElicitation?.(form, { signal });
        return promise;
      },
    });
    const begin = async () =>
      (await ask(url, "tools/call", { name: "ask" }, { capabilities })).result?.["requestState"];
    const requestState = await begin();
    const { body, headers } = modern(
      "tools/call",
      { name: "ask", inputResponses: { "question-1": accept }, requestState },
      capabilities,
    );
    const client = new AbortController();
    const going = post(url, body, { headers, signal: client.signal });
    going.catch(() => {});
    await expect.poll(() => gateway.stats()).toMatchObject({ held: 0, requests: 1 });
    expect(signals[0]?.aborted).toBe(false);
    client.abort();
    await vi.waitFor(() => expect(signals[0]?.aborted).toBe(true));
    await begin();
    await gateway.close();
    expect([signals[1]?.aborted, gateway.stats().held]).toEqual([true, 0]);
  });

  it("find the process that holds the call", async () => {
    const keys = { current: "k", keys: { k: new Uint8Array(32).fill(7) } };
    const one = await at({ ask: asking }, {}, { keys, replica: "one" });
    const two = await at(
      { ask: asking },
      {},
      { keys, replica: "two", forward: (request: Request) => one.gateway.handle(request) },
    );
    const three = await at({ ask: asking }, {}, { keys, replica: "three" });
    const { result } = await ask(one.url, "tools/call", { name: "ask" }, { capabilities });
    const again = {
      name: "ask",
      inputResponses: { "question-1": accept },
      requestState: result?.["requestState"],
    };
    expect(await ask(three.url, "tools/call", again, { capabilities })).toMatchObject({
      status: 421,
      error: { code: -32_603 },
    });
    const second = await ask(two.url, "tools/call", again, { capabilities });
    expect(second.result?.["inputRequests"]).toMatchObject({
      "question-2": { method: "sampling/createMessage" },
    });
  });
});
