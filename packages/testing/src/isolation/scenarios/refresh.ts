import { firstOf } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type Scene, type User } from "../scene.ts";

/** A user's key is refused and there is a new one: first for one user alone, and then for both in one tick. */
export const refresh: Readonly<Scenario> = {
  name: "refresh",
  async run(scene, ask) {
    const [ada, bob] = users;
    const warm = [await ask.both(ada), await ask.both(bob)];
    const from = scene.server.requests.length;
    const again = (user: User) =>
      ask.callUntilAnswered(user, async () => scene.subject.rotate?.(user).catch(() => {}));

    expire(scene, [ada]);
    const [one, undisturbed] = await Promise.all([again(ada), ask.both(bob)]);
    if (warm[1] === undefined && undisturbed !== undefined)
      scene.note("trouble", `${bob} was failed when ${ada}'s key had expired`);

    expire(scene, users);
    const renewed = await Promise.all([...users, ...users].map(again));
    const lists = await Promise.all(users.map((user) => ask.list(user)));
    return firstOf([...warm, one, ...renewed, ...lists, ...users.map((user) => unseen(scene, user, from))]);
  },
};

function expire(scene: Scene, whose: readonly User[]): void {
  for (const user of whose) scene.keys.renew(user);
  scene.acceptKeys("newest");
}

/** A refused key carries no user, so that only the whole number of refusals is known. */
function unseen(scene: Scene, user: User, from: number): string | undefined {
  const refused = scene.server.requests.slice(from).some(({ status }) => status === 401);
  if (!refused) return "no expired key was sent: it asks for the key each time, which `rotation` is about";
  return arrivedWithNewest(scene, user) ? undefined : `the new key of ${user} never arrived`;
}

/** Whether a call of a user has come with the newest key. */
export function arrivedWithNewest(scene: Scene, user: User): boolean {
  const newest = scene.keys.keyOf(user) ?? "";
  return scene.tools.arrived.some(({ asker, credential }) => asker === user && credential?.endsWith(newest));
}
