import { isPlainObject, TenantryError } from "@tenantry/core";
import { currentRequest } from "../request-context.ts";
import type { MessageContext } from "../service.ts";

/** What a host knows of the user whose message it is, by the names of settings. */
export type EntitySettings = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/**
 * The settings of elizaOS' request context, where the installed version has one and where it is the context of this message's
 * own user and agent: work that was left behind by another request finds that request's, and is given nothing.
 */
export function requestSettings({ runtime, message }: MessageContext): EntitySettings {
  const request = currentRequest();
  if (request === undefined) return {};
  if (request.entityId !== message.entityId || request.agentId !== runtime.agentId) return {};
  const { organizationId: ORGANIZATION_ID, entitySettings = {} } = request;
  return plain({ ORGANIZATION_ID, ...plain(entitySettings) });
}

/** The settings of a message's user as a plain object, where `null` is not set; rejects with `CREDENTIAL_FAILED`. */
export async function settingsOfUser(
  entitySettings: (context: MessageContext) => EntitySettings | Promise<EntitySettings>,
  context: MessageContext,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return plain(await entitySettings(context));
  } catch (cause) {
    const message = "The settings of the message's user could not be read; see the cause.";
    throw new TenantryError("CREDENTIAL_FAILED", message, { cause, retryable: true });
  }
}

/** What is neither a map nor a plain object is refused: an instance may have a restriction where it is not looked for. */
function plain(given: unknown): Readonly<Record<string, unknown>> {
  const entries =
    given instanceof Map ? [...(given as ReadonlyMap<string, unknown>)] : Object.entries(object(given));
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

function object(given: unknown): object {
  if (isPlainObject(given)) return given;
  throw new TypeError("A user's settings are a plain object or a map.");
}

/**
 * Which servers a value of `MCP_ENABLED_SERVERS` enables: all where it is not set, those of a JSON array of names, and none
 * where it is anything else.
 */
export function enabledServers(value: unknown, all: readonly string[]): readonly string[] {
  if (value === undefined || value === null) return all;
  const listed = typeof value === "string" ? parsed(value) : value;
  if (!Array.isArray(listed) || !listed.every((one) => typeof one === "string")) return [];
  const enabled = new Set<string>(listed);
  return all.filter((id) => enabled.has(id));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
