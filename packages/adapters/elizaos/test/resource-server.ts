import { startFetchServer, type FetchServer } from "@tenantry/testing";

interface Asked {
  readonly id?: number;
  readonly method: string;
  readonly params?: { readonly uri?: string; readonly protocolVersion?: string };
}

/** A server of resources only, legacy and without sessions, that says in each whose token it was read with. */
export function startResourceServer(): Promise<FetchServer> {
  return startFetchServer(async (request) => {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const { id, method, params = {} } = (await request.json()) as Asked;
    if (id === undefined) return new Response(null, { status: 202 });
    const user = request.headers.get("authorization")?.replace("Bearer token-of-", "") ?? "nobody";
    return Response.json({ jsonrpc: "2.0", id, result: resultOf(method, params, user) });
  });
}

function resultOf(
  method: string,
  { uri, protocolVersion }: NonNullable<Asked["params"]>,
  user: string,
): object {
  switch (method) {
    case "initialize":
      return {
        protocolVersion,
        capabilities: { resources: {} },
        serverInfo: { name: "resources", version: "1.0.0" },
      };
    case "resources/list":
      return { resources: [{ uri: `note://${user}`, name: "page", description: `A page of ${user}'s.` }] };
    case "resources/read": {
      const image = { uri: `${uri}#image`, mimeType: "image/png", blob: "AAAA" };
      return { contents: [{ uri, text: `read by ${user}` }, image] };
    }
    default:
      return {};
  }
}
