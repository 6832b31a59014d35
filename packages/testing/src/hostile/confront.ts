import { setTimeout as sleep } from "node:timers/promises";
import type { HostilePlan, HostileStep } from "./case.ts";
import type { HostileClient, HostileLimits, HostileSession, HostileTarget } from "./client.ts";
import { Fence } from "./fence.ts";
import { LoopWatch } from "./loop-watch.ts";
import { summarise, type HostileOutcome, type StepOutcome } from "./outcome.ts";

/** How a confrontation is watched. */
export interface ConfrontOptions {
  /** Is called after each step, while what the step gave is still held: the time to look how much that is. */
  readonly onStep?: () => void;
}

/**
 * Has a client do what a case's plan says, in this process, and gives what came of it; never throws for the client's
 * doing. Meanwhile no socket of this process can be dialled to anywhere but this machine: what a client dials
 * elsewhere is written down and refused, and names resolve as the plan says.
 */
export async function confront(
  client: HostileClient,
  plan: HostilePlan,
  options: ConfrontOptions = {},
): Promise<HostileOutcome> {
  const fence = new Fence(plan);
  const watch = new LoopWatch();
  const confrontation = new Confrontation(client, fence, options);
  let longestStallMs = 0;
  fence.raise();
  watch.start();
  try {
    for (const step of plan.steps) await confrontation.take(step);
    await confrontation.end();
  } finally {
    fence.lower();
    longestStallMs = watch.stop();
  }
  const polluted = Reflect.has({}, pollution);
  const { dialled, resolved } = fence;
  return { steps: confrontation.outcomes, dialled, resolved, longestStallMs, polluted };
}

/** The key that a case tries to put on the prototype of all objects. */
export const pollution = "pollutedByTheZoo";

/** How long after its deadline a step is given up. */
const graceMs = 2_000;
const closeMs = 2_000;

class Confrontation {
  readonly outcomes: StepOutcome[] = [];
  readonly #client: HostileClient;
  readonly #fence: Fence;
  readonly #options: ConfrontOptions;
  /** Those that are open, the current one last. */
  readonly #sessions: HostileSession[] = [];
  #current: HostileSession | undefined;
  #limits: HostileLimits | undefined;
  #index = -1;

  constructor(client: HostileClient, fence: Fence, options: ConfrontOptions) {
    this.#client = client;
    this.#fence = fence;
    this.#options = options;
  }

  async take(step: HostileStep): Promise<void> {
    const session = this.#current;
    switch (step.do) {
      case "open":
        return this.#open(step.target);
      case "list":
        if (session) await this.#do("list", async () => session.listTools());
        return;
      case "call":
        if (session) await this.#do("call", async () => session.callTool(step.tool, {}));
        return;
      case "wait":
        await sleep(step.ms);
        return;
      case "close":
        await this.#close(this.#sessions.pop());
    }
  }

  async end(): Promise<void> {
    while (this.#sessions.length > 0) await this.#close(this.#sessions.pop());
    if (this.#client.close) await this.#do("close", async () => this.#client.close?.());
  }

  async #open(target: HostileTarget): Promise<void> {
    this.#limits = target.limits;
    this.#index++;
    const surroundings = { lookup: (hostname: string) => this.#fence.lookup(hostname) };
    // One that opens after it was given up is closed by nobody else.
    const late = (session: HostileSession) => void session.close().catch(() => {});
    this.#current = await this.#do("open", async () => this.#client.open(target, surroundings), late);
    if (this.#current) this.#sessions.push(this.#current);
  }

  async #close(session: HostileSession | undefined): Promise<void> {
    if (session === this.#current) this.#current = undefined;
    if (session) await this.#do("close", async () => session.close());
  }

  /** Waits for one step, but not for ever, writes down what became of it, and gives what it gave. */
  async #do<T>(
    step: StepOutcome["step"],
    work: () => Promise<T>,
    late: (value: T) => void = () => {},
  ): Promise<T | undefined> {
    const startedAt = Date.now();
    const ending = await endingOf(work, this.#timeoutOf(step) + graceMs, late);
    this.#options.onStep?.();
    const { ended } = ending;
    const failure = ended === "failed" ? { failure: summarise(ending.failure) } : {};
    this.outcomes.push({ step, target: this.#index, ended, startedAt, endedAt: Date.now(), ...failure });
    return ended === "done" ? ending.value : undefined;
  }

  #timeoutOf(step: StepOutcome["step"]): number {
    const { openTimeoutMs = 0, timeoutMs = 0 } = this.#limits ?? {};
    return step === "close" ? closeMs : step === "open" ? openTimeoutMs : timeoutMs;
  }
}

type Ending<T> =
  | { readonly ended: "done"; readonly value: T }
  | { readonly ended: "failed"; readonly failure: unknown }
  | { readonly ended: "pending" };

function endingOf<T>(work: () => Promise<T>, ms: number, late: (value: T) => void): Promise<Ending<T>> {
  return new Promise((resolve) => {
    let given = false;
    const timer = setTimeout(() => {
      given = true;
      resolve({ ended: "pending" });
    }, ms);
    const settle = (ending: Ending<T>) => {
      clearTimeout(timer);
      if (given && ending.ended === "done") late(ending.value);
      resolve(ending);
    };
    work().then(
      (value) => settle({ ended: "done", value }),
      (failure: unknown) => settle({ ended: "failed", failure }),
    );
  });
}
