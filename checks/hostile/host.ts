// One client against one case, in a process of its own: what it holds at most is measured, and a crash or a hang of it is
// only its result. Its parent sends the client's name, a polite target and the case's plan, and gets the outcome.
import { setTimeout as sleep } from "node:timers/promises";
import type { HostileClient, HostileOutcome, HostilePlan, HostileTarget } from "@tenantry/testing/hostile";
import { confront } from "@tenantry/testing/hostile";

/** Every client that can be asked for. */
export type ClientName = "connections" | "instances" | "stock v2" | "stock v1";

export interface Task {
  readonly client: ClientName;
  readonly polite: HostileTarget;
  readonly plan: HostilePlan;
}

export interface Report {
  readonly outcome: HostileOutcome;
  /** How much the process grew at most, its garbage included, in bytes. */
  readonly rssBytes: number;
}

/** Only the client that is asked for is loaded. */
const clients: Readonly<Record<ClientName, () => Promise<() => HostileClient>>> = {
  connections: async () => (await import("./ours.ts")).connections,
  instances: async () => (await import("./ours.ts")).instances,
  "stock v2": async () => (await import("./stock-v2.ts")).stockV2,
  "stock v1": async () => (await import("./stock-v1.ts")).stockV1,
};

process.once(
  "message",
  (task: Task) => void run(task).then((report) => process.send?.(report, () => process.exit())),
);
process.once("disconnect", () => process.exit());

async function run({ client, polite, plan }: Task): Promise<Report> {
  const create = await clients[client]();
  await warmUp(create(), polite, Object.keys(plan.env).length > 0);
  const before = heldBytes();
  const rssBefore = process.memoryUsage.rss();
  let peak = before;
  let running = true;
  const look = () => (peak = Math.max(peak, heldBytes()));
  const looking = (async () => {
    while (running) {
      const began = performance.now();
      look();
      // Looking collects garbage, and may not take more than a part of the time.
      await sleep(Math.max(lookEveryMs, 4 * (performance.now() - began)));
    }
  })();
  const outcome = await confront(create(), plan, { onStep: look });
  running = false;
  await looking;
  const rssBytes = process.resourceUsage().maxRSS * 1024 - rssBefore;
  return { outcome: { ...outcome, peakBytes: peak - before }, rssBytes };
}

/** Loads and compiles what every call needs, so that none of it is counted. */
async function warmUp(client: HostileClient, target: HostileTarget, surrounded: boolean): Promise<void> {
  const call = { do: "call", tool: "echo" } as const;
  const steps = [{ do: "open", target }, { do: "list" }, call, call, call, { do: "close" }] as const;
  const { steps: done } = await confront(client, { steps, hosts: {}, routes: {}, env: {} });
  const failed = done.find(({ ended }) => ended !== "done");
  // Where the case is about the environment, that may stand in a careless client's way already.
  if (failed && !surrounded) throw new Error(`${client.name} does not work: ${JSON.stringify(failed)}`);
}

/** What is in use, without what only waits to be collected: how long that waits is the engine's affair. */
function heldBytes(): number {
  // The memory of buffers that the first one finds unused is given back by the second.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const lookEveryMs = 20;
