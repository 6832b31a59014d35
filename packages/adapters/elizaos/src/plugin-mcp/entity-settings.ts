import * as eliza from "@elizaos/core";
import { TenantryError } from "@tenantry/core";
import type { MessageContext } from "../service.ts";

/** What a host knows of the user whose message it is, by the names of settings. */
export type EntitySettings = Readonly<Record<string, unknown>> | ReadonlyMap<string, unknown>;

/** elizaOS' request context, which its stable versions do not have yet (1.7.2). */
interface RequestContexts {
  getRequestContext?(): RequestContext | undefined;
  runWithRequestContext?<T>(context: undefined, work: () => T): T;
}

interface RequestContext {
  readonly entityId?: unknown;
  readonly agentId?: unknown;
  readonly organizationId?: unknown;
  readonly entitySettings?: EntitySettings;
}

/**
 * The settings of elizaOS' request context, where the installed version has one and where it is the context of this message's
 * own user and agent: work that was left behind by another request finds that request's, and is given nothing.
 */
export function requestSettings({ runtime, message }: MessageContext): EntitySettings {
  const context = (eliza as RequestContexts).getRequestContext?.();
  if (context === undefined) return {};
  if (context.entityId !== message.entityId || context.agentId !== runtime.agentId) return {};
  const { organizationId } = context;
  const own = plain(context.entitySettings ?? {});
  return { ...(typeof organizationId === "string" && { ORGANIZATION_ID: organizationId }), ...own };
}

/** Reads an agent's own settings, outside of whichever request it happens to be started in. */
export function outsideRequests<T>(read: () => T): T {
  const { runWithRequestContext } = eliza as RequestContexts;
  return runWithRequestContext === undefined ? read() : runWithRequestContext(undefined, read);
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

function plain(given: EntitySettings): Readonly<Record<string, unknown>> {
  const entries = given instanceof Map ? [...(given as ReadonlyMap<string, unknown>)] : Object.entries(given);
  return Object.fromEntries(entries.filter(([, value]) => value !== null && value !== undefined));
}

/**
 * Which servers a value of `MCP_ENABLED_SERVERS` enables: all where it is not set, those of a JSON array of names, and none
 * where it is anything else.
 */
export function enabledServers(value: unknown, all: readonly string[]): readonly string[] {
  if (value === undefined || value === null) return all;
  const listed = typeof value === "string" ? parsed(value) : value;
  if (!Array.isArray(listed) || !listed.every((one) => typeof one === "string")) return [];
  return all.filter((id) => listed.includes(id));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
