import { randomUUID } from "node:crypto";
import type { ChannelType, IDatabaseAdapter, Task } from "@elizaos/core";

/** What the message loop calls, and nothing else: any other method is missing, so that a call of it fails aloud. */
export function smallestDatabase(stored: unknown[], tasks: Map<string, Task>): IDatabaseAdapter {
  const used = {
    isReady: () => Promise.resolve(true),
    getAgent: () => Promise.resolve(null),
    createAgent: () => Promise.resolve(true),
    createWorld: ({ id }) => Promise.resolve(id),
    createEntities: () => Promise.resolve(true),
    // In a conversation of two the agent answers everything.
    getRoomsByIds: (ids) =>
      Promise.resolve(ids.map((id) => ({ id, source: "test", type: "DM" as ChannelType }))),
    getParticipantsForRoom: () => Promise.resolve([]),
    addParticipantsRoom: () => Promise.resolve(true),
    getParticipantUserState: () => Promise.resolve(null),
    getMemoryById: () => Promise.resolve(null),
    createMemory: (memory) => {
      stored.push(memory);
      return Promise.resolve(memory.id ?? memory.roomId);
    },
    log: (entry) => {
      stored.push(entry);
      return Promise.resolve();
    },
    createTask: (task) => {
      const id = randomUUID();
      tasks.set(id, { ...task, id });
      return Promise.resolve(id);
    },
    deleteTask: (id) => {
      tasks.delete(id);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  } satisfies Partial<IDatabaseAdapter>;
  return used as Partial<IDatabaseAdapter> as IDatabaseAdapter;
}
