import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { OpenAIProvider } from "@openai/agents";

/** An item of the Responses API: a message of a user, a call, or what a call gave. */
interface Item {
  readonly role?: string;
  readonly content?: string;
  readonly type?: string;
  readonly output?: string | readonly object[];
}

/** OpenAI's models where there is a key for them; else the same client, with a stand-in on loopback at its other end. */
export async function startModels(apiKey: string | undefined) {
  if (apiKey !== undefined) return { provider: new OpenAIProvider({ apiKey }), close: () => {} };
  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    provider: new OpenAIProvider({ apiKey: "none", baseURL, useResponses: true }),
    close: () => server.close().closeAllConnections(),
  };
}

/** Answers as the Responses API does. */
async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { input } = (await json(request)) as { input: readonly Item[] };
  response.setHeader("content-type", "application/json");
  response.end(
    JSON.stringify({ id: "1", object: "response", status: "completed", output: [answerTo(input)] }),
  );
}

/** Asks for the tool that a user's words are about, and repeats what a tool has told. */
function answerTo(input: readonly Item[]) {
  const { type, output, content = "" } = input.at(-1) ?? {};
  const id = `item-${input.length}`;
  if (type === "function_call_output") {
    const part = { type: "output_text", text: `Done: ${JSON.stringify(output)}`, annotations: [] };
    return { id, type: "message", role: "assistant", status: "completed", content: [part] };
  }
  const [, text] = /^Write this note: (.*)/u.exec(content) ?? [];
  const called = {
    name: text === undefined ? "notes__read" : "notes__write",
    arguments: JSON.stringify({ text }),
  };
  return { id, type: "function_call", call_id: `call-${input.length}`, status: "completed", ...called };
}
