import { TenantryError, type ClientCapabilities } from "@tenantry/core";
import { randomName } from "../handles/handles.ts";
import { failureOf, Refused } from "../wire/failure.ts";

/**
 * The failure as a legacy client is told of it that can send its user to a page: where access has to be granted on one, the
 * page is what it is asked to show first (-32042; MCP 2025-11-25, URL mode elicitation). Any other is as it was.
 */
export function pageToVisit(failure: unknown, { elicitation }: ClientCapabilities): unknown {
  const page = failure instanceof TenantryError ? failure.authorizationUrl : undefined;
  if (page === undefined || elicitation?.url === undefined) return failure;
  const { message, data, ...rest } = failureOf(failure);
  const elicitations = [{ mode: "url", message, url: page.href, elicitationId: randomName() }];
  return new Refused({ ...rest, code: -32_042, message, data: { ...(data as object), elicitations } });
}
