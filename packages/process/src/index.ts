export { spawnPipe } from "./spawn-pipe.ts";
export type { SpawnOptions } from "./spawn-pipe.ts";
export type { ChildPipe } from "./child-pipe.ts";
export { defaultPipeLimits } from "./pipe-limits.ts";
export type { PipeLimits } from "./pipe-limits.ts";
export { processTable } from "./process-table.ts";
export type { ProcessEntry, ProcessTable } from "./process-table.ts";
