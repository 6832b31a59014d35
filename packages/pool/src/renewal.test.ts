import { expect, it } from "vitest";
import { TenantryError, type CredentialRequest, type Scope } from "@tenantry/core";
import {
  credentialOf,
  failure,
  fakeProvider,
  gate,
  settle,
  userScope,
  type FakeConnection,
} from "../test/fake-connector.ts";
import { startPool } from "../test/start-pool.ts";
import { Renewal } from "./renewal.ts";

const refusal = failure({ delivery: "refused", recover: "reauthorize" });
const challenge = { scheme: "Bearer", parameters: {} };

function askedBy(provider: ReturnType<typeof fakeProvider>) {
  return provider.requests.flatMap(({ rejected }) => (rejected === undefined ? [] : [rejected]));
}

it("asks once for another credential when ten calls are refused together, and adopts it once", async () => {
  const { run, fake } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  provider.renew = () => credentialOf("s", "2");
  const work = async (connection: FakeConnection) => {
    const sent = connection.generations.at(-1);
    await settle();
    if (sent === "1") throw failure({ delivery: "refused", recover: "reauthorize", challenge });
    return connection;
  };
  const seen = await Promise.all(Array.from({ length: 10 }, () => run(work, { provider })));
  expect(new Set(seen)).toEqual(new Set([fake.connections[0]]));
  expect(fake.connections[0]?.generations).toEqual(["1", "2"]);
  expect(askedBy(provider)).toEqual([{ generation: "1", challenge }]);
});

it("throws the original error when there is no other credential, having asked once for all that were refused together", async () => {
  const { run } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  let sent = 0;
  const work = () => (sent++, settle().then(() => Promise.reject(refusal)));
  const together = Array.from({ length: 10 }, () => run(work, { provider }));
  for (const call of together) await expect(call).rejects.toBe(refusal);
  expect(askedBy(provider)).toHaveLength(1);
  await expect(run(work, { provider })).rejects.toBe(refusal);
  expect(askedBy(provider)).toHaveLength(2);
  expect(sent).toBe(11);
});

it("gives what was renewed to a call that was refused earlier and comes late", async () => {
  const { run } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  provider.renew = () => credentialOf("s", "2");
  const late = gate();
  const work = (until: Promise<unknown>) => async (connection: FakeConnection, attempt: number) => {
    if (attempt === 2) return connection.generations.at(-1);
    await until;
    throw refusal;
  };
  const slow = run(work(late.promise), { provider });
  await settle();
  expect(await run(work(settle()), { provider })).toBe("2");
  late.resolve();
  expect(await slow).toBe("2");
  expect(askedBy(provider)).toHaveLength(1);
});

it.each(["user", "everyone"] as const)(
  "asks again where what was renewed is itself refused later, though the provider gives the old one first (%s)",
  async (share) => {
    const { run, fake } = startPool();
    let accepted = "1";
    const asked: unknown[] = [];
    const provider = {
      async resolve({ rejected }: CredentialRequest) {
        if (rejected !== undefined) asked.push(rejected.generation);
        return credentialOf("s", rejected === undefined ? "1" : accepted);
      },
    };
    const scope: Scope = share === "user" ? userScope("ada") : { share };
    const work = async (connection: FakeConnection) => {
      const sent = connection.generations.at(-1);
      if (sent !== accepted) throw refusal;
      return sent;
    };
    for (accepted of ["1", "2", "2", "3", "4"]) expect(await run(work, { scope, provider })).toBe(accepted);
    expect(fake.connections).toHaveLength(1);
    expect(asked).toEqual(["1", "1", "1", "1"]);
  },
);

it("names no generation where a request without a credential was refused", async () => {
  const { run } = startPool();
  const provider = fakeProvider(undefined);
  provider.renew = () => credentialOf("s", "1");
  const work = async (connection: FakeConnection) => {
    if (connection.opening.credential === undefined)
      throw failure({ delivery: "refused", recover: "reauthorize", challenge });
  };
  await run(work, { provider });
  expect(provider.requests.at(-1)?.rejected).toEqual({ challenge });
});

