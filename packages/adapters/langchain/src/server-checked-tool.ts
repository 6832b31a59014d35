import { DynamicStructuredTool } from "@langchain/core/tools";

/**
 * A tool whose arguments its server checks, and nobody else. LangChain would run the server's own schema against them, in
 * the process that all users share: a pattern of that schema may take for ever, and a reference lead nowhere.
 */
export class ServerCheckedTool extends DynamicStructuredTool {
  override call(...given: Parameters<DynamicStructuredTool["call"]>): Promise<unknown> {
    const unchecked = Object.create(this, { schema: { value: {} } }) as this;
    return super.call.apply(unchecked, given);
  }
}
