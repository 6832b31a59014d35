import { serverId, TenantryError, userId, workspaceId, type CredentialKey } from "@tenantry/core";
import type fc from "fast-check";
import { handClock } from "../fixture.ts";
import { Issuer } from "../issuer.ts";
import { memoryStore, type MemoryStore } from "../memory-store.ts";
import type { Plan, Step } from "./plan.ts";
import { grantIn, ShakenProcess, type StartRefreshing } from "./process.ts";

/** How often each thing has happened, so that a proof which met nothing shows. */
export interface Seen {
  granted: number;
  refreshed: number;
  killed: number;
  left: number;
  reauthorized: number;
  timedOut: number;
}

const key: CredentialKey = {
  workspace: workspaceId("w"),
  user: userId("u"),
  server: serverId("s"),
  slot: "oauth",
};
/** How long a call waits for another process, or for a store that does not answer. */
const patienceMs = 20_000 + 2_000;
/** The wait for another's lease, a token request of one's own after it, and a pause between. */
const longestMs = 20_000 + 15_000 + 2_000;

/** Takes processes with one store and one issuer through a plan; throws the first rule that was broken. */
export async function shake(
  start: StartRefreshing,
  plan: Plan,
  scheduler: fc.Scheduler,
  seen: Seen,
): Promise<void> {
  const world = new World(start, plan, scheduler, seen);
  await world.begin();
  for (const step of plan.steps) await world.take(step);
  await world.end();
}

interface Call {
  readonly process: ShakenProcess;
  readonly leave: AbortController;
  readonly began: number;
  done?: number;
}

class World {
  readonly #clock = handClock();
  /** How much time has passed while nothing else did: nobody waits for a store for longer than that. */
  #passedMs = 0;
  readonly #store: MemoryStore;
  readonly #issuer: Issuer;
  readonly #processes: readonly ShakenProcess[];
  readonly #calls: Call[] = [];
  readonly #broken: string[] = [];
  readonly #plan: Plan;
  readonly #scheduler: fc.Scheduler;
  readonly #seen: Seen;
  #generation: string | undefined;

  constructor(start: StartRefreshing, plan: Plan, scheduler: fc.Scheduler, seen: Seen) {
    this.#plan = plan;
    this.#scheduler = scheduler;
    this.#seen = seen;
    this.#clock.pass(1_000_000_000);
    this.#store = memoryStore(this.#clock);
    const { graceMs } = plan;
    this.#issuer = new Issuer({ clock: this.#clock, ...(graceMs !== undefined && { graceMs }) });
    const around = {
      store: this.#store,
      issuer: this.#issuer,
      clock: this.#clock,
      turn: (label: string) => scheduler.schedule(Promise.resolve(), label),
      trouble: [...plan.trouble],
    };
    this.#processes = Array.from(
      { length: plan.processes },
      (_, index) => new ShakenProcess(start, `process ${index}`, around, plan.lives[index]),
    );
  }

  /** Puts a first grant there, by the process that lives, and looks at every row from then on. */
  async begin(): Promise<void> {
    const last = this.#processes.at(-1) as ShakenProcess;
    await Promise.all([last.refreshing.put(key, this.#issuer.grant()), this.#idle()]);
    let before = grantIn((await this.#store.credentials.get(key))?.value);
    this.#store.watch(() => {
      void this.#store.credentials.get(key).then((row) => {
        if (row === undefined) return this.#broken.push("The grant was deleted.");
        const now = grantIn(row.value);
        if (now.subject === before.subject && serial(now.accessToken) < serial(before.accessToken))
          this.#broken.push("A newer token was overwritten.");
        if (now.refreshToken === undefined && this.#issuer.reused.length === 0)
          this.#broken.push("A refresh token that the issuer takes was dropped.");
        before = now;
      });
    });
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case "call":
        return this.#call(this.#at(step.process), step.rejects ? this.#generation : undefined);
      case "grant":
        this.#seen.granted++;
        this.#at(step.process)
          .refreshing.put(key, this.#issuer.grant())
          .catch((error) => this.#broken.push(String(error)));
        return;
      case "abort":
        return this.#calls[step.call]?.leave.abort("left");
      case "pass":
        this.#passedMs += step.ms;
        return this.#clock.pass(step.ms);
      case "happen":
        for (let some = 0; some < step.count && this.#scheduler.count() > 0; some++)
          await this.#scheduler.waitOne();
    }
  }

  /** Lets everything end that does, and looks whether all is well again. */
  async end(): Promise<void> {
    for (let waited = 0; waited <= longestMs && this.#waiting.length > 0; waited += 250) {
      await this.#idle();
      this.#clock.pass(250);
    }
    await this.#idle();
    if (this.#waiting.length > 0) this.#broken.push("A caller was stranded.");
    if (this.#issuer.reused.length > 0) this.#broken.push("A refresh token was used twice.");
    this.#seen.killed += this.#processes.filter(({ dead }) => dead).length;
    this.#seen.refreshed += this.#issuer.requests;
    if (this.#broken.length > 0) throw new Error(this.#broken.join("\n"));
  }

  #at(index: number): ShakenProcess {
    return this.#processes[index % this.#processes.length] as ShakenProcess;
  }

  get #waiting(): readonly Call[] {
    return this.#calls.filter(({ process, done }) => !process.dead && done === undefined);
  }

  #call(process: ShakenProcess, rejected: string | undefined): void {
    const call: Call = { process, leave: new AbortController(), began: this.#clock.now() };
    this.#calls.push(call);
    const options = { send: process.send, signal: call.leave.signal, rejected };
    void Promise.resolve(process.refreshing.fresh(key, options)).then(
      (grant) => {
        call.done = this.#clock.now();
        if (grant === undefined) this.#broken.push("A grant was not found.");
        else if (grant.generation === rejected) this.#broken.push("A refused token was given again.");
        this.#generation = grant?.generation;
      },
      (error: unknown) => {
        call.done = this.#clock.now();
        this.#judge(error, call);
      },
    );
  }

  #judge(error: unknown, { leave }: Call): void {
    if (leave.signal.aborted && error === "left") this.#seen.left++;
    else if (!(error instanceof TenantryError)) this.#broken.push(String(error));
    else if (error.code === "AUTHORIZATION_REQUIRED") {
      this.#seen.reauthorized++;
      // Nothing that is surely unused costs the person anything.
      if (!this.#mayHaveLost) this.#broken.push("The person was asked for nothing.");
    } else if (error.code === "TIMEOUT" && (this.#mayHaveLost || this.#passedMs > patienceMs))
      this.#seen.timedOut++;
    else if (!["CONNECT_FAILED", "CONNECTION_LOST"].includes(error.code)) this.#broken.push(String(error));
  }

  get #mayHaveLost(): boolean {
    const { trouble } = this.#plan;
    return trouble.includes("lost") || trouble.includes("never") || this.#processes.some(({ dead }) => dead);
  }

  /** Until nothing happens any more but by the clock. */
  async #idle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      while (this.#scheduler.count() > 0) {
        quiet = 0;
        await this.#scheduler.waitOne();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

function serial(token: string): number {
  return Number(token.slice("access-".length));
}
