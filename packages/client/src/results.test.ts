import type { Connection, Deviation } from "@tenantry/core";
import { expect, test as it, vi } from "vitest";
import {
  error,
  failureOf,
  json,
  legacy,
  open,
  result,
  scripted,
  type Handler,
} from "../test/scripted-server.ts";

const outputSchema = { type: "object", properties: { celsius: { type: "number" } }, required: ["celsius"] };
const weather = { name: "weather", inputSchema: { type: "object" }, outputSchema };

/** A legacy server whose one tool answers as the test says. */
const answering =
  (answer: object): Handler =>
  (message, response, request) =>
    legacy(({ id, method }, own) =>
      json(own, result(id, method === "tools/list" ? { tools: [weather] } : answer)),
    )(message, response, request);

const call = (connection: Connection, onDeviation: (deviation: Deviation) => void) =>
  connection.request("tools/call", { name: "weather" }, { onDeviation });

it("gives the answer that breaks the tool's own output schema, and a note", async () => {
  const answer = { content: [], structuredContent: { celsius: "warm" } };
  const connection = await open((await scripted(answering(answer))).url, "legacy");
  const onDeviation = vi.fn();
  expect(await call(connection, onDeviation)).toEqual(answer);
  expect(onDeviation).not.toHaveBeenCalled();
  await connection.request("tools/list", {});
  expect(await call(connection, onDeviation)).toEqual(answer);
  expect(onDeviation).toHaveBeenCalledExactlyOnceWith({
    kind: "output_schema",
    message: expect.stringContaining("weather") as string,
  });
});

it("says nothing about an answer that keeps to its schema, and survives a listener that throws", async () => {
  const fitting = { content: [], structuredContent: { celsius: 21 } };
  const connection = await open((await scripted(answering(fitting))).url, "legacy");
  await connection.request("tools/list", {});
  const quiet = vi.fn();
  expect(await call(connection, quiet)).toEqual(fitting);
  expect(quiet).not.toHaveBeenCalled();
  const odd = await open((await scripted(answering({ toolResult: 4 }))).url, "legacy");
  const angry = () => {
    throw new Error("no");
  };
  expect(await call(odd, angry)).toMatchObject({ toolResult: 4, content: [{ type: "text", text: "4" }] });
});

it("takes a list that is declared and not served for empty, and leaves a tool's failure a failure", async () => {
  const { url } = await scripted(
    legacy(({ id }, response) => json(response, error(id, { code: -32601, message: "Method not found" }))),
  );
  const connection = await open(url, "legacy");
  const onDeviation = vi.fn();
  expect(await connection.request("tools/list", {}, { onDeviation })).toEqual({ tools: [] });
  expect(onDeviation).toHaveBeenCalledExactlyOnceWith({
    kind: "unserved_capability",
    message: expect.stringContaining("tools") as string,
  });
  expect(await failureOf(connection.request("prompts/list", {}))).toMatchObject({ rpc: { code: -32601 } });
  expect(await failureOf(call(connection, onDeviation))).toMatchObject({ rpc: { code: -32601 } });
});

it("notes a modern result that does not say whether it is complete", async () => {
  const { url } = await scripted(({ id }, response) => json(response, result(id, { content: [] })));
  const onDeviation = vi.fn();
  expect(await call(await open(url, "modern"), onDeviation)).toEqual({ content: [] });
  expect(onDeviation).toHaveBeenCalledExactlyOnceWith({
    kind: "result_type",
    message: "The result of tools/call does not say whether it is complete.",
  });
});

it("gives a modern result to a caller whose listener fails", async () => {
  const { url } = await scripted(({ id }, response) => json(response, result(id, { content: [] })));
  const failing = () => {
    throw new Error("broken listener");
  };
  expect(await call(await open(url, "modern"), failing)).toEqual({ content: [] });
});
