import { firstOf, type Questions, type Unanswered } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type Scene, type User } from "../scene.ts";
import { within } from "../within.ts";

/** What is kept for one user is let go of, while the other waits for an answer; both go on. Then the other way round. */
export const eviction: Readonly<Scenario> = {
  name: "eviction",
  async run(scene, ask) {
    if (scene.subject.evict === undefined) return "it never lets go of anybody";
    const [ada, bob] = users;
    const warm = [await ask.both(ada), await ask.both(bob)];
    return firstOf([...warm, await evict(scene, ask, ada, bob), await evict(scene, ask, bob, ada)]);
  },
};

async function evict(scene: Scene, ask: Questions, idle: User, busy: User): Promise<Unanswered> {
  const waiting = ask.wait(busy);
  const arrived = await within(
    scene.timeoutMs / 2,
    waiting.atServer.arrived.then(() => true),
    false,
  );
  const evicting = (async () => (await scene.subject.evict?.(idle)) ?? false)();
  const evicted = await within(
    scene.timeoutMs / 2,
    evicting.catch(() => false),
    false,
  );
  const again = await Promise.all([...users, ...users].map((user) => ask.both(user)));
  if (waiting.atServer.isLeft) scene.note("trouble", `a call of ${busy} ended when ${idle} was let go of`);
  waiting.atServer.answer();
  const unanswered = await waiting.unanswered;
  if (!arrived) return firstOf([unanswered, `the call of ${busy} came late`]);
  if (unanswered !== undefined && scene.crossings.every(({ kind }) => kind === "trouble"))
    scene.note("trouble", `a call of ${busy} was not answered when ${idle} was let go of`);
  return evicted ? firstOf(again) : `${idle} could not be let go of`;
}
