import type { Action, ActionResult } from "@elizaos/core";
import { quote, TenantryError, type ReadResourceResult, type WorkspaceClient } from "@tenantry/core";
import { actionResult } from "./action-result.ts";
import { answer } from "./answer.ts";
import { askedOf, type Asked } from "./asked.ts";
import { McpService, serviceType, type MessageContext } from "./service.ts";
import { loosely } from "./tool-actions.ts";

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
    handler(...run) {
      const [runtime, message] = run;
      const asked = askedOf(name, ...run);
      return answer({ actionName: name }, run, () => readOrList(asked, { runtime, message }));
    },
  };
}

async function readOrList(asked: Asked, context: MessageContext): Promise<ActionResult> {
  const service = context.runtime.getService(serviceType);
  if (!(service instanceof McpService))
    throw new TenantryError("CLOSED", "The agent has no MCP service; wait until it has started.");
  if (![name, ...similesOf()].some((one) => loosely(one) === loosely(asked.name)))
    throw new TenantryError("TOOL_UNKNOWN", `There is no action ${quote(asked.name)}; did you mean ${name}?`);
  const { uri, server } = asked.args;
  const signal = service.untilEnd(asked.signal);
  const client = await service.clientOf(context, signal);
  if (typeof uri !== "string") return listed(client, signal);
  const address = typeof server === "string" ? { server, uri } : uri;
  return read(await client.readResource(address, { signal }));
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

function read({ contents }: ReadResourceResult): ActionResult {
  const content = contents.map((resource) => ({ type: "resource" as const, resource }));
  return actionResult({ content }, { actionName: name });
}
