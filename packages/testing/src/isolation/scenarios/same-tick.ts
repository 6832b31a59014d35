import { firstOf } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users } from "../scene.ts";

/** Both users and somebody without a key begin in one tick, when nothing is open yet, and once more when everything is. */
export const sameTick: Scenario = {
  name: "same-tick",
  async run(_scene, ask) {
    const everybody = async () => {
      const asked = [...users, ...users].map((user) => ask.both(user));
      await ask.askWithoutKey();
      return firstOf(await Promise.all(asked));
    };
    return firstOf([await everybody(), await everybody()]);
  },
};
