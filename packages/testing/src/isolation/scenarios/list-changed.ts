import { setTimeout as sleep } from "node:timers/promises";
import { newTool } from "../marked-tools.ts";
import { firstOf, type Questions, type Unanswered } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type Scene, type User } from "../scene.ts";
import { shows } from "../text.ts";

/** One user's list of tools changes, and the server tells that user alone; then the other's does. */
export const listChanged: Readonly<Scenario> = {
  name: "list_changed",
  async run(scene, ask) {
    const [ada, bob] = users;
    const warm = [await ask.both(ada), await ask.both(bob)];
    const { subject } = scene;
    const watch = subject.watch?.bind(subject);
    if (watch === undefined) return "it does not tell that a list has changed";
    const heard = { ada: 0, bob: 0 };
    const watched = await Promise.all(
      users.map((user) =>
        watch(user, () => void heard[user]++).then(
          () => undefined,
          (failure: unknown) => `it could not be asked to watch: ${scene.describe(failure)}`,
        ),
      ),
    );
    const first = await changeFor(scene, ask, ada, () => heard.ada > 0);
    // The lists have gone to and fro since: what was told by mistake has been heard.
    if (heard.bob > 0) scene.note("list", `${bob} was told of a change of ${ada}'s tools`);
    const second = await changeFor(scene, ask, bob, () => heard.bob > 0);
    return firstOf([...warm, ...watched, first, second]);
  },
};

async function changeFor(
  scene: Scene,
  ask: Questions,
  user: User,
  heard: () => boolean,
): Promise<Unanswered> {
  scene.tools.add(user);
  const until = Date.now() + scene.timeoutMs;
  let tellAt = 0;
  // Listed again because a new list may be about to come.
  for (;;) {
    // Told again because a stream may have been about to open; not often, because a client may wait for the last notice.
    if (Date.now() >= tellAt) {
      await scene.server.tellToolsChanged(user);
      tellAt = Date.now() + scene.timeoutMs / 4;
    }
    const lists = await Promise.all(users.map((one) => ask.list(one)));
    const shown = await scene.subject.listTools(user).catch(() => []);
    if (heard() && shows(shown, newTool(user))) return firstOf(lists);
    if (Date.now() >= until)
      return heard() ? `the new tool of ${user} was never shown` : `no change of ${user}'s tools was told`;
    await sleep(50);
  }
}
