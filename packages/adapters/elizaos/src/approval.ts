import type { ActionResult, IAgentRuntime, Memory, Task, TaskWorker, UUID } from "@elizaos/core";
import { quote, TenantryError, type CatalogTool } from "@tenantry/core";
import type { CallArguments } from "@tenantry/core/adapter";
import { actionResult, answeredBy, type Answered } from "./action-result.ts";
import { resultOf } from "./answer.ts";
import type { McpService, MessageContext } from "./service.ts";

/** The name of the tasks that wait for a person. */
const confirmTask = "CONFIRM_MCP_CALL";
/** How much of its arguments a person is shown, in characters. */
const maxShown = 2_000;

/** What a task keeps of a call, in its metadata: elizaOS' SQL databases keep no user beside it. */
interface Waiting {
  readonly action: string;
  readonly arguments: CallArguments;
  readonly user: UUID;
}

/**
 * Leaves a task in the room for a person to choose, in elizaOS' way: tagged `AWAITING_CHOICE`, with options. Its bootstrap
 * plugin shows it to those who may choose, and gives the choice to the worker.
 */
export async function askForApproval(
  { name }: CatalogTool,
  args: CallArguments,
  { runtime, message }: MessageContext,
  answered: Answered,
): Promise<ActionResult> {
  // Its SQL databases take no task without a world; the agent has one of its own.
  const { entityId: user, roomId, worldId = runtime.agentId } = message;
  // A call for nobody is not worth a person's time.
  if (!user) throw new TenantryError("PRINCIPAL_INVALID", "The message is nobody's; give it an entityId.");
  const waiting: Waiting = { action: name, arguments: args, user };
  const options = [
    { name: "confirm", description: `Call ${name}.` },
    { name: "cancel", description: "Do not call it." },
  ];
  const task = await runtime.createTask({
    name: confirmTask,
    description: `${name} waits for a person. Its arguments: ${quote(JSON.stringify(args), maxShown)}`,
    tags: ["AWAITING_CHOICE"],
    ...{ entityId: user, roomId, worldId },
    metadata: { options, ...waiting },
  });
  const text = `${name} was not called: a person has to choose "confirm" first.`;
  return { success: false, text, error: text, data: { ...answered, code: "APPROVAL_REQUIRED", task } };
}

/** Calls what was confirmed, once, as whoever asked for it, and leaves the answer in the room. */
export function confirmWorker(service: McpService): TaskWorker {
  const taken = new Set<string>();
  return {
    name: confirmTask,
    async execute(runtime, { option }, { id }) {
      if (id === undefined || taken.has(id)) return;
      taken.add(id);
      try {
        // Whoever chose may have been shown it before somebody else did.
        const task = await runtime.getTask(id);
        if (task === null) return;
        await runtime.deleteTask(id);
        if (option === "confirm") await runConfirmed(service, runtime, task);
      } finally {
        taken.delete(id);
      }
    },
  };
}

async function runConfirmed(service: McpService, runtime: IAgentRuntime, task: Task): Promise<void> {
  const { action, arguments: args, user } = task.metadata as Partial<Waiting>;
  const { roomId, worldId } = task;
  const name = String(action);
  const tool = service.actions.get(name);
  const answered = answeredBy(tool, name);
  // What the user's message was is not kept; who the user is and where is.
  const message = { entityId: user, roomId, worldId, content: {} } as Memory;
  const { text = "", data } = await resultOf(answered, async () => {
    if (tool === undefined) throw new TenantryError("TOOL_UNKNOWN", "The tool is not there any more.");
    const call = { context: { runtime, message }, signal: service.ending };
    return actionResult(await tool.call(args ?? {}, call), answered);
  });
  const content = { text, source: "action", type: "action_result", actions: [name], data };
  await runtime.createMemory(
    { entityId: runtime.agentId, roomId: message.roomId, ...(worldId && { worldId }), content },
    "messages",
  );
}
