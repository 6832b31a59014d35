import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createGateway } from "@tenantry/gateway";
import { spawn } from "node:child_process";
import { startEverythingServer } from "./fixture/everything-server.ts";
import { plainClient } from "./plain-client.ts";
const [up = "modern", revision = "2025-11-25", scenario] = process.argv.slice(2);
const upstream = await startEverythingServer(up as never);
const client = await plainClient(upstream.url, up as never);
const origins: string[] = [];
const make = () =>
  createGateway({
    hosts: ["localhost", "127.0.0.1"],
    origins,
    authenticate: () => ({ workspace: "w", user: "u" }),
    connect: () => client,
  });
let gateway!: ReturnType<typeof make>;
const http = createServer(
  (a, b) => void getRequestListener((q) => gateway.handle(q), { overrideGlobalObjects: false })(a, b),
);
await new Promise<void>((r) => http.listen(0, "127.0.0.1", r));
const url = `http://127.0.0.1:${(http.address() as { port: number }).port}/mcp`;
origins.push(new URL(url).origin, new URL(url).origin.replace("127.0.0.1", "localhost"));
gateway = make();
const direct = process.env["DIRECT"] ? upstream.url.href : url;
const child = spawn(
  "conformance",
  [
    "server",
    "--url",
    direct,
    ...(scenario
      ? ["--scenario", scenario, "--spec-version", revision, "--verbose"]
      : ["--requirements", revision]),
  ],
  { stdio: "inherit", cwd: import.meta.dirname },
);
await new Promise((r) => child.on("exit", r));
console.log(gateway.stats());
await gateway.close();
await client.close();
await upstream[Symbol.asyncDispose]();
http.closeAllConnections();
http.close();
