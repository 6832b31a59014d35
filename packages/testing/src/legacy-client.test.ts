import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { expect, test } from "vitest";
import { startFakeServer } from "./index.ts";

declare global {
  /** The SDK's first line takes its types from the DOM, which this repository does not load. */
  type HeadersInit = NonNullable<ConstructorParameters<typeof Headers>[0]>;
}

test.each(["json", "sse"] as const)(
  "the SDK's first line calls tools on a session of its own, in %s",
  async (responseMode) => {
    await using server = await startFakeServer({
      authenticate: { header: "authorization", keys: { "token-of-ada": "ada" } },
      responseMode,
    });
    const client = new Client({ name: "test", version: "1.0.0" });
    const requestInit = { headers: { authorization: "Bearer token-of-ada" } };
    const transport = new StreamableHTTPClientTransport(server.url, { requestInit });
    // Its own types do not allow for exactOptionalPropertyTypes.
    await client.connect(transport as Transport);

    expect((await client.listTools()).tools).toHaveLength(6);
    expect((await client.callTool({ name: "whoami" })).structuredContent).toEqual({
      user: "ada",
      credential: "Bearer token-of-ada",
      sessionId: transport.sessionId,
    });
    expect(server.sessions.get(transport.sessionId ?? "")).toBe("ada");

    await transport.terminateSession();
    await client.close();
    expect(server.endedSessions).toBe(1);
    expect(server.sessions.size).toBe(0);
  },
);
