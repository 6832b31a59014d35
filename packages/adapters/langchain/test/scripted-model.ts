import { AIMessage, ToolMessage, type BaseMessage } from "@langchain/core/messages";
import { fakeModel, type FakeBuiltModel } from "@langchain/core/testing";

/** What a model asks for. */
export interface AskedTool {
  readonly name: string;
  readonly args?: Record<string, unknown>;
}

/** A model that asks for these tools, one list a step, and then repeats what they told it. */
export function scriptedModel(...steps: (readonly AskedTool[])[]): FakeBuiltModel {
  const model = fakeModel();
  for (const [step, asked] of steps.entries())
    model.respondWithTools(
      asked.map(({ name, args = {} }, index) => ({ name, args, id: `call-${step}-${index}` })),
    );
  return model.respond((messages) => new AIMessage(toolMessages(messages).map(told).join("; ")));
}

/** The answers of all tools. */
export function toolMessages(messages: readonly BaseMessage[]): ToolMessage[] {
  return messages.filter((message) => ToolMessage.isInstance(message));
}

function told({ content }: ToolMessage): string {
  return typeof content === "string" ? content : JSON.stringify(content);
}
