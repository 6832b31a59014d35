import {
  errorCodes,
  TenantryError,
  type Json,
  type JsonObject,
  type RolledBack,
  type Route,
} from "@tenantry/core";
import { z } from "zod";
import type { ToolOverride } from "../routing.ts";
import type { RouteState } from "../upstreams/upstream-switch.ts";

/** What a workspace has changed of one server; without a definition it amends the one in the host's code. */
export interface StoredServer {
  /** The definition as sealed text; absent: the host's code has it. */
  readonly sealed?: string | undefined;
  /** Defaults to `true`. */
  readonly enabled?: boolean | undefined;
  readonly tools?: Readonly<Record<string, ToolOverride>> | undefined;
  readonly route?: RouteState | undefined;
}

/** Says what is in a row, for those who seal rows anew. */
export const serverRowKind = "server";

/** How many tools of one server a workspace may say something of. */
const maxOverrides = 1_000;

const overrideSchema = z.strictObject({
  enabled: z.boolean().optional(),
  name: z
    .string()
    .regex(/^[\w-]{1,64}$/u, "expected 1 to 64 characters of [A-Za-z0-9_-]")
    .optional(),
  title: z.string().max(1_024).optional(),
  description: z.string().max(16_384).optional(),
});

/** Routes are checked against the upstreams that there are once these are known. */
const routeSchema = z.custom<Route>((value) => typeof value === "string" || typeof value === "object");
const rolledBackSchema = z.strictObject({ from: routeSchema, at: z.number(), reason: z.enum(errorCodes) });

const rowSchema = z.strictObject({
  kind: z.literal(serverRowKind),
  sealed: z.string().optional(),
  enabled: z.boolean().optional(),
  tools: z.array(z.tuple([z.string(), overrideSchema])).optional(),
  route: z
    .strictObject({
      now: routeSchema,
      before: routeSchema.optional(),
      since: z.number(),
      rolledBack: rolledBackSchema.optional() as z.ZodType<RolledBack | undefined>,
    })
    .optional(),
});

/** Reads a row; throws `STORE_INVALID` for one that is damaged, another program's or of a newer version. */
export function readRow(value: Json): StoredServer {
  const read = rowSchema.safeParse(value);
  if (!read.success) {
    const why = "What is stored of this server cannot be read; set it again, or delete it.";
    throw new TenantryError("STORE_INVALID", why);
  }
  const { kind: _kind, tools, ...row } = read.data;
  // `fromEntries` defines what it is given, so that a tool "__proto__" is a tool like any other.
  return Object.freeze({ ...row, ...(tools && { tools: Object.freeze(Object.fromEntries(tools)) }) });
}

/** What is written for a server; a tool's name may be one that JSON readers treat in their own way, so tools are pairs. */
export function rowOf({ tools, ...stored }: StoredServer): JsonObject {
  const pairs = tools && Object.entries(tools);
  const row = { kind: serverRowKind, ...stored, ...(pairs?.length && { tools: pairs }) };
  return JSON.parse(JSON.stringify(row)) as JsonObject;
}

/** What is stored with another word on one tool; `undefined` takes the word back. Throws `ARGUMENT_INVALID`. */
export function withOverride(
  stored: StoredServer,
  tool: string,
  override: ToolOverride | undefined,
): StoredServer {
  const { [tool]: _before, ...others } = stored.tools ?? {};
  if (override === undefined) return { ...stored, tools: others };
  const checked = overrideSchema.safeParse(override);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const where = ["override", ...(issue?.path ?? [])].join(".");
    throw new TenantryError("ARGUMENT_INVALID", `${where}: ${issue?.message ?? "is malformed"}.`);
  }
  if (Object.keys(others).length >= maxOverrides) {
    const why = `More than ${maxOverrides} tools of one server cannot be overridden; take some back.`;
    throw new TenantryError("LIMIT_EXCEEDED", why);
  }
  return { ...stored, tools: Object.fromEntries([...Object.entries(others), [tool, checked.data]]) };
}

/** Whether it says nothing, so that there need be no row. */
export function saysNothing({ sealed, enabled = true, tools = {}, route }: StoredServer): boolean {
  return sealed === undefined && enabled && Object.keys(tools).length === 0 && route === undefined;
}
