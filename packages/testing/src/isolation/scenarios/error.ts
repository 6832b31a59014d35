import { firstOf, type Questions, type Unanswered } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type Scene } from "../scene.ts";

/** The server fails one user alone: with the first connection, and later. The other is served, and the first recovers. */
export const error: Readonly<Scenario> = {
  name: "error",
  async run(scene, ask) {
    const first = await failFirstConnect(scene, ask);
    const reopened = await scene.open();
    if (reopened !== undefined) return reopened;
    return firstOf([first, await failLater(scene, ask)]);
  },
};

const [ada, bob] = users;

/** Everything of one user is answered with 503, twice asked for, while the other asks too. */
async function onlyAdaFails(scene: Scene, ask: Questions): Promise<{ unmet: Unanswered; other: Unanswered }> {
  const from = scene.server.requests.length;
  const other = await (async () => {
    using _fault = scene.server.faults.add({ kind: "answer", status: 503 }, { user: ada });
    const [, , ...others] = await Promise.all([ask.call(ada), ask.list(ada), ask.call(bob), ask.list(bob)]);
    return firstOf([...others, await ask.call(bob)]);
  })();
  const met = scene.requestsOf(ada, from).some(({ status }) => status === 503);
  return { unmet: met ? undefined : `no request of ${ada} was failed`, other };
}

async function failFirstConnect(scene: Scene, ask: Questions): Promise<Unanswered> {
  const { unmet, other } = await onlyAdaFails(scene, ask);
  const recovered = await ask.callUntilAnswered(ada);
  if (other === undefined) return firstOf([unmet, recovered, await ask.both(bob)]);
  // Whether it was hers: without her trouble, is he served?
  const reopened = await scene.open();
  const alone = firstOf([reopened, reopened === undefined ? await ask.call(bob) : undefined]);
  if (alone === undefined) scene.note("trouble", `${bob} was failed with ${ada}'s first connection`);
  return firstOf([unmet, other]);
}

async function failLater(scene: Scene, ask: Questions): Promise<Unanswered> {
  const warm = firstOf([await ask.both(ada), await ask.both(bob)]);
  const { unmet, other } = await onlyAdaFails(scene, ask);
  if (warm === undefined && other !== undefined)
    scene.note("trouble", `${bob} was failed while only ${ada} was answered with 503`);
  return firstOf([warm, unmet, other, await ask.callUntilAnswered(ada), await ask.both(bob)]);
}
