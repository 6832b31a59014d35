import { agentOfLangchain, agentOfLanggraph } from "../test/agents.ts";
import { describeStructuredTools } from "../test/agent-cases.ts";

describeStructuredTools("in createAgent of langchain", agentOfLangchain, (user) => ({ context: { user } }));
describeStructuredTools("in createReactAgent of @langchain/langgraph", agentOfLanggraph("v1"), (user) => ({
  configurable: { user },
}));
