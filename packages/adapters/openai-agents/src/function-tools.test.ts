import * as sdk from "@openai/agents";
import { expect, it } from "vitest";
import { describeFunctionTools } from "../test/function-tools-cases.ts";
import { functionTools } from "./index.ts";

describeFunctionTools("0.20", sdk);

it("takes nothing for a source that is none", async () => {
  await expect(functionTools(undefined as never)).rejects.toThrow("[ARGUMENT_INVALID]");
});
