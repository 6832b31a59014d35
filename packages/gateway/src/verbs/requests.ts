import type { CompletionTarget } from "@tenantry/core";
import type { Exchange, Verb } from "../exchange/exchange.ts";
import { invalidParams, Refused } from "../wire/failure.ts";
import { isObject, type Fields } from "../wire/message.ts";
import { TenantryError } from "@tenantry/core";

/** The methods in which a server may ask before it answers. */
export const askingVerbs: Readonly<Record<string, Verb>> = Object.freeze({
  "tools/call": async ({ era, client, params, options }) => {
    const result = await client.callTool(textOf(params, "name"), fieldsOf(params, "arguments"), options);
    if (era === "modern" || result.structuredContent === undefined || isObject(result.structuredContent))
      return result;
    // Before 2026-07-28 it is an object or there is none.
    const { structuredContent: _newer, ...rest } = result as Fields;
    return rest;
  },
  "prompts/get": ({ client, params, options }) =>
    client.getPrompt(textOf(params, "name"), textsOf(params["arguments"], "arguments"), options),
  "resources/read": async ({ era, client, params, options }) => {
    const uri = textOf(params, "uri");
    const result = (await client.readResource(uri, options).catch((failure: unknown) => {
      throw notFound(failure, uri, era);
    })) as Fields;
    const { ttlMs, cacheScope: _ofTheServer, ...rest } = result;
    if (era === "legacy" || rest["resultType"] === "input_required") return rest;
    return { ...rest, ttlMs: typeof ttlMs === "number" && ttlMs >= 0 ? ttlMs : 0, cacheScope: "private" };
  },
});

/** Suggests how an argument of a prompt, or a variable of a template, goes on. */
export const complete: Verb = async ({ client, params, options }) => {
  const argument = fieldsOf(params, "argument");
  const given = { name: textOf(argument, "name"), value: textOf(argument, "value") };
  const settled = textsOf(fieldsOf(params, "context")["arguments"], "context.arguments");
  const completion = await client.complete(targetOf(fieldsOf(params, "ref")), given, { ...options, settled });
  return { completion };
};

function targetOf(ref: Fields): CompletionTarget {
  switch (ref["type"]) {
    case "ref/prompt":
      return { prompt: textOf(ref, "name") };
    case "ref/resource":
      return { resourceTemplate: textOf(ref, "uri") };
    default:
      throw invalidParams("ref.type is ref/prompt or ref/resource.");
  }
}

/** What there is not is told with its URI (SEP-2164), and had a code of its own before. */
function notFound(failure: unknown, uri: string, era: Exchange["era"]): unknown {
  if (!(failure instanceof TenantryError) || failure.code !== "RESOURCE_UNKNOWN") return failure;
  const code = era === "modern" ? -32_602 : -32_002;
  return new Refused({ status: 200, code, message: "There is no such resource.", data: { uri } });
}

function textOf(params: Fields, name: string): string {
  const value = params[name];
  if (typeof value === "string") return value;
  throw invalidParams(`${name} is text.`);
}

function fieldsOf(params: Fields, name: string): Fields {
  const value = params[name] ?? {};
  if (isObject(value)) return value;
  throw invalidParams(`${name} is an object.`);
}

function textsOf(value: unknown, name: string): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  if (isObject(value) && Object.values(value).every((one) => typeof one === "string"))
    return value as Readonly<Record<string, string>>;
  throw invalidParams(`${name} holds text by name.`);
}
