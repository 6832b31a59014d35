// The Messages API on loopback, as strict as the real one about what breaks a run there.
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { Anthropic } from "@anthropic-ai/sdk";
import { isWhole, type AskedTool } from "adapter-fixtures";

/** One conversation, told apart by its URL. */
export interface Script {
  /** What the model asks for, turn by turn; then it has its say. */
  readonly turns: readonly (readonly AskedTool[])[];
  /** Whether a streamed reply stays open after what it asks for; defaults to `false`. */
  readonly staysOpen?: boolean;
}

type Request = Anthropic.Beta.MessageCreateParams;
type Result = Anthropic.Beta.BetaToolResultBlockParam;

/** What arrived in a conversation. */
export interface Conversation extends Script {
  readonly requests: Request[];
  /** All results of tools that the model was given. */
  readonly results: Result[];
}

/** The stand-in while it runs. */
export type MessagesApi = Awaited<ReturnType<typeof startMessagesApi>>;

/** Starts the stand-in; `converse` gives the URL of one conversation. */
export async function startMessagesApi() {
  const conversations = new Map<string, Conversation>();
  const server = createServer((request, response) => {
    const conversation = conversations.get(request.url?.split("/")[1] ?? "");
    if (conversation) void reply(conversation, request, response);
    else response.writeHead(404).end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    converse(script: Script): { readonly baseURL: string; readonly conversation: Conversation } {
      const conversation = { ...script, requests: [], results: [] };
      const path = `conversation-${conversations.size}`;
      conversations.set(path, conversation);
      return { baseURL: `http://127.0.0.1:${port}/${path}`, conversation };
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), "close");
      server.closeAllConnections();
      await closed;
    },
  };
}

async function reply(conversation: Conversation, request: IncomingMessage, response: ServerResponse) {
  const body = JSON.parse(await text(request)) as Request;
  const refusals = [...refusalsOf(body)];
  const asked = conversation.turns[conversation.requests.push(body) - 1];
  conversation.results.push(...resultsIn(body));
  if (refusals.length > 0) {
    response.writeHead(400, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ type: "error", error: { type: "invalid_request_error", message: refusals[0] } }),
    );
    return;
  }
  const turn = conversation.requests.length;
  const uses = asked?.map(({ name, args = {} }, index) => ({
    ...{ type: "tool_use", id: `toolu_${turn}_${index}`, name, input: args },
  }));
  const content = uses ?? [{ type: "text", text: "Done." }];
  const message = {
    ...{ id: `msg_${turn}`, type: "message", role: "assistant", model: body.model, content },
    ...{ stop_reason: uses ? "tool_use" : "end_turn", stop_sequence: null },
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  if (body.stream) stream(message, response, conversation.staysOpen === true);
  else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(message));
}

function stream(
  { content, stop_reason, ...message }: { content: object[]; stop_reason: string },
  response: ServerResponse,
  staysOpen: boolean,
) {
  const send = (type: string, more: object = {}) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`);
  response.writeHead(200, { "content-type": "text/event-stream" });
  send("message_start", { message: { ...message, content: [], stop_reason: null } });
  content.forEach((block, index) => {
    const [content_block, delta] =
      "input" in block
        ? [
            { ...block, input: {} },
            { type: "input_json_delta", partial_json: JSON.stringify(block.input) },
          ]
        : [
            { ...block, text: "" },
            { type: "text_delta", text: (block as { text?: string }).text },
          ];
    send("content_block_start", { index, content_block });
    send("content_block_delta", { index, delta });
    send("content_block_stop", { index });
  });
  send("content_block_start", { index: content.length, content_block: { type: "text", text: "" } });
  if (staysOpen) return;
  send("content_block_stop", { index: content.length });
  send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 1 } });
  send("message_stop");
  response.end();
}

/** What the real API answers with 400, and the runner then gives up. */
function* refusalsOf(body: Request) {
  for (const tool of (body.tools ?? []) as Anthropic.Beta.BetaTool[]) {
    if (!/^[a-zA-Z0-9_-]{1,128}$/u.test(tool.name)) yield `a tool is called ${tool.name}`;
    const { type, ...schema } = tool.input_schema;
    if (type !== "object") yield `the schema of ${tool.name} is no object`;
    if ("anyOf" in schema || "oneOf" in schema || "allOf" in schema)
      yield `${tool.name} has alternatives at its root`;
  }
  for (const { content = "", is_error } of resultsIn(body)) {
    const parts = typeof content === "string" ? [{ type: "text", text: content } as const] : content;
    if (is_error && !parts.some((part) => part.type === "text" && part.text !== ""))
      yield "a failure says nothing";
    if (is_error && parts.some(({ type }) => type !== "text")) yield "a failure says more than text";
    if (typeof content !== "string" && parts.some((part) => part.type === "text" && part.text.trim() === ""))
      yield "a text says nothing";
  }
  if (!isWhole(body)) yield "a text has half a character";
}

function resultsIn({ messages }: Request): Result[] {
  const last = messages.at(-1)?.content;
  if (!Array.isArray(last)) return [];
  return last.flatMap((block) => (block.type === "tool_result" ? [block] : []));
}

/** What a tool told the model, as text. */
export function told({ content = "" }: Result): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : part.type)).join(" ");
}
