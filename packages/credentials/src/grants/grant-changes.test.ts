import { TenantryError, type Sealer } from "@tenantry/core";
import { describe, expect, test } from "vitest";
import { failure } from "../../test/fixture.ts";
import { spoil } from "../../test/flow-fixture.ts";
import { hour, key, setUp, text } from "../../test/grants-fixture.ts";
import { Grants, type Grant } from "../grants.ts";

const away = (delivery: "unsent" | "unknown") =>
  new TenantryError("STORE_UNAVAILABLE", "The store is away; try again.", { retryable: true, delivery });

describe("a grant that is put", () => {
  test("is not kept where what is there stays", async () => {
    const { grants, issuer } = setUp();
    const [first, second] = [issuer.grant(), issuer.grant()];
    expect((await grants.put(key, first, { stays: () => true })).grant.subject).toBe(first.subject);
    const put = await grants.put(key, second, { stays: ({ subject }) => subject === first.subject });
    expect([put.grant.subject, put.replaced]).toEqual([first.subject, undefined]);
    expect(text(await grants.stored(key))).toBe(text(first));
  });

  test.for([true, false])(
    "is looked for where the store does not say whether it is there (%s)",
    async (isThere) => {
      const { start, store, issuer } = setUp({
        spoil: (own) =>
          spoil(own, {
            credentials: {
              async put(...given) {
                if (isThere) await own.credentials.put(...given);
                throw away("unknown");
              },
            },
          }),
      });
      const grants = start();
      const grant = issuer.grant();
      const putting = grants.put(key, grant);
      if (isThere) expect((await putting).grant.subject).toBe(grant.subject);
      else expect(await failure(putting)).toMatchObject({ code: "STORE_UNAVAILABLE", delivery: "unsent" });
      expect((await store.credentials.get(key)) !== undefined).toBe(isThere);
    },
  );
});

describe("a grant that is taken", () => {
  test("is gone before it is opened, whatever its seal does", async () => {
    const { grants, store, sealer, clock, issuer } = setUp();
    await grants.put(key, issuer.grant());
    const stuck: Sealer = { ...sealer, open: () => new Promise<never>(() => {}) };
    await using process = new Grants({ store, sealer: stuck, clock });
    expect(await process.take(key)).toBeDefined();
    expect(await store.credentials.get(key)).toBeUndefined();
    expect(await process.take(key)).toBeUndefined();
  });

  test("is given where the store does not say that it is gone", async () => {
    const { start, issuer } = setUp({
      spoil: (own) =>
        spoil(own, {
          credentials: {
            async delete(...given) {
              await own.credentials.delete(...given);
              throw away("unknown");
            },
          },
        }),
    });
    const grants = start();
    const grant = issuer.grant();
    await grants.put(key, grant);
    expect(text(await (await grants.take(key))?.open())).toBe(text(grant));
  });
});

describe("what a refresh brings for nobody", () => {
  /** What is told of the tokens of a refresh during which `change` is done to the row. */
  async function toldOf(change: (grants: Grants, before: Grant, another: Grant) => Promise<unknown>) {
    const { store, sealer, clock, issuer, send } = setUp();
    const told: [Grant, Grant | undefined][] = [];
    const surplus = (...given: [Grant, Grant | undefined]) => void told.push(given);
    await using grants = new Grants({ store, sealer, clock, surplus });
    const before = issuer.grant();
    await grants.put(key, before);
    clock.pass(hour);
    let isChanged = false;
    await Promise.resolve(
      grants.fresh(key, {
        async send(grant, signal) {
          const answer = await send(grant, signal);
          if (!isChanged) await change(grants, before, issuer.grant());
          isChanged = true;
          return answer;
        },
      }),
    );
    return { told, before };
  }

  test("is told where the grant was removed, or another one put", async () => {
    const removed = await toldOf((grants) => grants.remove(key));
    expect(removed.told.map(([grant, there]) => [grant.subject, there])).toEqual([
      [removed.before.subject, undefined],
    ]);
    expect(text(removed.told[0]?.[0])).not.toBe(text(removed.before));
    let put: Grant | undefined;
    const replaced = await toldOf((grants, _before, another) => grants.put(key, (put = another)));
    expect(replaced.told.map(([, there]) => there?.subject)).toEqual([put?.subject]);
  });

  test("is not told where the same grant was refreshed by somebody else: its tokens would end with these", async () => {
    const { told } = await toldOf((grants, { subject }, another) => grants.put(key, { ...another, subject }));
    expect(told).toEqual([]);
  });
});
