import { firstOf, type Questions, type Unanswered, type Waiting } from "../questions.ts";
import type { Scenario } from "../scenario.ts";
import { users, type Scene, type User } from "../scene.ts";
import { within } from "../within.ts";

/** Both users wait for an answer; one gives up, and the other must get theirs. Then the other way round. */
export const cancel: Readonly<Scenario> = {
  name: "cancel",
  async run(scene, ask) {
    const [ada, bob] = users;
    const warm = [await ask.both(ada), await ask.both(bob)];
    return firstOf([...warm, await giveUp(scene, ask, ada, bob), await giveUp(scene, ask, bob, ada)]);
  },
};

async function giveUp(scene: Scene, ask: Questions, leaver: User, stayer: User): Promise<Unanswered> {
  const patienceMs = scene.timeoutMs / 3;
  // Two of the one who stays, so that a number of a call that is the same for both users hits one of them.
  const left = ask.wait(leaver);
  const stay = [ask.wait(stayer), ask.wait(stayer)];
  const all = [left, ...stay];
  const arrived = Promise.all(all.map(({ atServer }) => atServer.arrived)).then(() => true);
  if (!(await within(patienceMs, arrived, false))) {
    await finish(all);
    return "the calls of two users were not under way at the same time";
  }
  left.abort();
  const gone = await within(
    patienceMs,
    left.atServer.left.then(() => true),
    false,
  );
  // What was sent before this call has been read when it is answered.
  const meanwhile = await ask.call(stayer);
  if (stay.some(({ atServer }) => atServer.isLeft))
    scene.note("cancel", `a call of ${stayer} ended at the server when ${leaver} gave up`);
  const unanswered = await finish(stay);
  // An answer that went to somebody else is no call that ended.
  const lost =
    (unanswered ?? meanwhile) !== undefined && scene.crossings.every(({ kind }) => kind === "cancel");
  if (lost) scene.note("cancel", `a call of ${stayer} was not answered when ${leaver} gave up`);
  await finish([left]);
  return gone ? undefined : `that ${leaver} gave up did not reach the server`;
}

/** Answers what still waits, and gives the first that its user did not get. */
async function finish(all: readonly Waiting[]): Promise<Unanswered> {
  for (const { atServer } of all) atServer.answer();
  return firstOf(await Promise.all(all.map(({ unanswered }) => unanswered)));
}
