import type { DynamicStructuredTool } from "@langchain/core/tools";
import { MemorySaver } from "@langchain/langgraph";
import { createReactAgent } from "@langchain/langgraph/prebuilt";
import { createAgent } from "langchain";
import type { FakeBuiltModel } from "@langchain/core/testing";

/** What a run of an agent is, whichever package made it. */
export type Agent = Pick<ReturnType<typeof createAgent>, "invoke" | "stream" | "streamEvents">;

/** Makes an agent that saves its threads. */
export type MakeAgent = (model: FakeBuiltModel, tools: DynamicStructuredTool[]) => Agent;

/** The agent of `langchain`. */
export const agentOfLangchain: MakeAgent = (model, tools) =>
  createAgent({ model, tools, checkpointer: new MemorySaver() });

/** The agent of `@langchain/langgraph`, with a task for each call, or with one for all calls of a message. */
export const agentOfLanggraph =
  (version: "v1" | "v2"): MakeAgent =>
  (llm, tools) =>
    // It is deprecated in favour of the other one, and in use as much.
    createReactAgent({ llm, tools, version, checkpointer: new MemorySaver() }) as unknown as Agent;
