import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel, type FakeBuiltModel } from "@langchain/core/testing";
import type { AskedTool } from "adapter-fixtures";

/** A model that asks for these tools, one list a turn, and then has its say. */
export function scriptedModel(turns: readonly (readonly AskedTool[])[]): FakeBuiltModel {
  const model = fakeModel();
  for (const [turn, asked] of turns.entries())
    model.respondWithTools(
      asked.map(({ name, args = {} }, index) => ({ name, args: { ...args }, id: `call-${turn}-${index}` })),
    );
  return model.respond(() => new AIMessage("Done."));
}

/** The answers of all tools. */
export function toolMessages(messages: readonly BaseMessage[]): ToolMessage[] {
  return messages.filter((message) => ToolMessage.isInstance(message));
}
