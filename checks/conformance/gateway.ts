// What the server sets are run against: the whole umbrella in front of a server with the suite's fixtures, its names as they
// are. The first argument is the era of the server behind it, and the URL of the gateway is written when it is there.
import { startFetchServer } from "@tenantry/testing";
import { createTenantry } from "tenantry";
import { createHandler, type Handler } from "tenantry/http";
import { startEverythingServer } from "./fixture/everything-server.ts";

const era = process.argv[2] === "legacy" ? "legacy" : "modern";

await using everything = await startEverythingServer(era);
let handle: Handler = () => Promise.resolve(new Response(null, { status: 503 }));
await using server = await startFetchServer((request) => handle(request));
// The suite reaches it by one of these names, and tries a page of its own at each.
const { port } = server.url;
const hosts = ["localhost", "127.0.0.1"];
await using tenantry = createTenantry({
  servers: { everything: { url: everything.url.href } },
  names: "plain",
  publicUrl: server.url,
});
const origins = hosts.map((host) => `http://${host}:${port}`);
const authenticate = () => ({ workspace: "conformance", user: "suite" });
handle = createHandler(tenantry, { gateway: { authenticate, hosts, origins } });
console.log(new URL("mcp", server.url).href);
// Until whoever started it has left.
process.stdin.resume();
await new Promise((resolve) => process.stdin.once("end", resolve));
