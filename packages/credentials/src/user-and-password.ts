import { isThenable } from "@tenantry/core";
import { bindSource, textOf, watchAll, type BoundSource, type ValueSource } from "./value-source.ts";

/** Gives a user's name and a password as one text; nothing where one of the two has no value. */
export function userAndPassword(user: ValueSource, password: ValueSource): ValueSource {
  return Object.freeze<ValueSource>({
    ...paired(user, password),
    bind: (dependencies, slot) =>
      paired(bindSource(user, dependencies, slot), bindSource(password, dependencies, slot)),
  });
}

function paired(user: BoundSource, password: BoundSource): BoundSource {
  return Object.freeze<BoundSource>({
    describe: (scope) => `${user.describe(scope)}, and ${password.describe(scope)}`,
    read(request, clock) {
      const [name, word] = [user.read(request, clock), password.read(request, clock)];
      if (!isThenable(name) && !isThenable(word)) return join(textOf(name), textOf(word));
      return Promise.all([name, word]).then(([name, word]) => join(textOf(name), textOf(word)));
    },
    ...watchAll([user, password]),
  });
}

function join(name: string | undefined, word: string | undefined): string | undefined {
  return name === undefined || word === undefined ? undefined : JSON.stringify([name, word]);
}

/** Takes both apart again. */
export function splitPair(pair: string): readonly [name: string, word: string] {
  return JSON.parse(pair) as [string, string];
}
