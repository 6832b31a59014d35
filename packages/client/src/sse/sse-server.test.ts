import { inspect } from "node:util";
import { secret, type Credential, type HttpEndpoint, type Origin } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { expect, onTestFinished, test as it } from "vitest";
import { failureOf } from "../../test/scripted-server.ts";
import { startSseServer } from "../../test/sse-server.ts";
import { createConnector } from "../index.ts";

async function serve(options: Parameters<typeof startSseServer>[0] = {}) {
  const server = await startSseServer(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const egress = createEgress();
  onTestFinished(() => egress.close());
  const connector = createConnector({ egress });
  const endpoint: HttpEndpoint = { kind: "http", url: server.url, provenance: "code", headers: {} };
  return { server, egress, connector, endpoint };
}

const bearer = (token: string, origin: string): Credential => ({
  subject: "ada",
  generation: "1",
  origins: [origin as Origin],
  headers: () => ({ authorization: { value: secret(`Bearer ${token}`), replaces: false } }),
});

it("falls back to the transport of 2024-11-05 where the server knows no other, and remembers it", async () => {
  const { server, connector, endpoint } = await serve();
  const first = await connector.open(endpoint, undefined, {});
  expect(first.era).toBe("legacy");
  expect((await first.request("tools/list", {})).tools.length).toBeGreaterThan(0);
  await first.close();
  const before = server.seen.length;
  const second = await connector.open(endpoint, undefined, {});
  const [next] = server.seen.slice(before);
  expect(next).toMatchObject({ method: "GET" });
  // Its session goes with its stream.
  expect(second.park()).toBeUndefined();
  await second.close();
});

it("takes a new credential on the open connection, and shows neither the old nor the new one", async () => {
  const { server, connector, endpoint } = await serve();
  const { origin } = server.url;
  const connection = await connector.open(endpoint, bearer("token-of-ada-1", origin), {});
  expect(connection.adopt({ ...bearer("token-of-ada-2", origin), generation: "2" })).toBe(true);
  await connection.request("tools/list", {});
  expect(server.seen.at(-1)?.headers.authorization).toBe("Bearer token-of-ada-2");
  await connection.close();
  const failure = await failureOf(connection.request("tools/list", {}));
  expect(inspect(failure, { depth: null })).not.toContain("token-of-ada");
});

it("keeps the first refusal where nothing is behind the url either", async () => {
  const { connector, endpoint } = await serve({ streamStatus: 404 });
  const failure = await failureOf(connector.open(endpoint, undefined, {}));
  expect(failure).toMatchObject({ code: "HANDSHAKE_FAILED", status: 404 });
});