it("takes another connection when the refused subject is replaced by another, each call by its own context", async () => {
  const { run } = startPool();
  const asked: unknown[] = [];
  const provider = {
    async resolve({ rejected, context }: CredentialRequest) {
      if (rejected === undefined) return credentialOf("s", "1");
      asked.push(context["who"]);
      return credentialOf(`fallback of ${String(context["who"])}`, "1");
    },
  };
  const work = async (connection: FakeConnection) => {
    await settle();
    if (connection.opening.credential?.subject === "s") throw refusal;
    return connection.opening.credential?.subject;
  };
  const calls = ["a", "b"].map((who) => run(work, { provider, context: { who } }));
  expect(await Promise.all(calls)).toEqual(["fallback of a", "fallback of b"]);
  expect(asked).toEqual(["a", "b"]);
});

it("hears the provider's own error when no other credential can be had, and asks again the next time", async () => {
  const { run } = startPool();
  const provider = fakeProvider(credentialOf("s", "1"));
  const needed = failure({ slot: "authorization" });
  provider.renew = () => {
    throw needed;
  };
  for (let call = 0; call < 2; call++)
    await expect(run(() => Promise.reject(refusal), { provider })).rejects.toBe(needed);
  expect(provider.requests).toHaveLength(4);
});

it("asks for each generation that is refused, whatever is asked for another meanwhile", async () => {
  const renewal = new Renewal<{ readonly order: number }>();
  const answers = [gate(), gate()];
  const asked: string[] = [];
  const join = (generation: string, order: number) =>
    renewal.join(
      { generation, order },
      async () => {
        await answers[asked.push(generation) - 1]?.promise;
        return { order: order + 10 };
      },
      undefined,
    );
  const renewals = [join("1", 1), join("2", 2), join("2", 2)];
  for (const { resolve } of answers) resolve();
  expect((await Promise.all(renewals)).map(({ own }) => own)).toEqual([true, true, false]);
  expect(asked).toEqual(["1", "2"]);
});

it("tells the provider which generation was sent, though its caller has waited since with an older one", async () => {
  const { run } = startPool({ maxCallsPerConnection: 1 });
  const provider = fakeProvider(credentialOf("s", "1"));
  const first = gate();
  const hanging = run(() => first.promise, { provider });
  await settle();
  const sent: (string | undefined)[] = [];
  const waiting = run(
    async ({ generations }, attempt) => {
      sent.push(generations.at(-1));
      if (attempt === 1) throw refusal;
    },
    { provider },
  );
  await settle();
  provider.current = credentialOf("s", "2");
  const adopting = run(async () => {}, { provider });
  await settle();
  provider.renew = () => credentialOf("s", "3");
  first.resolve();
  await Promise.all([hanging, waiting, adopting]);
  expect(sent).toEqual(["2", "3"]);
  expect(askedBy(provider)).toEqual([{ generation: "2" }]);
});

it("is waited for by whoever would be held back with the refused credential", async () => {
  const { run } = startPool({ breakerThreshold: 1 });
  const renewed = gate();
  const provider = {
    async resolve({ rejected }: CredentialRequest) {
      if (rejected === undefined) return credentialOf("s", "1");
      await renewed.promise;
      return credentialOf("s", "2");
    },
  };
  const work = async ({ generations }: FakeConnection) => {
    const sent = generations.at(-1);
    if (sent === "1")
      throw new TenantryError("UNAUTHORIZED", "no", {
        delivery: "refused",
        recover: "reauthorize",
        status: 401,
      });
    return sent;
  };
  const refused = run(work, { provider });
  await settle();
  const heldBack = run(work, { provider });
  await settle();
  renewed.resolve();
  expect(await Promise.all([refused, heldBack])).toEqual(["2", "2"]);
});
