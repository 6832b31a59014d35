import * as sdk from "ai";
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

it("takes nothing for a source that is none", async () => {
  await expect(toolSet(undefined as never)).rejects.toThrow("[ARGUMENT_INVALID]");
  await expect(toolSet({ listTools: () => {} } as never)).rejects.toThrow("[ARGUMENT_INVALID]");
});
