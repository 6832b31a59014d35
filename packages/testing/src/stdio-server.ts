/**
 * A stdio MCP server to start as a child process: `node <stdioServerPath> [mode …]`.
 *
 * --die-in-handshake  exits with status 3 as soon as the first message arrives
 * --noise             writes lines to stdout that are not JSON-RPC, at the start and before each tool's answer
 * --ignore-term       neither SIGTERM nor the end of stdin ends it
 * --grandchild        starts a process of its own, which outlives it for a minute at most, and tells its id in `whoami`
 */
import { spawn } from "node:child_process";
import { Server } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

const modes: ReadonlySet<string> = new Set(process.argv.slice(2));
const grandchild = modes.has("--grandchild") ? startGrandchild() : undefined;

if (modes.has("--die-in-handshake")) process.stdin.once("data", () => process.exit(3));
if (modes.has("--ignore-term")) ignoreTermination();
noise();
serveStdio(createServer);

function createServer(): Server {
  const server = new Server({ name: "fake-stdio-server", version: "1.0.0" }, { capabilities: { tools: {} } });
  const inputSchema = { type: "object" as const };
  server.setRequestHandler("tools/list", () => ({
    tools: [
      { name: "whoami", description: "Tells what the process was given.", inputSchema },
      { name: "echo", description: "Gives back the text.", inputSchema },
      { name: "crash", description: "Ends the process without an answer.", inputSchema },
      { name: "hang", description: "Never answers.", inputSchema },
    ],
  }));
  server.setRequestHandler("tools/call", ({ params }) => {
    noise();
    switch (params.name) {
      case "whoami":
        return whoami();
      case "echo":
        return { content: [{ type: "text", text: String(params.arguments?.["text"] ?? "") }] };
      case "crash":
        return process.exit(4);
      case "hang":
        return new Promise<never>(() => {});
      default:
        throw new Error(`Unknown tool: ${params.name}`);
    }
  });
  return server;
}

/** The names of all variables show what leaked into the child; the values do not leave it, but for `USER_KEY`. */
function whoami() {
  // The child's own environment is what this server exists to tell.
  // eslint-disable-next-line no-restricted-properties
  const environment = process.env;
  const userKey = environment["USER_KEY"] ?? null;
  const variables = Object.keys(environment).toSorted();
  const structuredContent = {
    userKey,
    variables,
    cwd: process.cwd(),
    pid: process.pid,
    grandchild: grandchild ?? null,
  };
  return { content: [{ type: "text" as const, text: JSON.stringify(structuredContent) }], structuredContent };
}

function noise(): void {
  if (!modes.has("--noise")) return;
  process.stdout.write('fake-stdio-server: listening\n{"level":"info","msg":"ready"}\n\n');
}

function ignoreTermination(): void {
  // A program of its own, not a library: the signal is its own to ignore.
  // eslint-disable-next-line no-restricted-properties
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 60_000);
}

function startGrandchild(): number | undefined {
  const child = spawn(process.execPath, ["--eval", "setTimeout(() => {}, 60_000)"], {
    stdio: "ignore",
    env: {},
  });
  child.unref();
  return child.pid;
}
