/**
 * An upstream in a process of its own: `node server.ts <name> <ledger>`. It writes the id of each call into the ledger in
 * the moment in which it does the call's work, so that what was done is known even of a process that is killed.
 */
import { openSync, writeSync } from "node:fs";
import { setTimeout as work } from "node:timers/promises";
import { startFakeServer, type FakeTool } from "@tenantry/testing";

const [, , name = "", ledger = ""] = process.argv;
const file = openSync(ledger, "a");

const tool = (kind: string, annotations: FakeTool["definition"]["annotations"]): FakeTool => ({
  definition: { name: kind, inputSchema: { type: "object" }, annotations },
  async call({ id }) {
    await work(Math.random() * 4);
    writeSync(file, `${String(id)}\n`);
    await work(Math.random() * 4);
    return { content: [{ type: "text", text: name }] };
  },
});

const server = await startFakeServer({
  tools: [tool("look", { readOnlyHint: true }), tool("change", { readOnlyHint: false })],
});
process.send?.(server.url.href);
