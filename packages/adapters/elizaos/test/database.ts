import { randomUUID } from "node:crypto";
import type { ChannelType, IDatabaseAdapter, Task } from "@elizaos/core";

/**
 * What the message loop calls, and nothing else: any other method is missing, so that a call of it fails aloud. Tasks are kept
 * as elizaOS' SQL plugin keeps them (1.7.2): in a world, without the user, and as JSON.
 */
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
    createTask: ({ entityId: _isNotKept, ...task }) => {
      if (!task.worldId) return Promise.reject(new Error("worldId is required"));
      const id = randomUUID();
      tasks.set(id, JSON.parse(JSON.stringify({ ...task, id })) as Task);
      return Promise.resolve(id);
    },
    getTask: (id) => Promise.resolve(tasks.get(id) ?? null),
    deleteTask: (id) => {
      tasks.delete(id);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  } satisfies Partial<IDatabaseAdapter>;
  return used as Partial<IDatabaseAdapter> as IDatabaseAdapter;
}
