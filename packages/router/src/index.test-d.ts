import type { CatalogClient, ServerId, WorkspaceClient } from "@tenantry/core";
import { expectTypeOf } from "vitest";
import { toolName, type WorkspaceRouter } from "./index.ts";

expectTypeOf<ReturnType<WorkspaceRouter["as"]>>().toEqualTypeOf<WorkspaceClient>();
// Who is nobody yet can list and cannot call.
expectTypeOf<ReturnType<WorkspaceRouter["discovery"]>>().toEqualTypeOf<CatalogClient>();
expectTypeOf<CatalogClient>().not.toHaveProperty("callTool");
// A view needs both: whose it is, and what that person's request knows.
expectTypeOf<Parameters<WorkspaceRouter["as"]>["length"]>().toEqualTypeOf<2 | 3>();
// A context may be of an interface, which has no index signature.
expectTypeOf<Parameters<WorkspaceRouter["as"]>[1]>().toEqualTypeOf<object>();
// An unchecked text is no server id.
expectTypeOf<string>().not.toExtend<ServerId>();
expectTypeOf(toolName).parameters.toEqualTypeOf<[server: ServerId, tool: string]>();
