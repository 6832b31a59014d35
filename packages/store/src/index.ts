export { memoryStore } from "./memory/memory-store.ts";
export type { MemoryStoreLimits, MemoryStoreOptions } from "./memory/memory-store.ts";
