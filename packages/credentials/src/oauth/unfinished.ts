import type { Clock } from "@tenantry/core";
import type { Grant } from "../grants/grant.ts";
import type { Flow, FlowOwner } from "./flows.ts";
import type { TakenFlow } from "./taken-flow.ts";

/** A grant that a flow has come to and that the store could not be given. */
export interface Ungiven {
  readonly flow: Flow;
  readonly taken: TakenFlow;
  readonly grant: Grant;
}

/** A flow with which this process can go on, and nobody else. */
export interface Unfinished {
  /** Under which it was taken, or may have been. */
  readonly name: string;
  /** Absent: its code has not been used. */
  readonly ungiven?: Ungiven;
  /** When the flow ends, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** How many are remembered; the oldest goes for one more. */
const maxUnfinished = 1_000;

/** The flows that a store in trouble has left half finished, until somebody finishes them or their time is over. */
export class UnfinishedFlows {
  readonly #clock: Clock;
  readonly #letGo: (ungiven: Ungiven) => Promise<void>;
  readonly #flows = new Map<string, Unfinished>();

  /** What is not finished in time is given to `letGo`. */
  constructor(clock: Clock, letGo: (ungiven: Ungiven) => Promise<void>) {
    this.#clock = clock;
    this.#letGo = letGo;
  }

  get(id: string): Unfinished | undefined {
    return this.#flows.get(id);
  }

  add(id: string, unfinished: Unfinished): void {
    this.#flows.delete(id);
    this.#flows.set(id, unfinished);
    for (const [each, { expiresAt }] of this.#flows)
      if (this.#flows.size > maxUnfinished || expiresAt <= this.#clock.now()) void this.drop(each);
  }

  /** Forgets one that is finished. */
  forget(id: string): void {
    this.#flows.delete(id);
  }

  /** Lets one go that nobody can finish any more; what the store does not say of it is left as it is. */
  async drop(id: string): Promise<void> {
    const { ungiven } = this.#flows.get(id) ?? {};
    this.#flows.delete(id);
    if (ungiven !== undefined) await this.#letGo(ungiven).catch(() => {});
  }

  /** Lets go whatever one person has left at one server. */
  async dropOf({ principal: { workspace, user }, server }: FlowOwner): Promise<void> {
    const isOf = ({ ungiven }: Unfinished) =>
      ungiven?.flow.server === server &&
      ungiven.flow.principal.workspace === workspace &&
      ungiven.flow.principal.user === user;
    const left = [...this.#flows].filter(([, unfinished]) => isOf(unfinished));
    await Promise.all(left.map(([id]) => this.drop(id)));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#flows.keys()].map((id) => this.drop(id)));
  }
}
