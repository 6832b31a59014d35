import type { ActionResult, IAgentRuntime, Memory, Task, TaskWorker } from "@elizaos/core";
import { TenantryError } from "@tenantry/core";
import type { CallArguments } from "@tenantry/core/adapter";
import { actionResult, type Answered } from "./action-result.ts";
import { answeredBy, tellFailure } from "./answer.ts";
import type { McpService, MessageContext, ToolAction } from "./service.ts";

/** The name of the tasks that wait for a person. */
const confirmTask = "CONFIRM_MCP_CALL";

/**
 * Leaves a task in the room for a person to choose, in elizaOS' way: tagged `AWAITING_CHOICE`, with options. Its bootstrap
 * plugin shows it to those who may choose, and gives the choice to the worker.
 */
export async function askForApproval(
  { name }: ToolAction,
  args: CallArguments,
  { runtime, message }: MessageContext,
  answered: Answered,
): Promise<ActionResult> {
  const { entityId, roomId, worldId } = message;
  // A call for nobody is not worth a person's time.
  if (!entityId)
    throw new TenantryError("PRINCIPAL_INVALID", "The message is nobody's; give it an entityId.");
  const options = [
    { name: "confirm", description: `Call ${name}.` },
    { name: "cancel", description: "Do not call it." },
  ];
  const task = await runtime.createTask({
    name: confirmTask,
    description: `${name} with ${JSON.stringify(args)} waits for a person.`,
    tags: ["AWAITING_CHOICE"],
    ...{ entityId, roomId, ...(worldId && { worldId }) },
    metadata: { options, action: name, arguments: args },
  });
  const text = `${name} was not called: a person has to choose "confirm" first.`;
  return { success: false, text, error: text, data: { ...answered, code: "APPROVAL_REQUIRED", task } };
}

/** Calls what was confirmed, once, as whoever asked for it, and leaves the answer in the room. */
export function confirmWorker(service: McpService): TaskWorker {
  const taken = new Set<string>();
  return {
    name: confirmTask,
    async execute(runtime, { option }, task) {
      const { id } = task;
      if (id === undefined || taken.has(id)) return;
      taken.add(id);
      try {
        await runtime.deleteTask(id);
        if (option === "confirm") await runConfirmed(service, runtime, task);
      } finally {
        taken.delete(id);
      }
    },
  };
}

async function runConfirmed(service: McpService, runtime: IAgentRuntime, task: Task): Promise<void> {
  const { entityId, roomId, worldId, metadata } = task;
  const name = String(metadata?.["action"]);
  const offered = service.actions.find(name);
  const answered = answeredBy(offered, name);
  // What the user's message was is not kept; who the user is and where is.
  const message = { entityId, roomId, worldId, content: {} } as Memory;
  const { text = "", data } = await tellFailure(answered, undefined, async () => {
    if (offered === undefined) throw new TenantryError("TOOL_UNKNOWN", "The tool is not there any more.");
    const args = (metadata?.["arguments"] ?? {}) as CallArguments;
    const context = { runtime, message };
    return actionResult(await offered.call(args, { context, signal: service.ending }), answered);
  });
  const content = { text, source: "action", type: "action_result", actions: [name], data };
  await runtime.createMemory(
    { entityId: runtime.agentId, roomId: message.roomId, ...(worldId && { worldId }), content },
    "messages",
  );
}
