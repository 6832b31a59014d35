// A real agent of whichever elizaOS with whichever plugin, so that both plugins meet the same cases.
import { randomUUID } from "node:crypto";
import type * as eliza from "@elizaos/core";
import { smallestDatabase } from "./database.ts";

/** What a case starts an agent with; the settings are deeply frozen. */
export interface SeedStart {
  /** `settings.mcp`. */
  readonly mcp: object;
  /** Where the application is, whose servers are sent its users' keys. */
  readonly appUrl: string;
  /** The agent's own key. */
  readonly agentKey: string;
  /** How many connections the agent may hold, for a plugin that can be told. */
  readonly maxConnections?: number;
}

/** What a user's own settings are at one call. */
export type UserSettings = Readonly<Record<string, string>>;

/** How an action ended. */
interface Outcome {
  readonly success: boolean;
  readonly text: string;
}

/** A running agent. */
export interface SeedAgent extends AsyncDisposable {
  /** Runs an action for a user's message, within that user's request; without settings, outside of any. */
  call(user: string, action: string, settings?: UserSettings): Promise<Outcome>;
  /** What the prompt of a user's message is made of. */
  prompt(user: string): Promise<string>;
  /** The names of its actions. */
  actions(): readonly string[];
  /** Waits until it has come round after a failure, in its own way. */
  recover(): Promise<void>;
}

/** A plugin under test. */
export interface SeedSubject {
  start(options: SeedStart): Promise<SeedAgent>;
}

/** What a subject is made of. */
export interface SubjectParts {
  /** The elizaOS that runs the agent. */
  readonly core: typeof eliza;
  readonly plugin: (start: SeedStart) => eliza.Plugin;
  /** Does work as the request of a message. */
  readonly within: <T>(agentId: string, message: eliza.Memory, settings: UserSettings, work: () => T) => T;
  readonly recover: (agent: Pick<SeedAgent, "prompt" | "actions">) => Promise<void>;
}

/** Makes a subject of a plugin and the elizaOS that it runs in. */
export function seedSubject({ core, plugin, within, recover }: SubjectParts): SeedSubject {
  return {
    async start(options) {
      const { mcp, appUrl, agentKey } = options;
      const runtime = new core.AgentRuntime({
        character: {
          ...{ name: "Clerk", bio: "Keeps notes.", secrets: { ELIZAOS_API_KEY: agentKey } },
          settings: { APP_URL: appUrl, mcp: frozen(mcp) } as never,
        },
        plugins: [plugin(options)],
        adapter: smallestDatabase([], new Map()),
      });
      const service = runtime.getServiceLoadPromise("mcp" as never);
      await runtime.initialize();
      await service;
      const actions = () => runtime.actions.map(({ name }) => name);
      const prompt = async (user: string) => (await runtime.composeState(messageOf(user))).text;
      return {
        ...{ actions, prompt },
        async call(user, action, settings) {
          const message = messageOf(user);
          const answer = { ...messageOf(runtime.agentId), content: { actions: [action] } };
          const work = () => runtime.processActions(message, [answer]);
          try {
            await (settings === undefined ? work() : within(runtime.agentId, message, settings, work));
          } catch (error) {
            return { success: false, text: String(error) };
          }
          const [{ success = false, text = "" } = {}] = runtime.getActionResults(message.id as eliza.UUID);
          return { success, text };
        },
        recover: () => recover({ actions, prompt }),
        async [Symbol.asyncDispose]() {
          await runtime.stop();
          await runtime.close();
        },
      };
    },
  };
}

function messageOf(user: string): eliza.Memory {
  const entityId = user as eliza.UUID;
  return { id: randomUUID(), roomId: randomUUID(), content: { text: "Do it." }, entityId };
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}
