import { firstOf } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type Scene, type User } from "../scene.ts";

/** The server forgets every session; in the modern era, which has none, it drops each user's next request. */
export const reconnect: Readonly<Scenario> = {
  name: "reconnect",
  async run(scene, ask) {
    const warm = [];
    for (const user of users) warm.push(await ask.both(user));
    const from = scene.server.requests.length;
    if (scene.era === "legacy") await scene.server.forgetSessions();
    else
      for (const user of users)
        scene.server.faults.add({ kind: "reset" }, { user, method: "POST", times: 1 });
    const again = await Promise.all([...users, ...users].map((user) => ask.callUntilAnswered(user)));
    const settled = await Promise.all(users.map((user) => ask.both(user)));
    return firstOf([...warm, ...users.map((user) => unmet(scene, user, from)), ...again, ...settled]);
  },
};

function unmet(scene: Scene, user: User, from: number): string | undefined {
  const posts = scene.requestsOf(user, from).filter(({ method }) => method === "POST");
  if (scene.era === "modern")
    return posts.some(({ status }) => status === undefined) ? undefined : `no request of ${user} was dropped`;
  return posts.some(({ status }) => status === 404)
    ? undefined
    : `no request of ${user} was on a session that the server had forgotten`;
}
