import { inputRequiredOf, type InputRounds } from "@tenantry/core";
import { expect, test as it } from "vitest";
import { failureOf, json, legacy, open, result, scripted } from "../../test/scripted-server.ts";

const form = { mode: "form", message: "Who?", requestedSchema: { type: "object", properties: {} } } as const;
const page = { mode: "url", message: "Pay.", url: "https://pay.example/", elicitationId: "1" } as const;
const tool = { name: "transfer" };
const capabilities = { elicitation: { form: {}, url: {} }, roots: {} };

/** A modern server that asks `given`, and answers whoever comes back with what was said. */
const asking = (given: object) =>
  scripted(({ id, params = {} }, response) => {
    const said = { inputResponses: params["inputResponses"], requestState: params["requestState"] };
    const isBack = said.inputResponses !== undefined || said.requestState !== undefined;
    const answer = isBack
      ? { resultType: "complete", content: [], said }
      : { resultType: "input_required", ...given };
    json(response, result(id, answer));
  });

const call = async (url: URL, rounds: InputRounds) =>
  (await open(url, "modern")).request("tools/call", tool, {
    rounds,
    handlers: { onElicitation: () => expect.unreachable("A handler was asked.") },
  });

it("gives back what a modern server asks, and takes the answers and the state as they come", async () => {
  const asked = {
    inputRequests: {
      who: { method: "elicitation/create", params: form },
      where: { method: "roots/list" },
      pay: { method: "elicitation/create", params: page },
    },
    requestState: "ä\u2028",
  };
  const { url, seen } = await asking(asked);
  const first = await call(url, { capabilities });
  expect(inputRequiredOf(first)).toEqual({ resultType: "input_required", ...asked });
  const responses = { who: { action: "accept", content: {} }, extra: { anything: [1] } };
  const second = await call(url, { capabilities, responses, state: "ä\u2028" });
  expect(inputRequiredOf(second)).toBeUndefined();
  expect(second).toMatchObject({ said: { inputResponses: responses, requestState: "ä\u2028" } });
  const told = seen.map(({ message }) => message.params?.["_meta"]);
  expect(told).toMatchObject(
    Array(2).fill({ "io.modelcontextprotocol/clientCapabilities": { elicitation: { url: {} }, roots: {} } }),
  );
});

it.for([
  ["what the caller cannot be asked", { a: { method: "sampling/createMessage", params: { messages: [] } } }],
  ["a page of the caller that has forms only", { a: { method: "elicitation/create", params: page } }],
  [
    "a page that is none of the web",
    { a: { method: "elicitation/create", params: { ...page, url: "javascript:alert(1)" } } },
  ],
  ["a malformed form", { a: { method: "elicitation/create", params: { message: 5 } } }],
  ["a method of its own", { a: { method: "tools/list" } }],
  ["nothing that could be asked", { a: null }],
  ["a list", [{ method: "roots/list" }]],
] as const)("refuses %s", async ([what, inputRequests]) => {
  const { url } = await asking({ inputRequests });
  const has = what.startsWith("a page of") ? { elicitation: {} } : capabilities;
  expect(await failureOf(call(url, { capabilities: has }))).toMatchObject({ code: "PROTOCOL_VIOLATION" });
});

it("refuses a round that wants nothing, and one that wants too much", async () => {
  const empty = await asking({});
  expect(await failureOf(call(empty.url, { capabilities }))).toMatchObject({ code: "PROTOCOL_VIOLATION" });
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, at) => [at, { method: "roots/list" }]));
  const { url } = await asking({ inputRequests: many });
  expect(await failureOf(call(url, { capabilities }))).toMatchObject({ code: "LIMIT_EXCEEDED" });
});

it("says what the request is given to say, and nothing in the place of the protocol's own", async () => {
  const meta = {
    traceparent: "00-1-2-01",
    progressToken: "mine",
    "io.modelcontextprotocol/protocolVersion": "x",
  };
  const modern = await asking({ requestState: "s" });
  await (
    await open(modern.url, "modern")
  ).request("tools/call", tool, { meta, rounds: { capabilities }, onProgress: () => {} });
  const said = modern.seen[0]?.message;
  expect(said?.params?.["_meta"]).toMatchObject({
    traceparent: "00-1-2-01",
    progressToken: said?.id,
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  });
  const old = await scripted(legacy(({ id }, response) => json(response, result(id, { content: [] }))));
  await (await open(old.url, "legacy")).request("tools/call", tool, { meta: { traceparent: "t" } });
  expect(old.seen.at(-1)?.message.params).toEqual({ ...tool, _meta: { traceparent: "t" } });
});

it("says what its connector has every request say, also in the handshake", async () => {
  const meta = { "example/via": ["one"], "example/other": 1 };
  const old = await scripted(legacy(({ id }, response) => json(response, result(id, { content: [] }))));
  const connection = await open(old.url, "legacy", { meta });
  await connection.request("tools/call", tool, { meta: { "example/via": ["two"] } });
  const said = old.seen.filter(({ message }) => message.id !== undefined);
  expect(said.map(({ message }) => message.params?.["_meta"])).toEqual([
    meta,
    { ...meta, "example/via": ["two"] },
  ]);
});

it("takes no round from a legacy server, which has none, however its result calls itself", async () => {
  const asked = { a: { method: "elicitation/create", params: { ...page, url: "javascript:alert(1)" } } };
  const given = { content: [], resultType: "input_required", inputRequests: asked, requestState: "s" };
  const { url } = await scripted(legacy(({ id }, response) => json(response, result(id, given))));
  const connection = await open(url, "legacy");
  for (const rounds of [{ capabilities: {} }, undefined])
    expect(inputRequiredOf(await connection.request("tools/call", tool, { rounds }))).toBeUndefined();
});

it("has a legacy server ask handlers all the same", async () => {
  const { url } = await scripted(legacy(({ id }, response) => json(response, result(id, { content: [] }))));
  const connection = await open(url, "legacy");
  const rounds = { capabilities, state: "of somebody else" };
  expect(await connection.request("tools/call", tool, { rounds })).toEqual({ content: [] });
});
