import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { secret, TenantryError, type Sealer } from "@tenantry/core";
import { describe, expect, test } from "vitest";
import { failure, handClock, thrown } from "../../test/fixture.ts";
import { sealWithKeys, sealWithKeyService, type KeyService } from "../index.ts";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { sealedFor } from "./sealed-row.ts";

const owner = ["value", "server", "github", "user", "ada", "workspace", "acme"];
const key = () => randomBytes(32).toString("base64");
const text = "gho_adas-own-token";

/** A service that wraps by exclusive or, and counts. */
function service() {
  const pad = randomBytes(32);
  const mask = (bytes: Uint8Array) => bytes.map((byte, at) => byte ^ (pad[at] ?? 0));
  const asked: string[] = [];
  const own: KeyService = {
    wrap: async (raw, { keyId }) => (asked.push(`wrap ${keyId}`), mask(raw)),
    unwrap: async (wrapped, { keyId }) => (asked.push(`unwrap ${keyId}`), mask(wrapped)),
  };
  return { asked, service: own };
}

const sealers: readonly (readonly [string, () => Sealer])[] = [
  ["keys", () => sealWithKeys({ current: "a", keys: { a: key() } })],
  ["a key service", () => sealWithKeyService(service().service)],
];

describe.for(sealers)("a sealer with %s", ([, make]) => {
  test.for(["", "x", text, "\ufeffwith a mark", "snow ☃ 🌨", "\0", "y".repeat(100_000)])(
    "opens what it has sealed (%#)",
    async (value) => {
      const sealer = make();
      const envelope = await sealer.seal(secret(value), owner);
      expect(envelope).toMatch(/^[\w-]+$/u);
      expect((await sealer.open(envelope, owner)).reveal()).toBe(value);
      expect(sealer.isStale(envelope)).toBe(false);
    },
  );

  test("never seals twice alike", async () => {
    const sealer = make();
    const envelopes = await Promise.all(Array.from({ length: 50 }, () => sealer.seal(secret(text), owner)));
    expect(new Set(envelopes).size).toBe(50);
  });

  test("detects every changed character, every flipped bit and every cut", async () => {
    const sealer = make();
    const envelope = await sealer.seal(secret(text), owner);
    const bytes = fromBase64url(envelope) as Uint8Array;
    const flipped = [...bytes].flatMap((_, at) =>
      Array.from({ length: 8 }, (_, bit) => toBase64url(bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit)))),
    );
    const characters = [...envelope].map(
      (old, at) => envelope.slice(0, at) + (old === "A" ? "B" : "A") + envelope.slice(at + 1),
    );
    const cut = [...envelope].map((_, at) => envelope.slice(0, at));
    const added = [`${envelope}A`, `${envelope}=`, ` ${envelope}`, `${envelope}\n`, envelope + envelope];
    for (const changed of [...flipped, ...characters, ...cut, ...added, null as never, 7 as never, "☃"]) {
      const error = await failure(sealer.open(changed, owner));
      expect(error).toBeInstanceOf(TenantryError);
      expect(error).toMatchObject({ code: "SEAL_BROKEN" });
      expect(inspect(error, { showHidden: true })).not.toContain(text);
    }
  });

  test("opens no envelope in another row, whatever the names run together to", async () => {
    const sealer = make();
    const envelope = await sealer.seal(secret(text), owner);
    for (const other of [
      [],
      owner.slice(1),
      [...owner, ""],
      [...owner.slice(0, -1), "acme2"],
      [owner.join("")],
      ["grant", ...owner.slice(1)],
    ])
      expect(await failure(sealer.open(envelope, other))).toMatchObject({ code: "SEAL_BROKEN" });
  });

  test("opens nothing that a sealer with other keys has sealed", async () => {
    const envelope = await make().seal(secret(text), owner);
    expect(await failure(make().open(envelope, owner))).toMatchObject({ code: "SEAL_BROKEN" });
  });

  test("refuses what it could not give back", async () => {
    const sealer = make();
    expect(await failure(sealer.seal(secret("half \ud800"), owner))).toMatchObject({
      code: "CREDENTIAL_INVALID",
    });
    expect(await failure(sealer.seal(secret("y".repeat(524_289)), owner))).toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  });

  test("counts what is no envelope as stale, and shows no key", async () => {
    const sealer = make();
    for (const none of ["", "x", null as never]) expect(sealer.isStale(none)).toBe(true);
    expect(inspect(sealer, { depth: null, showHidden: true })).not.toMatch(/[\w+/]{43}=/u);
  });
});

