import { TenantryError, type CredentialStore } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import { finish, halt, liveTokens, person, spoil, wantMore } from "../../test/flow-fixture.ts";
import {
  call,
  failure,
  grant,
  headersFor,
  pageFor,
  tokenRequests,
  visit,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";

const { world, elsewhere } = opened();
const rowsOf = async ({ store }: World) => (await store.credentials.scan()).rows;

/** A process whose first write of a grant stops, before it is done or when it is. */
function slowWriter(there: World, when: "before" | "after", failing = false) {
  const { stop, ...halted } = halt();
  const own = there.store.credentials;
  const over = Promise.withResolvers<void>();
  let puts = 0;
  const put: CredentialStore["credentials"]["put"] = async (...given) => {
    if (++puts > 1) return own.put(...given);
    try {
      if (when === "before") await stop();
      const version = await own.put(...given);
      if (when === "after") await stop();
      return version;
    } catch (failure) {
      throw failing ? new TenantryError("STORE_UNAVAILABLE", "Away.", { delivery: "unknown" }) : failure;
    } finally {
      over.resolve();
    }
  };
  return {
    ...halted,
    process: elsewhere(there, { store: spoil(there.store, { credentials: { put } }) }),
    over: over.promise,
  };
}

/** Calls a few times, which takes longer than whatever follows from a write that comes late. */
async function callOften(there: World): Promise<void> {
  for (let times = 0; times < 10; times++)
    expect((await call(there, await headersFor(there))).status).toBe(200);
}

describe("a grant that the store writes when nobody waits any more", () => {
  it.each([
    ["before", false],
    ["after", false],
    ["before", true],
  ] as const)("takes nothing from who has finished it again (%s, failing: %j)", async (when, failing) => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const { process, reached, goOn, over } = slowWriter(there, when, failing);
    const waiting = failure(finish(process, callback));
    await reached;
    await there.clock.advance(15_000);
    expect((await waiting).code).toBe("TIMEOUT");
    await finish(process, callback);
    goOn();
    await over;
    await callOften(there);
    expect(await rowsOf(there)).toHaveLength(1);
  });

  it("brings nobody back who has finished it again, and disconnected then", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const { process, reached, goOn, over } = slowWriter(there, "before");
    const waiting = failure(finish(process, callback));
    await reached;
    await there.clock.advance(15_000);
    await waiting;
    await finish(process, callback);
    await there.provider.disconnect(person(there));
    goOn();
    await over;
    await vi.waitFor(async () => expect(await rowsOf(there)).toEqual([]));
    expect(liveTokens(there)).toEqual([]);
  });

  it("brings nobody back who has disconnected, when the flow's own time is over too", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const { process, reached, goOn, over } = slowWriter(there, "before");
    const waiting = failure(finish(process, callback));
    await reached;
    await there.clock.advance(15_000);
    await waiting;
    await there.provider.disconnect(person(there));
    await there.clock.advance(700_000);
    goOn();
    await over;
    await vi.waitFor(() => expect(liveTokens(there)).toEqual([]));
    expect(await rowsOf(there)).toEqual([]);
  });

  it("brings nobody back who has disconnected, when its process has closed too", async () => {
    const there = await world();
    const callback = await visit(await pageFor(there), "ada");
    const { process, reached, goOn, over } = slowWriter(there, "before");
    const waiting = failure(finish(process, callback));
    await reached;
    await there.clock.advance(15_000);
    await waiting;
    await there.provider.disconnect(person(there));
    await process.provider.close();
    goOn();
    await over;
    await vi.waitFor(async () => expect(await rowsOf(there)).toEqual([]));
    expect(liveTokens(there)).toEqual([]);
  });

  it("stays where it is in place of an older one, whose person has not disconnected", async () => {
    const there = await world();
    await grant(there);
    const callback = await visit(await wantMore(there, "more"), "ada");
    const { process, reached, goOn, over } = slowWriter(there, "before");
    const waiting = failure(finish(process, callback));
    await reached;
    await there.clock.advance(15_000);
    await waiting;
    await there.clock.advance(700_000);
    goOn();
    await over;
    await callOften(there);
  });
});

it("brings nobody back who disconnects while a grant is written, after the page's time and before that of finishing", async () => {
  const there = await world();
  const page = await pageFor(there);
  await there.clock.advance(595_000);
  const callback = await visit(page, "ada");
  const { process, reached, goOn } = slowWriter(there, "before");
  const waiting = failure(finish(process, callback));
  await reached;
  await there.clock.advance(10_000);
  await there.provider.disconnect(person(there));
  goOn();
  expect((await waiting).code).toBe("ARGUMENT_INVALID");
  expect(await rowsOf(there)).toEqual([]);
  expect(liveTokens(there)).toEqual([]);
});

it("finishes what goes on past the page's time, which nobody has ended", async () => {
  const there = await world();
  const page = await pageFor(there);
  await there.clock.advance(595_000);
  const callback = await visit(page, "ada");
  const { process, reached, goOn } = slowWriter(there, "before");
  const finishing = finish(process, callback);
  await reached;
  await there.clock.advance(10_000);
  goOn();
  await finishing;
  expect((await call(there, await headersFor(there))).status).toBe(200);
});

it("keeps what is left for later from a callback that comes twice at the same time", async () => {
  const there = await world();
  const callback = await visit(await pageFor(there), "ada");
  const [writing, looking] = [halt(), halt()];
  const trouble = { isOver: false, isSlow: false };
  const store = spoil(there.store, {
    credentials: {
      async put(...given) {
        if (trouble.isOver) return there.store.credentials.put(...given);
        await writing.stop();
        throw new TenantryError("STORE_UNAVAILABLE", "Away.", { retryable: true, delivery: "unsent" });
      },
    },
    flows: {
      async list(...given) {
        const page = await there.store.flows.list(...given);
        if (trouble.isSlow) await looking.stop();
        return page;
      },
    },
  });
  const process = elsewhere(there, { store });
  const first = failure(finish(process, callback));
  await writing.reached;
  trouble.isSlow = true;
  const second = failure(finish(process, callback));
  await looking.reached;
  writing.goOn();
  expect(await first).toMatchObject({ retryable: true });
  looking.goOn();
  expect((await second).code).toBe("ARGUMENT_INVALID");
  Object.assign(trouble, { isOver: true, isSlow: false });
  await finish(process, callback);
  expect(tokenRequests(there, "authorization_code")).toBe(1);
  expect((await call(there, await headersFor(there))).status).toBe(200);
});
