import { createConnector } from "@tenantry/client";
import {
  principalOf,
  serverId,
  type Connection,
  type ServerRequestHandlers,
  type WorkspaceClient,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";

export async function plainClient(
  url: URL,
  era: "legacy" | "modern",
): Promise<WorkspaceClient & { close(): Promise<void> }> {
  const egress = createEgress();
  const connector = createConnector({ egress });
  const no = () => {
    throw new Error("no");
  };
  const handlers: ServerRequestHandlers = { onElicitation: no, onSampling: no, onRoots: no };
  const connection: Connection = await connector.open(
    { kind: "http", url, provenance: "code", headers: {}, era },
    undefined,
    { handlers },
  );
  const server = serverId("s");
  const origin = { server };
  return {
    principal: principalOf({ workspace: "w", user: "u" }),
    listTools: async () => ({
      unavailable: [],
      tools: (await connection.request("tools/list", {})).tools.map((t) => ({
        ...t,
        origin: { server, tool: t.name },
      })),
    }),
    listPrompts: async () => ({
      unavailable: [],
      prompts: (await connection.request("prompts/list", {})).prompts.map((t) => ({
        ...t,
        origin: { server, prompt: t.name },
      })),
    }),
    listResources: async () => ({
      unavailable: [],
      resources: (await connection.request("resources/list", {})).resources.map((t) => ({ ...t, origin })),
    }),
    listResourceTemplates: async () => ({
      unavailable: [],
      resourceTemplates: (await connection.request("resources/templates/list", {})).resourceTemplates.map(
        (t) => ({ ...t, origin }),
      ),
    }),
    callTool: (name, args, options) =>
      connection.request("tools/call", { name: name as string, arguments: { ...args } as never }, options),
    getPrompt: (name, args, options) =>
      connection.request("prompts/get", { name: name as string, arguments: { ...args } }, options),
    readResource: (uri, options) => connection.request("resources/read", { uri: uri as string }, options),
    complete: async (target, argument, { settled, ...options } = {}) =>
      (
        await connection.request(
          "completion/complete",
          {
            ref:
              "prompt" in target
                ? { type: "ref/prompt", name: target.prompt as string }
                : { type: "ref/resource", uri: target.resourceTemplate as string },
            argument,
          },
          options,
        )
      ).completion,
    subscribe: async ({ watched, ...filter }, listener, options) => {
      const sub = await connection.subscribe(
        { ...filter, resourceUris: watched as string[] | undefined },
        (e) => listener({ ...e, server }),
        options,
      );
      return Object.assign(sub, { unavailable: [] });
    },
    servers: async () => [],
    close: async () => {
      await connection.close();
      await egress.close();
    },
  };
}
