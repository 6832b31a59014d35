import { agentOfLangchain, agentOfLanggraph } from "../test/agents.ts";
import { describeStructuredTools } from "../test/agent-cases.ts";

describeStructuredTools("createAgent of langchain", agentOfLangchain, (user) => ({ context: { user } }));
describeStructuredTools("createReactAgent of @langchain/langgraph", agentOfLanggraph("v1"), (user) => ({
  configurable: { user },
}));
