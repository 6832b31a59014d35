import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { ChatOpenAI } from "@langchain/openai";

interface Message {
  readonly role: string;
  readonly content: string;
}

/** OpenAI's model where there is a key for it; else the same client, with a stand-in on loopback at its other end. */
export async function startModel(apiKey: string | undefined) {
  if (apiKey !== undefined) return { model: new ChatOpenAI({ model: "gpt-5", apiKey }), close: () => {} };
  const server = createServer((request, response) => void respond(request, response));
  const configuration = { baseURL: await listening(server) };
  return {
    model: new ChatOpenAI({ model: "stand-in", apiKey: "none", configuration }),
    close: () => server.close().closeAllConnections(),
  };
}

/** Answers as the Chat Completions API does. */
async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { messages } = (await json(request)) as { messages: readonly Message[] };
  const message = { role: "assistant", ...answerTo(messages) };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ id: randomUUID(), object: "chat.completion", choices }));
}

/** Asks for the tool that a user's words are about, and repeats what a tool has told. */
function answerTo(messages: readonly Message[]) {
  const { role, content } = messages.at(-1) ?? { role: "user", content: "" };
  if (role === "tool") return { content: `Done: ${content}` };
  const [, text] = /^Write this note: (.*)/u.exec(content) ?? [];
  const name =
    text !== undefined ? "notes__write" : content.startsWith("Erase") ? "notes__erase" : "notes__read";
  const called = { name, arguments: JSON.stringify({ text }) };
  return {
    content: null,
    tool_calls: [{ id: `call-${messages.length}`, type: "function", function: called }],
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
