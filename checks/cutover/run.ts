import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TenantryError } from "@tenantry/core";
import { createTenantry, type Route, type ServerDetails, type Workspace } from "tenantry";
import { startUpstream, type UpstreamProcess } from "./upstream.ts";

/** The tools that are called: one that only looks, and one whose second run would show. */
export type Kind = "look" | "change";

/** How one call ended. */
export interface Outcome {
  readonly id: number;
  readonly kind: Kind;
  /** Which upstream answered it. */
  readonly by?: string;
  readonly failure?: { readonly code: string; readonly delivery: string };
}

/** What a cut-over left behind. */
export interface Aftermath {
  readonly calls: number;
  /** In the order in which they ended. */
  readonly outcomes: readonly Outcome[];
  /** The ids of the work that each upstream did. */
  readonly done: Readonly<Record<"before" | "after", readonly number[]>>;
  /** The calls that were under way when the new upstream was killed. */
  readonly underWay: ReadonlySet<number>;
  readonly server: ServerDetails | undefined;
}

/** How much is called. */
export interface CutOverOptions {
  readonly calls: number;
  /** How many calls are under way at any moment. */
  readonly lanes: number;
  readonly users: number;
}

/** What happens at which part of the calls: a quarter moves, all move, and half-way the new upstream is killed. */
const marks = Object.freeze({ quarter: 0.15, all: 0.3, killed: 0.5 });

/** Moves all calls from one upstream to another under load, kills that one half-way, and tells what became of each call. */
export async function cutOver({ calls, lanes, users }: CutOverOptions): Promise<Aftermath> {
  const folder = await mkdtemp(join(tmpdir(), "cutover-"));
  try {
    await using before = await startUpstream("before", folder);
    await using after = await startUpstream("after", folder);
    const upstreams = { before: { url: before.url }, after: { url: after.url } };
    await using tenantry = createTenantry({ servers: { docs: { upstreams, route: "before" } } });
    const load = new Load(tenantry.workspace("acme"), after, { calls, lanes, users });
    await load.run();
    const done = { before: await before.done(), after: await after.done() };
    const server = await tenantry.workspace("acme").servers.get("docs");
    return { calls, outcomes: load.outcomes, done, underWay: load.underWayAtKill, server };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Lanes of calls, one after the other in each, and what happens meanwhile. */
class Load {
  readonly outcomes: Outcome[] = [];
  /** The calls that were under way at any moment between the kill and the process's end. */
  readonly underWayAtKill = new Set<number>();
  readonly #workspace: Workspace;
  readonly #doomed: UpstreamProcess;
  readonly #options: CutOverOptions;
  readonly #underWay = new Set<number>();
  #next = 0;
  #isDying = false;

  constructor(workspace: Workspace, doomed: UpstreamProcess, options: CutOverOptions) {
    this.#workspace = workspace;
    this.#doomed = doomed;
    this.#options = options;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.lanes }, () => this.#lane()));
  }

  async #lane(): Promise<void> {
    while (this.#next < this.#options.calls) {
      const id = this.#next++;
      // Nobody waits for it: the other lanes call on.
      const event = this.#eventAt(id);
      this.#underWay.add(id);
      if (this.#isDying) this.underWayAtKill.add(id);
      this.outcomes.push(await this.#call(id));
      this.#underWay.delete(id);
      await event;
    }
  }

  async #eventAt(id: number): Promise<void> {
    const { calls } = this.#options;
    const route = (to: Route) => this.#workspace.servers.route("docs", to);
    if (id === Math.floor(calls * marks.quarter)) await route({ to: "after", share: 0.25, rest: "before" });
    if (id === Math.floor(calls * marks.all)) await route("after");
    if (id !== Math.floor(calls * marks.killed)) return;
    for (const one of this.#underWay) this.underWayAtKill.add(one);
    this.#isDying = true;
    await this.#doomed.kill();
    this.#isDying = false;
  }

  async #call(id: number): Promise<Outcome> {
    const kind: Kind = id % 2 === 0 ? "look" : "change";
    const user = this.#workspace.as(`user-${id % this.#options.users}`);
    try {
      const { content } = await user.callTool(`docs__${kind}`, { id }, { idempotent: kind === "look" });
      const [answer] = content as readonly { readonly text: string }[];
      return { id, kind, by: answer?.text ?? "nobody" };
    } catch (failure) {
      if (!(failure instanceof TenantryError)) throw failure;
      const { code, delivery } = failure;
      return { id, kind, failure: { code, delivery } };
    }
  }
}
