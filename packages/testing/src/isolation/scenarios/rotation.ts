import { firstOf } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type User } from "../scene.ts";
import { arrivedWithNewest } from "./refresh.ts";

/** A user gets another key while the old one is still good: one user alone, and then both while calls are under way. */
export const rotation: Readonly<Scenario> = {
  name: "rotation",
  async run(scene, ask) {
    const [ada, bob] = users;
    const warm = [await ask.both(ada), await ask.both(bob)];
    const rotate = async (user: User) => {
      scene.keys.renew(user);
      scene.acceptKeys("all");
      await scene.subject.rotate?.(user).catch(() => {});
    };
    await rotate(ada);
    const after = await Promise.all([ask.call(ada), ask.both(bob), ask.call(ada)]);

    // What was under way may be lost with the connection that it was on; whose it is must hold.
    await Promise.all([ask.call(bob), ask.call(ada), rotate(ada), rotate(bob), ask.call(bob), ask.call(ada)]);
    const both = await Promise.all(users.map((user) => ask.callUntilAnswered(user)));
    const unseen = users.map((user) =>
      arrivedWithNewest(scene, user) ? undefined : `the new key of ${user} never arrived`,
    );

    scene.acceptKeys("newest");
    const settled = await Promise.all([...users, ...users].map((user) => ask.both(user)));
    return firstOf([...warm, ...unseen, ...after, ...both, ...settled]);
  },
};
