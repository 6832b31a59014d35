import type { CallToolResult, ToolListing } from "tenantry";
import { behind } from "./fleet.ts";
import { nameOf } from "./people.ts";
import type { Step } from "./plan.ts";

/** What is wrong with the answer to a call, where it is not that call's own. */
export function crossedAnswer(step: Step, { structuredContent }: CallToolResult): string | undefined {
  const { workspace, user, conversation, nonce, tool } = step;
  const server = behind(workspace, step.server);
  const own = JSON.stringify({ workspace, user, conversation, nonce, server, tool });
  const got = JSON.stringify(structuredContent);
  return got === own ? undefined : `${nonce} of ${nameOf(step)} was given ${got} instead of ${own}`;
}

/** The same for a list. */
export function crossedListing(step: Step, { tools }: ToolListing): string | undefined {
  const own = `for ${nameOf(step)}`;
  const other = tools.find(({ description }) => description !== own);
  if (other === undefined) return undefined;
  return `${step.nonce} of ${nameOf(step)} was given a list with ${other.name} ${other.description}`;
}
