// The client under test: one connection of @tenantry/client over @tenantry/egress. The suite starts it once a scenario,
// with the server's URL as its last argument and everything else in three variables. It writes "done" where nothing
// has failed: the suite looks at what reached its server only, not at how the client ended.
import { createConnector } from "@tenantry/client";
import {
  TenantryError,
  type Connection,
  type ErrorCode,
  type HttpEndpoint,
  type JsonObject,
  type ServerRequestHandlers,
  type Tool,
} from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { withAuthorization, type AuthContext } from "./authorized.ts";

const { MCP_CONFORMANCE_SCENARIO: scenario = "", MCP_CONFORMANCE_PROTOCOL_VERSION: revision = "2025-11-25" } =
  process.env;
/** Shorter than the suite's own limit, and long enough for forty clients that start at once. */
const request = { timeoutMs: 60_000 };
const context = JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}") as AuthContext & {
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: JsonObject }[];
};

/** Scenarios that ask for something else than every tool to be called. */
const steps: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  initialize: listTools,
  "json-schema-ref-no-deref": listTools,
  "http-custom-headers": callGivenTools,
  "http-standard-headers": useEverything,
  "json-schema-2020-12-preservation": echoSchema,
};

/** Scenarios whose server lies, or is never content: how the client ends. */
const refusals: Readonly<Record<string, ErrorCode>> = {
  "auth/scope-retry-limit": "UNAUTHORIZED",
  "auth/resource-mismatch": "ORIGIN_REFUSED",
  "auth/metadata-issuer-mismatch": "ORIGIN_REFUSED",
  "auth/iss-supported-missing": "CREDENTIAL_FAILED",
  "auth/iss-wrong-issuer": "CREDENTIAL_FAILED",
  "auth/iss-unexpected": "CREDENTIAL_FAILED",
  "auth/iss-normalized": "CREDENTIAL_FAILED",
};

const url = new URL(process.argv.at(-1) ?? "");
// Not asked for: some of the suite's modern servers do not answer `server/discover`, which is optional for a client.
const era = revision >= "2026-07-28" ? "modern" : "legacy";

/** Somebody who agrees to everything and says nothing: a form's defaults are filled in for them. */
const handlers: ServerRequestHandlers = {
  onElicitation: () => ({ action: "accept", content: {} }),
  onSampling: () => ({ role: "assistant", model: "none", content: { type: "text", text: "Hello" } }),
  onRoots: () => [],
};

const endpoint: HttpEndpoint = { kind: "http", url, provenance: "code", headers: {}, era };
if (scenario.startsWith("auth/")) {
  const failure = await withAuthorization(endpoint, context, async (run) => {
    const tools = await run(listTools);
    for (const tool of tools) await run((connection) => callTool(connection, tool));
  }).catch((reason: unknown) => reason);
  const code = failure instanceof TenantryError ? failure.code : failure;
  if (code !== refusals[scenario]) throw failure;
} else {
  await using egress = createEgress();
  const connector = createConnector({
    egress,
    clientInfo: { name: "tenantry-conformance", version: "0.0.0" },
  });
  const connection = await connector.open(endpoint, undefined, { handlers });
  try {
    await (steps[scenario] ?? callEveryTool)(connection);
  } finally {
    await connection.close();
  }
}
console.log("done");

async function listTools(on: Connection): Promise<readonly Tool[]> {
  const { tools } = await on.request("tools/list", {}, request);
  return tools;
}

/** Goes on after a tool that fails: a scenario often has several, each for a check of its own. */
async function callEveryTool(on: Connection): Promise<void> {
  const failures: unknown[] = [];
  for (const tool of await listTools(on)) {
    await callTool(on, tool).catch((failure: unknown) => failures.push(failure));
  }
  if (failures.length > 0) throw new AggregateError(failures);
}

async function callTool(on: Connection, { name, inputSchema }: Tool): Promise<void> {
  const params = { name, arguments: sample(inputSchema.properties ?? {}) };
  await on.request("tools/call", params, request);
}

async function callGivenTools(on: Connection): Promise<void> {
  // Listed first: the list says which arguments go into headers.
  await listTools(on);
  for (const { name, arguments: given } of context.toolCalls ?? []) {
    await on.request("tools/call", { name, arguments: { ...given } }, request);
  }
}

async function useEverything(on: Connection): Promise<void> {
  await callEveryTool(on);
  const { resources } = await on.request("resources/list", {}, request);
  for (const { uri } of resources) await on.request("resources/read", { uri }, request);
  const { prompts } = await on.request("prompts/list", {}, request);
  for (const { name } of prompts) await on.request("prompts/get", { name }, request);
}

/** Sends one tool's schema back as it was received, so that the suite sees what became of it. */
async function echoSchema(on: Connection): Promise<void> {
  const [described, echo] = await listTools(on);
  const params = { name: echo?.name ?? "", arguments: { schema: described?.inputSchema } };
  await on.request("tools/call", params, request);
}

/** A value of the right type for each property. */
function sample(properties: JsonObject): Record<string, unknown> {
  const values: Readonly<Record<string, unknown>> = { string: "text", integer: 5, number: 5, boolean: true };
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, values[(schema as { type: string }).type]]),
  );
}
