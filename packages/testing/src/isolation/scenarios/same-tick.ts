import { firstOf } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users } from "../scene.ts";

/** Both users begin in one tick, when nothing is open yet; and once more when everything is, with somebody who has no key. */
export const sameTick: Readonly<Scenario> = {
  name: "same-tick",
  async run(_scene, ask) {
    const asked = () => [...users, ...users].map((user) => ask.both(user));
    const cold = await Promise.all(asked());
    const warm = asked();
    await ask.askWithoutKey();
    return firstOf([...cold, ...(await Promise.all(warm))]);
  },
};
