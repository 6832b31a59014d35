import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import type { Anthropic } from "@anthropic-ai/sdk";

type Request = Anthropic.Beta.MessageCreateParams;
type Message = Anthropic.Beta.BetaMessageParam;

/** Starts a stand-in for the Messages API. Its model uses the tools that a prompt names, in turn, and repeats their answers. */
export async function startMessagesApi() {
  // As the API does, it keeps conversations by the id of their last message, which nobody but the one who was answered has.
  const threads = new Map<string, readonly Message[]>();
  const answer = ({ model, messages, thread }: Request) => {
    const before = thread?.type === "continue" ? (threads.get(thread.previous_message_id) ?? []) : [];
    const id = `msg_${randomUUID()}`;
    const reply = replyTo([...before, ...messages]);
    threads.set(id, [...before, ...messages, { role: "assistant", content: reply.content }]);
    return { id, type: "message", role: "assistant", model, ...reply };
  };
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer(body as Request)));
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), "close");
      server.closeAllConnections();
      await closed;
    },
  };
}

function replyTo(conversation: readonly Message[]) {
  const blocks = conversation.flatMap(blocksOf);
  const told = blocks.flatMap((block) => (block.type === "tool_result" ? [textOf(block.content)] : []));
  const named = [...textOf(blocks).matchAll(/(\w+__\w+)(?: for "([^"]*)")?/gu)];
  const [, name, text] = named[told.length] ?? [];
  const block: Anthropic.Beta.BetaContentBlockParam =
    name === undefined
      ? { type: "text", text: told.join("; ") }
      : { type: "tool_use", id: `toolu_${told.length}`, name, input: { text } };
  const stop_reason = name === undefined ? "end_turn" : "tool_use";
  return { content: [block], stop_reason, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } };
}

function blocksOf({ content = [] }: Message) {
  return typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
}

function textOf(
  content: string | readonly { readonly type: string; readonly text?: unknown }[] = "",
): string {
  if (typeof content === "string") return content;
  return content.map(({ text = "" }) => text).join("");
}
