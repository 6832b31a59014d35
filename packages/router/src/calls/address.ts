import {
  quote,
  TenantryError,
  type CompletionArgument,
  type CompletionTarget,
  type PromptAddress,
  type ResourceAddress,
  type ToolAddress,
} from "@tenantry/core";

/** Throws `ARGUMENT_INVALID` for what names no tool. */
export function checkTool(tool: unknown): asserts tool is ToolAddress {
  if (!isAddress(tool, "tool"))
    throw invalid("The tool of a call", "a name from listTools() or { server, tool }");
}

/** Throws `ARGUMENT_INVALID` for what names no prompt. */
export function checkPrompt(prompt: unknown): asserts prompt is PromptAddress {
  if (!isAddress(prompt, "prompt"))
    throw invalid("The prompt", "a name from listPrompts() or { server, prompt }");
}

/** Throws `ARGUMENT_INVALID` for what names no resource. */
export function checkResource(resource: unknown): asserts resource is ResourceAddress {
  if (!isAddress(resource, "uri"))
    throw invalid("The resource", "a URI from listResources() or { server, uri }");
}

/** Throws `ARGUMENT_INVALID` for what cannot be completed. */
export function checkCompletion(target: CompletionTarget, argument: CompletionArgument): void {
  const given: unknown = target;
  if (typeof given !== "object" || given === null || "prompt" in given === "resourceTemplate" in given)
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "Say what is completed: give either { prompt } or { resourceTemplate }.",
    );
  if ("prompt" in target) checkPrompt(target.prompt);
  else checkResource(target.resourceTemplate);
  const { name, value } = Object(argument) as Partial<CompletionArgument>;
  if (typeof name !== "string" || typeof value !== "string")
    throw new TenantryError(
      "ARGUMENT_INVALID",
      "Say which argument is completed: give { name, value }, both text.",
    );
}

/** Checks values that the protocol has as text by name, and copies them; throws `ARGUMENT_INVALID`, naming the key only. */
export function textsByName(given: unknown, what: string): Record<string, string> {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw new TenantryError("ARGUMENT_INVALID", `${what}: expected an object with text by name, such as {}.`);
  const entries = Object.entries(given as Record<string, unknown>).filter(([, value]) => value !== undefined);
  const odd = entries.find(([, value]) => typeof value !== "string");
  if (odd !== undefined)
    throw new TenantryError("ARGUMENT_INVALID", `${what}[${quote(odd[0], 40)}] is no text; give text.`);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** One wording, whether the server, the tool or the permission is what is missing. */
export function unknownTool(tool: ToolAddress): TenantryError {
  const name =
    typeof tool === "string" ? quote(tool) : `${quote(tool.tool)} of the server ${quote(tool.server)}`;
  return new TenantryError("TOOL_UNKNOWN", `There is no tool ${name} here; use one that listTools() gives.`);
}

/** As {@link unknownTool}. */
export function unknownServer(server: string): TenantryError {
  const why = `There is no server ${quote(server)} here; use one that servers() gives.`;
  return new TenantryError("SERVER_UNKNOWN", why);
}

/** As {@link unknownTool}. */
export function unknownPrompt(prompt: PromptAddress): TenantryError {
  const name =
    typeof prompt === "string"
      ? quote(prompt)
      : `${quote(prompt.prompt)} of the server ${quote(prompt.server)}`;
  return new TenantryError(
    "PROMPT_UNKNOWN",
    `There is no prompt ${name} here; use one that listPrompts() gives.`,
  );
}

/** As {@link unknownTool}; several servers that have the same URI are as good as none. */
export function unknownResource(resource: ResourceAddress): TenantryError {
  const name =
    typeof resource === "string"
      ? `${quote(resource)} of one server alone`
      : `${quote(resource.uri)} of the server ${quote(resource.server)}`;
  const hint = "use one that listResources() gives, with its server where several have it";
  return new TenantryError("RESOURCE_UNKNOWN", `There is no resource ${name} here; ${hint}.`);
}

function isAddress(given: unknown, part: string): boolean {
  if (typeof given === "string") return true;
  if (typeof given !== "object" || given === null || !("server" in given)) return false;
  return typeof given.server === "string" && typeof (given as Record<string, unknown>)[part] === "string";
}

function invalid(what: string, expected: string): TenantryError {
  return new TenantryError("ARGUMENT_INVALID", `${what} is neither text nor an address; give ${expected}.`);
}
