import { randomUUID } from "node:crypto";
import type * as eliza from "@elizaos/core";
import { manualClock } from "@tenantry/testing";
import { mcpPlugin } from "../src/plugin-mcp.ts";
import { until } from "./seed-cases.ts";
import { seedSubject, type SeedSubject, type UserSettings } from "./seed-subject.ts";

/** elizaOS with a request context, which its next version has. */
export type ElizaNext = typeof eliza & {
  getRequestContext(): { readonly entitySettings: ReadonlyMap<string, string> } | undefined;
  runWithRequestContext<T>(context: object, work: () => T): T;
};

/** The plugin with a function of the host's that knows each message's user. */
export function withHostSettings(core: typeof eliza): SeedSubject {
  const settingsOf = new WeakMap<object, UserSettings>();
  return ours(
    core,
    (_agentId, message, settings, work) => {
      settingsOf.set(message, settings);
      return work();
    },
    ({ message }) => settingsOf.get(message) ?? {},
  );
}

/** The plugin as it is, in an elizaOS with a request context. */
export function withRequestContext(core: ElizaNext): SeedSubject {
  return ours(core, (agentId, { entityId }, settings, work) =>
    core.runWithRequestContext(
      { agentId, entityId, entitySettings: new Map(Object.entries(settings)), requestStartTime: 0 },
      work,
    ),
  );
}

type Within = Parameters<typeof seedSubject>[0]["within"];
type Options = NonNullable<Parameters<typeof mcpPlugin>[0]>;

function ours(core: typeof eliza, within: Within, entitySettings?: Options["entitySettings"]): SeedSubject {
  // Time stands still, so that nothing comes right by waiting; it is moved where a case has the agent come round.
  const clock = manualClock();
  return seedSubject({
    ...{ core, within },
    plugin: ({ maxConnections }) => {
      const limits = maxConnections === undefined ? {} : { maxConnections, maxParked: 0 };
      return mcpPlugin({ entitySettings, tenantry: { clock, limits } });
    },
    async recover({ prompt, actions }) {
      await clock.advance(10_000);
      await prompt(randomUUID());
      await until(() => actions().includes("srv__whoami"));
    },
  });
}
