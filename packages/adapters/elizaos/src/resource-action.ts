import type { Action, ActionResult } from "@elizaos/core";
import { quote, TenantryError, type ReadResourceResult, type WorkspaceClient } from "@tenantry/core";
import { resultText } from "@tenantry/core/adapter";
import { loosely } from "./action-names.ts";
import { attachmentsOf } from "./action-result.ts";
import { tellFailure, tellFiles } from "./answer.ts";
import { askedArguments, askedName, askedSignal } from "./asked.ts";
import { McpService, serviceType } from "./service.ts";

const name = "READ_MCP_RESOURCE";
const verbs = Object.freeze(["READ", "GET", "FETCH", "ACCESS"]);
const similesOf = () => verbs.flatMap((verb) => [`${verb}_RESOURCE`, `${verb}_MCP_RESOURCE`]);

/** Reads a resource as the user whose message it is, or lists what that user may read where no URI is given. */
export function resourceAction(): Action {
  return {
    name,
    similes: similesOf(),
    description: "Reads a resource of an MCP server; without a uri, lists the resources that there are.",
    parameters: {
      uri: { type: "string", description: "The resource's URI, as it is listed.", required: false },
      server: { type: "string", description: "Its server, where several have the URI.", required: false },
    },
    validate: (runtime) => Promise.resolve(runtime.getService(serviceType) instanceof McpService),
    async handler(runtime, message, state, options, callback, responses) {
      const run = { message, state, options, responses };
      const answered = { actionName: name };
      return tellFailure(answered, callback, async () => {
        const service = runtime.getService(serviceType);
        if (!(service instanceof McpService))
          throw new TenantryError("CLOSED", "The agent has no MCP service; wait until it has started.");
        const asked = askedName(run) ?? name;
        if (![name, ...similesOf()].some((one) => loosely(one) === loosely(asked)))
          throw new TenantryError(
            "TOOL_UNKNOWN",
            `There is no action ${quote(asked)}; did you mean ${name}?`,
          );
        const { uri, server } = askedArguments(run, name);
        const signals = [service.ending, askedSignal(run)].filter((signal) => signal !== undefined);
        const signal = AbortSignal.any(signals);
        const client = await service.clientOf({ runtime, message }, signal);
        if (typeof uri !== "string") return listed(client, signal);
        const address = typeof server === "string" ? { server, uri } : uri;
        const answer = read(await client.readResource(address, { signal }), uri);
        await tellFiles(answer, callback);
        return answer;
      });
    },
  };
}

async function listed(client: WorkspaceClient, signal: AbortSignal): Promise<ActionResult> {
  const { resources, unavailable } = await client.listResources({ signal });
  const lines = resources.map(({ uri, title, name: own, description, origin: { server } }) => {
    const about = description === undefined ? "" : `: ${description}`;
    return `- ${uri} (server ${server}, ${title ?? own})${about}`;
  });
  const missing = unavailable.map(({ server, error }) => `- ${server} is missing: ${error.message}`);
  const text = [...lines, ...missing].join("\n") || "There are no resources.";
  return { success: true, text, data: { actionName: name, resources } };
}

function read({ contents }: ReadResourceResult, uri: string): ActionResult {
  const content = contents.map((resource) => ({ type: "resource" as const, resource }));
  const attachments = attachmentsOf({ content }, { actionName: name });
  const text = resultText({ content });
  const files = attachments.length > 0 && { attachments };
  return { success: true, text, data: { actionName: name, uri, ...files } };
}
