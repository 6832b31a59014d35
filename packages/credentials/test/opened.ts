import { afterEach } from "vitest";
import { oauth, type OAuthOptions } from "../src/oauth.ts";
import { startWorld, type World, type WorldOptions } from "./oauth-fixture.ts";

/** Has each test of a file close what it has opened, the last first; `defaults` are for every world. */
export function opened(defaults: WorldOptions = {}) {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one[Symbol.asyncDispose]();
  });
  const keep = <T extends AsyncDisposable>(one: T): T => {
    open.push(one);
    return one;
  };
  return {
    keep,
    world: async (options?: WorldOptions) => keep(await startWorld({ ...defaults, ...options })),
    /** The same world as another process sees it, perhaps with a store or a network that does something else. */
    elsewhere(there: World, parts: Partial<World["dependencies"]> = {}, options: OAuthOptions = {}): World {
      return { ...there, provider: keep(oauth(options).bind({ ...there.dependencies, ...parts })) };
    },
  };
}
