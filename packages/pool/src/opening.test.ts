import { expect, it } from "vitest";
import { gate, settle } from "../test/fake-connector.ts";
import { failureOf, startPool } from "../test/start-pool.ts";

it("is waited for by close(), even where it was stopped from within its own beginning", async () => {
  const { pool, target, fake } = startPool();
  const lent = gate();
  const given = target();
  const upstream: typeof given.upstream = {
    async endpoint(scope, options) {
      void pool.close();
      await lent.promise;
      return given.upstream.endpoint(scope, options);
    },
  };
  await failureOf(pool.acquire({ ...given, upstream }, { context: {} }));
  let isClosed = false;
  const closing = pool.close().then(() => (isClosed = true));
  await settle();
  expect(isClosed).toBe(false);
  lent.resolve();
  await closing;
  expect(fake.endpoints).toEqual({ borrowed: 1, returned: 1 });
});
