import { startFakeServer, type FakeServer, type FakeTool } from "@tenantry/testing";

/** The header that carries a key. */
export const keyHeader = "x-api-key";

/** An MCP server on loopback that knows whom a key belongs to, with the tools `whoami`, `write` and `break`. */
export function startNotesServer(keys: Readonly<Record<string, string>>): Promise<FakeServer> {
  return startFakeServer({
    // With sessions, so that one can see whose a connection was and that it was ended.
    era: "legacy",
    authenticate: { header: keyHeader, keys },
    tools: [
      tool("whoami", "Says whose key this is.", {}, (_args, user) => user),
      tool("write", "Writes a note.", { text: { type: "string" } }, ({ text }, user) => `${user}: ${text}`),
      { ...tool("break", "Fails.", {}, () => ""), call: () => ({ ...text("It broke."), isError: true }) },
    ],
  });
}

function tool(
  name: string,
  description: string,
  properties: Record<string, { type: string }>,
  answer: (args: Readonly<Record<string, unknown>>, user: string) => string,
): FakeTool {
  return {
    definition: {
      ...{ name, description },
      inputSchema: { type: "object", properties, required: Object.keys(properties) },
    },
    call: (args, { user = "nobody" }) => text(answer(args, user)),
  };
}

function text(value: string) {
  return { content: [{ type: "text" as const, text: value }] };
}
