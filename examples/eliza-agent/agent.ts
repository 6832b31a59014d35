import { AgentRuntime, type IDatabaseAdapter, type Plugin } from "@elizaos/core";

/** An agent, and what it has written to its database. */
export interface Agent {
  readonly runtime: AgentRuntime;
  readonly stored: readonly unknown[];
}

/** Starts a real elizaOS agent that has one plugin and no language model. */
export async function startAgent(plugin: Plugin): Promise<Agent> {
  const stored: unknown[] = [];
  const runtime = new AgentRuntime({
    character: { name: "Clerk", bio: "Keeps notes." },
    plugins: [plugin],
    adapter: smallestDatabase(stored),
  });
  const service = runtime.getServiceLoadPromise("mcp" as never);
  await runtime.initialize();
  // Services start after their agent; this one's tools are listed then.
  await service;
  return { runtime, stored };
}

/**
 * What `initialize()` and `processActions()` call, and nothing else: `@elizaos/core` has no database of its own, and its
 * SQL plugin would bring a whole one. Any other method is missing, so a call of it fails aloud.
 */
function smallestDatabase(stored: unknown[]): IDatabaseAdapter {
  const used = {
    isReady: () => Promise.resolve(true),
    getAgent: () => Promise.resolve(null),
    createAgent: () => Promise.resolve(true),
    createWorld: ({ id }) => Promise.resolve(id),
    createEntities: () => Promise.resolve(true),
    getRoomsByIds: () => Promise.resolve([]),
    createRooms: (rooms) => Promise.resolve(rooms.map(({ id }) => id)),
    getParticipantsForRoom: () => Promise.resolve([]),
    addParticipantsRoom: () => Promise.resolve(true),
    createMemory: (memory) => {
      stored.push(memory);
      return Promise.resolve(memory.id ?? memory.roomId);
    },
    log: (entry) => {
      stored.push(entry);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  } satisfies Partial<IDatabaseAdapter>;
  return used as Partial<IDatabaseAdapter> as IDatabaseAdapter;
}
