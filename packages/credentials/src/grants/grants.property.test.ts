import fc from "fast-check";
import { expect, test } from "vitest";
import { plans } from "../../test/shake/plan.ts";
import type { StartRefreshing } from "../../test/shake/process.ts";
import { shake, type Seen } from "../../test/shake/shake.ts";
import { Grants } from "../grants.ts";
import { isLive } from "./grant.ts";
import { GrantRows } from "./grant-rows.ts";

const unseen = (): Seen => ({ granted: 0, refreshed: 0, killed: 0, left: 0, reauthorized: 0, timedOut: 0 });

function property(start: StartRefreshing, seen: Seen, of = plans) {
  return fc.asyncProperty(of, fc.scheduler(), (plan, scheduler) => shake(start, plan, scheduler, seen));
}

test("keeps every rule in whatever order things happen and wherever a process is killed", async () => {
  const seen = unseen();
  await fc.assert(
    property((parts) => new Grants(parts), seen),
    { numRuns: 2_000 },
  );
  for (const [what, count] of Object.entries(seen)) expect([what, count > 20]).toEqual([what, true]);
}, 120_000);

/** Nobody is killed and nothing is lost: what is broken now is broken by the order of things alone. */
const harmless = plans.map((plan) => ({ ...plan, lives: [], trouble: [] }));

/** Each call that finds the token ended sends the refresh token and writes what it gets. */
const naive: StartRefreshing = ({ store, sealer, clock }) => {
  const rows = new GrantRows(store.credentials, sealer);
  const write = async (...[key, grant]: Parameters<Grants["put"]>) => {
    for (;;) {
      const row = await store.credentials.get(key);
      const written = await rows
        .write(key, grant, { ifVersion: row?.version ?? null })
        .catch(() => undefined);
      if (written !== undefined) return;
    }
  };
  return {
    put: write,
    async fresh(key, { send, rejected, signal }) {
      signal?.throwIfAborted();
      const row = await rows.read(key);
      if (row === undefined || (row.grant.generation !== rejected && isLive(row.grant, clock.now())))
        return row?.grant;
      const {
        expiresInMs = 0,
        accessToken,
        refreshToken,
      } = await send(row.grant, new AbortController().signal);
      const expiresAt = clock.now() + expiresInMs;
      const generation = globalThis.crypto.randomUUID();
      const next = {
        ...row.grant,
        generation,
        accessToken,
        expiresAt,
        ...(refreshToken && { refreshToken }),
      };
      await write(key, next);
      return next;
    },
  };
};

test("the rules are broken by a refresh that nobody coordinates", async () => {
  const failure: unknown = await fc
    .assert(property(naive, unseen(), harmless), { numRuns: 2_000, endOnFailure: true })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ message: expect.stringContaining("Property failed") as string });
  expect(String((failure as Error).cause)).toMatch(
    /A refresh token was used twice|A newer token was overwritten/u,
  );
}, 120_000);
