// The published servers whose tools are kept as fixtures of `@tenantry/tool-schema`, at exact versions. They are only
// started and asked for their list, so that a dummy in place of a key is enough.

/** One server from npm, and what it needs to list its tools. */
export interface RecordedServer {
  readonly name: string;
  readonly package: string;
  readonly version: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** All of them, with whatever they keep below `scratch`; none is asked to reach beyond this machine. */
export function recordedServers(scratch: string): readonly RecordedServer[] {
  const official = (name: string, version: string, more: Partial<RecordedServer> = {}) => ({
    name,
    package: `@modelcontextprotocol/server-${name}`,
    version,
    ...more,
  });
  return [
    official("everything", "2026.8.31"),
    official("filesystem", "2026.8.31", { args: [scratch] }),
    official("memory", "2026.8.31", { env: { MEMORY_FILE_PATH: `${scratch}/memory.jsonl` } }),
    official("sequential-thinking", "2026.8.31"),
    official("github", "2025.4.8"),
    official("gitlab", "2025.4.25", { env: { GITLAB_PERSONAL_ACCESS_TOKEN: "dummy" } }),
    official("slack", "2025.4.25", { env: { SLACK_BOT_TOKEN: "xoxb-dummy", SLACK_TEAM_ID: "T0" } }),
    official("google-maps", "0.6.2", { env: { GOOGLE_MAPS_API_KEY: "dummy" } }),
    { name: "playwright", package: "@playwright/mcp", version: "0.0.83", args: ["--headless", "--isolated"] },
    {
      name: "notion",
      package: "@notionhq/notion-mcp-server",
      version: "2.5.2",
      env: { NOTION_TOKEN: "ntn_dummy", BASE_URL: "http://127.0.0.1:9" },
    },
    {
      name: "firecrawl",
      package: "firecrawl-mcp",
      version: "3.26.0",
      env: { FIRECRAWL_API_KEY: "fc-dummy", FIRECRAWL_API_URL: "http://127.0.0.1:9" },
    },
    { name: "context7", package: "@upstash/context7-mcp", version: "4.1.1" },
    {
      name: "airtable",
      package: "airtable-mcp-server",
      version: "1.14.0",
      env: { AIRTABLE_API_KEY: "pat-dummy" },
    },
    {
      name: "figma",
      package: "figma-developer-mcp",
      version: "0.13.2",
      args: ["--stdio"],
      env: { FIGMA_API_KEY: "dummy", DO_NOT_TRACK: "1" },
    },
    { name: "chart", package: "@antv/mcp-server-chart", version: "0.9.10" },
    { name: "git", package: "@cyanheads/git-mcp-server", version: "2.15.3" },
    { name: "exa", package: "exa-mcp-server", version: "3.4.1", env: { EXA_API_KEY: "dummy" } },
    { name: "tavily", package: "tavily-mcp", version: "0.2.22", env: { TAVILY_API_KEY: "tvly-dummy" } },
    {
      name: "chrome-devtools",
      package: "chrome-devtools-mcp",
      version: "1.11.0",
      args: ["--headless", "--isolated"],
    },
    {
      name: "brave",
      package: "@brave/brave-search-mcp-server",
      version: "2.1.4",
      env: { BRAVE_API_KEY: "dummy" },
    },
  ];
}
