// The published servers that are visited, at exact versions, each with one call that changes nothing outside its folder.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** One server from npm. */
export interface RealServer {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly call: { readonly name: string; readonly arguments: Record<string, unknown> };
}

/** All of them, with whatever they keep below `scratch`; none reaches beyond this machine. */
export function realServers(scratch: string): readonly RealServer[] {
  const kubeconfig = join(scratch, "kubeconfig.json");
  writeFileSync(kubeconfig, JSON.stringify(clusterThatIsNone));
  return [
    {
      name: "everything",
      package: "@modelcontextprotocol/server-everything",
      version: "2026.8.31",
      call: { name: "echo", arguments: { message: "hello" } },
    },
    {
      name: "filesystem",
      package: "@modelcontextprotocol/server-filesystem",
      version: "2026.8.31",
      args: [scratch],
      call: { name: "list_directory", arguments: { path: scratch } },
    },
    {
      name: "memory",
      package: "@modelcontextprotocol/server-memory",
      version: "2026.8.31",
      env: { MEMORY_FILE_PATH: join(scratch, "memory.jsonl") },
      call: { name: "read_graph", arguments: {} },
    },
    {
      name: "sequential-thinking",
      package: "@modelcontextprotocol/server-sequential-thinking",
      version: "2026.8.31",
      call: {
        name: "sequentialthinking",
        arguments: { thought: "done", thoughtNumber: 1, totalThoughts: 1, nextThoughtNeeded: false },
      },
    },
    {
      name: "playwright",
      package: "@playwright/mcp",
      version: "0.0.83",
      args: ["--headless", "--isolated", "--output-dir", scratch],
      // No browser is installed: the answer says so.
      call: { name: "browser_tabs", arguments: { action: "list" } },
    },
    {
      name: "notion",
      package: "@notionhq/notion-mcp-server",
      version: "2.5.2",
      env: { NOTION_TOKEN: "ntn_dummy", BASE_URL: "http://127.0.0.1:9" },
      call: { name: "API-get-self", arguments: {} },
    },
    {
      name: "mongodb",
      package: "mongodb-mcp-server",
      version: "3.0.4",
      env: { MDB_MCP_TELEMETRY: "disabled", MDB_MCP_LOG_PATH: scratch, DO_NOT_TRACK: "1" },
      call: { name: "list-databases", arguments: {} },
    },
    {
      name: "kubernetes",
      package: "mcp-server-kubernetes",
      version: "4.1.7",
      env: { KUBECONFIG: kubeconfig },
      call: { name: "ping", arguments: {} },
    },
  ];
}

const clusterThatIsNone = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "https://127.0.0.1:9" } }],
  users: [{ name: "nobody", user: {} }],
  contexts: [{ name: "none", context: { cluster: "none", user: "nobody" } }],
  "current-context": "none",
};
