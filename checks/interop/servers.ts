import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostedServer } from "tenantry";
import { commandOf } from "./installed.ts";

/** What is called at one server, and what its answer has to have in it. */
export interface Example {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
  readonly answer: RegExp;
}

/** The official servers from npm, each with one harmless call. */
export function officialServers(): {
  readonly folder: string;
  readonly servers: Readonly<Record<string, HostedServer>>;
  readonly examples: readonly Example[];
} {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-interop-"));
  writeFileSync(join(folder, "plans.txt"), "the plans of Acme");
  const hosted = (name: string, more: Partial<HostedServer> = {}): HostedServer => ({
    command: process.execPath,
    share: "workspace",
    ...more,
    args: [commandOf(`@modelcontextprotocol/server-${name}`), ...(more.args ?? [])],
  });
  return {
    folder,
    servers: {
      files: hosted("filesystem", { args: [folder] }),
      memory: hosted("memory", { env: { MEMORY_FILE_PATH: join(folder, "memory.jsonl") } }),
      everything: hosted("everything"),
      thinking: hosted("sequential-thinking"),
    },
    examples: [
      {
        tool: "files__read_text_file",
        arguments: { path: join(folder, "plans.txt") },
        answer: /the plans of Acme/u,
      },
      { tool: "memory__read_graph", arguments: {}, answer: /entities/u },
      { tool: "everything__echo", arguments: { message: "hello" }, answer: /hello/u },
      {
        tool: "thinking__sequentialthinking",
        arguments: { thought: "done", thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false },
        answer: /thoughtNumber/u,
      },
    ],
  };
}
