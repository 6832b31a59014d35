import { join } from "node:path";

/**
 * The file of a stdio MCP server to start with `node`; it speaks both eras and has the tools `whoami echo crash hang`.
 * Arguments make it misbehave: `--die-in-handshake`, `--noise`, `--ignore-term`, `--grandchild`.
 */
// From the sources, Node runs the source beside this file; from the build, what was built.
export const stdioServerPath: string = join(
  import.meta.dirname,
  import.meta.filename.endsWith(".ts") ? "stdio-server.ts" : "stdio-server.js",
);
