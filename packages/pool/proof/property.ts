import fc from "fast-check";
import type { createPool } from "../src/index.ts";
import { setting, steps, type Setting, type Step } from "./commands.ts";
import type { PoolEvent, Tally } from "./events.ts";
import type { Rule } from "./facts.ts";
import { World } from "./world.ts";

/** Where one run leaves what it has seen. */
export interface Witness {
  readonly tally?: Tally;
  /** Is filled with what happened, line by line. */
  readonly story?: string[];
}

/** What holds of every pool, in whatever order things happen. */
export function poolProperty(create: typeof createPool, { tally, story }: Witness) {
  return fc.asyncProperty(setting, steps, async (setting, steps) => {
    const events = await interleave(create, setting, steps, story);
    tally?.addRun(steps.length, events);
  });
}

/** The one rule of {@link poolProperty}; what else is broken is passed over. */
export function poolRule(create: typeof createPool, rule: Rule) {
  return fc.asyncProperty(setting, steps, async (setting, steps) => {
    try {
      await interleave(create, setting, steps);
    } catch (failure) {
      if (!(failure instanceof Error) || failure.message.startsWith(`${rule}:`)) throw failure;
    }
  });
}

/** Takes one pool through the steps and to its end; gives what happened, and throws the first breach of a rule. */
async function interleave(
  create: typeof createPool,
  setting: Setting,
  steps: readonly Step[],
  story?: string[],
): Promise<ReadonlyMap<PoolEvent, number>> {
  const world = new World(create, setting);
  const { facts } = world.model;
  facts.story = story;
  for (const [index, step] of steps.entries()) {
    if (index === setting.closesAt) world.close();
    const going = world.take(step);
    if (going) await going;
  }
  await world.finish();
  return facts.events;
}
