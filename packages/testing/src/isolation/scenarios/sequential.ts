import { firstOf, type Unanswered } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users } from "../scene.ts";

/** One user after the other, twice; and then somebody without a key, who must not be served by what is open. */
export const sequential: Readonly<Scenario> = {
  name: "sequential",
  async run(_scene, ask) {
    const outcomes: Unanswered[] = [];
    for (const user of [...users, ...users]) outcomes.push(await ask.list(user), await ask.call(user));
    await ask.askWithoutKey();
    return firstOf(outcomes);
  },
};
