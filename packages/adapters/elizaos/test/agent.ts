// A real elizaOS agent with the smallest database that its message loop runs on, and a model that is scripted.
import { randomUUID } from "node:crypto";
import {
  AgentRuntime,
  ModelType,
  type ActionResult,
  type Character,
  type Content,
  type Memory,
  type Plugin,
  type Task,
  type UUID,
} from "@elizaos/core";
import { McpService } from "../src/index.ts";
import { smallestDatabase } from "./database.ts";

/** One step of a scripted model. */
interface Step {
  readonly action: string;
  readonly args?: object;
}

/** A running agent. */
export interface Agent extends AsyncDisposable {
  readonly runtime: AgentRuntime;
  /** What it has written to its database. */
  readonly stored: unknown[];
  readonly tasks: Map<string, Task>;
  /** What its model was asked. */
  readonly prompts: string[];
  /** Lets the agent's own loop answer a user's message with a model that takes these steps; gives its last words. */
  ask(user: UUID | undefined, steps: readonly Step[], room?: UUID): Promise<string>;
  /** Runs one action as its message service does once a model has chosen, without a model. */
  run(user: UUID | undefined, action: string, args?: object): Promise<ActionResult | undefined>;
  /** What an action told the user meanwhile. */
  readonly told: Content[];
}

/** Starts an agent and waits until its MCP service has. */
export async function startAgent(plugin: Plugin, character: Partial<Character> = {}): Promise<Agent> {
  const [stored, prompts, told] = [[] as unknown[], [] as string[], [] as Content[]];
  const tasks = new Map<string, Task>();
  const scripts = new Map<string, Step[]>();
  const runtime = new AgentRuntime({
    character: { name: "Clerk", bio: "Keeps notes.", ...character },
    plugins: [plugin, scriptedModel(scripts, prompts)],
    adapter: smallestDatabase(stored, tasks),
  });
  const service = runtime.getServiceLoadPromise("mcp" as never);
  await runtime.initialize();
  if (!((await service) instanceof McpService)) throw new Error("There is no MCP service.");
  const callback = (content: Content) => {
    told.push(content);
    return Promise.resolve([]);
  };
  const stop = async () => {
    await runtime.stop();
    await runtime.close();
  };
  return {
    ...{ runtime, stored, tasks, prompts, told },
    async ask(user, steps, room = randomUUID()) {
      const message = { ...messageOf(user, room), content: { text: randomUUID(), source: "client_chat" } };
      scripts.set(message.content.text, [...steps]);
      const said: Content[] = [];
      await runtime.messageService?.handleMessage(
        runtime,
        message,
        (content) => {
          said.push(content);
          return Promise.resolve([]);
        },
        { useMultiStep: true, maxMultiStepIterations: steps.length + 1 },
      );
      return said.at(-1)?.text ?? "";
    },
    async run(user, action, args = {}) {
      const message = messageOf(user, randomUUID());
      const state = await runtime.composeState(message);
      state.data["actionParams"] = args;
      const answer = { ...messageOf(runtime.agentId, message.roomId), content: { actions: [action] } };
      await runtime.processActions(message, [answer], state, callback);
      return runtime.getActionResults(message.id)[0];
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** A user's message. elizaOS declares a user for each; what connectors build at run time is another matter. */
export function messageOf(user: UUID | undefined, roomId: UUID = randomUUID()): Memory & { id: UUID } {
  return { id: randomUUID(), roomId, content: { text: "Do it." }, entityId: user } as Memory & { id: UUID };
}

/** A model that reads in the prompt whose turn it is, takes that message's next step, and at the end repeats the results. */
function scriptedModel(scripts: Map<string, Step[]>, prompts: string[]): Plugin {
  return {
    name: "scripted",
    description: "A model that does what a test says.",
    providers: [
      {
        name: "RECENT_MESSAGES",
        get: (_runtime, message) =>
          Promise.resolve({ values: { recentMessages: `said: ${message.content.text}` } }),
      },
      {
        name: "ACTION_STATE",
        get: (_runtime, _message, state) => {
          const results = (state.data["actionResults"] ?? []) as ActionResult[];
          return Promise.resolve({
            values: { actionResults: JSON.stringify(results.map(({ text, error }) => text ?? error)) },
          });
        },
      },
    ],
    models: {
      [ModelType.TEXT_LARGE]: (_runtime, { prompt }) => {
        prompts.push(prompt);
        const key = [...scripts.keys()].find((one) => prompt.includes(`said: ${one}`)) ?? "";
        if (!prompt.includes("Multi-Step Workflow")) return Promise.resolve(summary(prompt));
        const step = scripts.get(key)?.shift();
        return Promise.resolve(step === undefined ? finish : chosen(step));
      },
    },
  };
}

const finish = "<response><thought>Done.</thought><isFinish>true</isFinish></response>";

function chosen({ action, args = {} }: Step): string {
  const parameters = JSON.stringify(args);
  return `<response><thought>Next.</thought><action>${action}</action><parameters>${parameters}</parameters><isFinish>false</isFinish></response>`;
}

function summary(prompt: string): string {
  const results = /\[".*"\]/u.exec(prompt)?.[0] ?? "[]";
  const text = (JSON.parse(results) as string[]).join("; ");
  return `<response><thought>Done.</thought><text>${text}</text></response>`;
}