test("the two kinds of sealers do not open each other's envelopes, and call them stale", async () => {
  const [one, other] = sealers.map(([, make]) => make()) as [Sealer, Sealer];
  for (const [from, to] of [[one, other] as const, [other, one] as const]) {
    const envelope = await from.seal(secret(text), owner);
    expect(to.isStale(envelope)).toBe(true);
    expect(await failure(to.open(envelope, owner))).toMatchObject({ code: "SEAL_BROKEN" });
  }
});

describe("sealWithKeys", () => {
  test("takes a key as bytes, base64, base64url, hex or a Secret, and they are one key", async () => {
    const bytes = randomBytes(32);
    const spellings = [bytes, new Uint8Array(bytes), secret(bytes.toString("hex"))].concat(
      (["base64", "base64url", "hex"] as const).map((how) => bytes.toString(how)) as never,
    );
    const envelope = await sealWithKeys({ current: "k", keys: { k: bytes } }).seal(secret(text), owner);
    for (const k of spellings)
      expect((await sealWithKeys({ current: "k", keys: { k } }).open(envelope, owner)).reveal()).toBe(text);
  });

  test("keeps a copy of its keys", async () => {
    const bytes = new Uint8Array(randomBytes(32));
    const same = sealWithKeys({ current: "k", keys: { k: bytes.slice() } });
    const keys = Object.freeze({ k: bytes });
    const sealer = sealWithKeys(Object.freeze({ current: "k", keys }));
    bytes.fill(0);
    expect((await same.open(await sealer.seal(secret(text), owner), owner)).reveal()).toBe(text);
  });

  test("opens with any listed key, seals with the current one, and misses one that was dropped", async () => {
    const [a, b] = [key(), key()];
    const before = sealWithKeys({ current: "a", keys: { a } });
    const both = sealWithKeys({ current: "b", keys: { a, b } });
    const after = sealWithKeys({ current: "b", keys: { b } });
    const [old, fresh] = [await before.seal(secret(text), owner), await both.seal(secret(text), owner)];
    expect([both.isStale(old), both.isStale(fresh)]).toEqual([true, false]);
    for (const envelope of [old, fresh]) expect((await both.open(envelope, owner)).reveal()).toBe(text);
    expect((await after.open(fresh, owner)).reveal()).toBe(text);
    expect(await failure(after.open(old, owner))).toMatchObject({
      code: "SEAL_BROKEN",
      message: expect.stringContaining('"a" is not in the keys') as string,
    });
    expect(await failure(sealWithKeys({ current: "a", keys: { a: b } }).open(old, owner))).toMatchObject({
      code: "SEAL_BROKEN",
    });
  });

  test.for([
    { current: "a", keys: {} },
    { current: "a", keys: { b: "K".repeat(43) } },
    { current: "a", keys: { a: "K".repeat(42) } },
    { current: "a", keys: { a: "s3cret passphrase of somebody" } },
    { current: "a", keys: { a: new Uint8Array(31) } },
    { current: "a", keys: { a: 7 as never } },
    { current: "a b", keys: { "a b": new Uint8Array(32) } },
    { current: "s3cret".repeat(8), keys: { ["s3cret".repeat(8)]: new Uint8Array(32) } },
  ])("refuses keys that are none, without showing them (%#)", (keys) => {
    const error = thrown(() => sealWithKeys(keys));
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect(inspect(error, { showHidden: true })).not.toMatch(/s3cret|KKK/u);
  });
});

