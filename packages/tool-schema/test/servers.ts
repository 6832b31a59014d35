import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Tool } from "@tenantry/core";

/** A published server's own description of its tools; see `pnpm --filter @tenantry/tool-schema record`. */
export interface RecordedServer {
  readonly server: string;
  readonly version: string;
  readonly tools: readonly Pick<Tool, "name" | "description" | "inputSchema">[];
}

/** All of them. */
export function recordedServers(): readonly RecordedServer[] {
  const folder = join(import.meta.dirname, "servers");
  return readdirSync(folder).map(
    (file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as RecordedServer,
  );
}
