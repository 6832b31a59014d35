import { Agent } from "@mastra/core/agent";
import { scriptedModel } from "./scripted-model.ts";

/** The one agent of the application. It has no tools of its own, so that there is no user's in it either. */
export function createAgent(): Agent {
  return new Agent({
    id: "clerk",
    name: "Clerk",
    instructions: "Answer with what your tools tell you, word for word.",
    model: process.env["ANTHROPIC_API_KEY"] === undefined ? scriptedModel() : "anthropic/claude-opus-5-5",
  });
}
