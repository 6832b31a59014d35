import { expect, it } from "vitest";
import { settle } from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";

it("lends the next connection where the first has ended", async () => {
  let opened = 0;
  const { acquire, fake } = startPool(
    {},
    {
      connect: ({ open }) => ({
        async open(...given) {
          const connection = await open(...given);
          if (++opened === 1) connection.lose();
          return connection;
        },
      }),
    },
  );
  const lease = await acquire();
  await settle();
  expect(lease.connection).toBe(fake.connections[1]);
  lease.release();
});