describe("sealWithKeyService", () => {
  test("asks the service once for many seals, and again after so many or so long", async () => {
    const clock = handClock();
    const { asked, service: own } = service();
    const sealer = sealWithKeyService(own, {
      clock,
      keyId: "k1",
      limits: { maxSeals: 3, maxKeyAgeMs: 1_000 },
    });
    const seal = () => sealer.seal(secret(text), owner);
    await Promise.all([seal(), seal(), seal()]);
    // The service has to give a new key back before anything is sealed with it.
    expect(asked).toEqual(["wrap k1", "unwrap k1"]);
    const envelope = await seal();
    clock.pass(1_000);
    await seal();
    expect(asked).toEqual(Array(3).fill(["wrap k1", "unwrap k1"]).flat());
    await Promise.all([sealer.open(envelope, owner), sealer.open(envelope, owner)]);
    expect(asked.slice(6)).toEqual(["unwrap k1"]);
    clock.pass(1_000);
    await sealer.open(envelope, owner);
    expect(asked.slice(7)).toEqual(["unwrap k1"]);
  });

  test("calls envelopes of the service's earlier key stale, and opens them", async () => {
    const { asked, service: own } = service();
    const envelope = await sealWithKeyService(own, { keyId: "k1" }).seal(secret(text), owner);
    const next = sealWithKeyService(own, { keyId: "k2" });
    expect(next.isStale(envelope)).toBe(true);
    expect((await next.open(envelope, owner)).reveal()).toBe(text);
    expect(asked).toEqual(["wrap k1", "unwrap k1", "unwrap k1"]);
  });

  test("tells a refusal from trouble, and asks anew after trouble", async () => {
    const { service: own } = service();
    const envelope = await sealWithKeyService(own).seal(secret(text), owner);
    const cause = new Error("throttled");
    let fails = true;
    const troubled: KeyService = {
      wrap: (...args) => (fails ? Promise.reject(cause) : own.wrap(...args)),
      unwrap: (...args) => {
        if (fails) throw cause;
        return own.unwrap(...args);
      },
    };
    const sealer = sealWithKeyService(troubled);
    for (const call of [() => sealer.open(envelope, owner), () => sealer.seal(secret(text), owner)])
      expect(await failure(call())).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true, cause });
    fails = false;
    expect((await sealer.open(envelope, owner)).reveal()).toBe(text);
    expect((await sealer.open(await sealer.seal(secret(text), owner), owner)).reveal()).toBe(text);

    const refuses = sealWithKeyService({ ...own, unwrap: async () => undefined });
    expect(await failure(refuses.open(envelope, owner))).toMatchObject({
      code: "SEAL_BROKEN",
      retryable: false,
    });
    const lies = sealWithKeyService({ ...own, unwrap: async () => new Uint8Array(32) });
    expect(await failure(lies.open(envelope, owner))).toMatchObject({ code: "SEAL_BROKEN" });
    const short = sealWithKeyService({ ...own, unwrap: async () => new Uint8Array(31) });
    expect(await failure(short.open(envelope, owner))).toMatchObject({ code: "SEAL_BROKEN" });
    for (const wrapped of [new Uint8Array(), new Uint8Array(8_193), "x" as never])
      expect(
        await failure(sealWithKeyService({ ...own, wrap: async () => wrapped }).seal(secret(text), owner)),
      ).toMatchObject({
        code: "CONFIG_INVALID",
      });
  });

  test("seals nothing with a key that the service does not give back", async () => {
    const { service: own } = service();
    const first = await own.wrap(new Uint8Array(32).fill(1), {
      keyId: "k",
      signal: new AbortController().signal,
    });
    const lying = sealWithKeyService({ ...own, wrap: async () => first });
    expect(await failure(lying.seal(secret(text), owner))).toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("waits for the service no longer than it may take", async () => {
    const clock = handClock();
    let signal: AbortSignal | undefined;
    const hang: KeyService = {
      wrap: (_key, context) => ((signal = context.signal), new Promise(() => {})),
      unwrap: () => new Promise(() => {}),
    };
    const sealing = failure(sealWithKeyService(hang, { clock }).seal(secret(text), owner));
    clock.pass(10_000);
    expect(await sealing).toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
    expect(signal?.aborted).toBe(true);
    expect(clock.waiting).toBe(0);
  });

  test("refuses options that cannot be kept", () => {
    const { service: own } = service();
    for (const options of [{ keyId: "" }, { keyId: "a b" }, { limits: { maxSeals: 0 } }])
      expect(thrown(() => sealWithKeyService(own, options))).toMatchObject({ code: "CONFIG_INVALID" });
  });
});

test("a row's name tells absent parts from present ones, and the order of the parts does not matter", () => {
  const names = [
    { workspace: "w", server: "s", slot: "x" },
    { workspace: "w", user: "", server: "s", slot: "x" },
    { workspace: "w", user: "s", server: "", slot: "x" },
    { workspace: "w", session: "", server: "s", slot: "x" },
  ].map((key) => JSON.stringify(sealedFor("value", key)));
  expect(new Set(names).size).toBe(names.length);
  expect(sealedFor("k", { b: "2", a: "1", c: undefined })).toEqual(["k", "a", "1", "b", "2"]);
});
