import * as sdk from "ai";
import { startFakeServer, type FakeTool } from "@tenantry/testing";
import { createTenantry } from "tenantry";
import { expect, it } from "vitest";
import { describeToolSet } from "../test/tool-set-cases.ts";
import { toolSet } from "./index.ts";

const named = (user: string, tools: readonly string[]) => ({
  toolsContext: Object.fromEntries(tools.map((name) => [name, { user }])),
});
describeToolSet(
  { version: "7", file: "file" },
  sdk,
  named,
  ({ context }) => (context as { user?: string } | undefined)?.user as string,
);

it("gives a tool what it takes, whatever a strict schema had the model give", async () => {
  const note = {
    definition: {
      name: "note",
      inputSchema: {
        type: "object",
        properties: { text: { type: "string" }, tag: { type: "string" } },
        required: ["text"],
      },
    },
    call: (args: object) => ({ content: [{ type: "text", text: JSON.stringify(args) }] }),
  } as const satisfies FakeTool;
  await using server = await startFakeServer({ tools: [note] });
  await using tenantry = createTenantry({ servers: { notes: { url: server.url } } });
  const strict = { target: { provider: "openai", strict: true } } as const;
  const { tools } = await toolSet(tenantry.workspace("acme").as("ada"), strict);
  const call = { toolCallId: "1", messages: [], context: undefined };
  const output: unknown = await tools["notes__note"]?.execute?.({ text: "hi", tag: null }, call);
  expect(output).toMatchObject({ content: [{ text: '{"text":"hi"}' }] });
});

it("takes nothing for a source that is none", async () => {
  await expect(toolSet(undefined as never)).rejects.toThrow("[ARGUMENT_INVALID]");
  await expect(toolSet({ listTools: () => {} } as never)).rejects.toThrow("[ARGUMENT_INVALID]");
});
