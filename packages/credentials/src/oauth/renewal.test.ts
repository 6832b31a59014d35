import { expect, it, vi } from "vitest";
import {
  ada,
  call,
  failure,
  grant,
  refOf,
  requestOf,
  secondProcess,
  tokenRequests,
  type World,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { oauth } from "../oauth.ts";

const { keep, world } = opened();

const hour = 3_600_000;

/** Lets the next token request be answered by a proxy that has lost its issuer. */
function breakOnce({ issuer }: World): void {
  issuer.faults.add(
    { kind: "answer", status: 502, body: "<html>Bad gateway" },
    { endpoint: "token", times: 1 },
  );
}

it("leaves a grant alone that is used elsewhere, by a definition of the same name", async () => {
  const [there, other] = [await world(), await world()];
  await grant(there);
  const second = keep(secondProcess(there));
  await there.clock.advance(hour + 1);
  const moved = { ...requestOf(there), server: refOf(other.server.url) };
  expect(await second.resolve(moved)).toBeUndefined();
  expect(there.issuer.requests.filter(({ grantType }) => grantType === "refresh_token")).toEqual([]);
  const { challenge } = await call(other, {});
  // What was granted there is not asked for here.
  const error = await failure(second.resolve({ ...moved, rejected: challenge ? { challenge } : {} }));
  expect(error.authorizationUrl?.origin).toBe(other.issuer.issuer.origin);
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
  expect(tokenRequests(there, "refresh_token")).toBe(1);
});

it.each([
  ["names no issuer", []],
  ["names another one", ["https://another.example"]],
])("keeps a grant through a time in which the server's metadata %s", async (_, issuers) => {
  let isOdd = false;
  const alterMetadata = (document: Readonly<Record<string, unknown>>) =>
    isOdd ? { ...document, authorization_servers: issuers } : document;
  const there = await world({ server: { alterMetadata } });
  await grant(there);
  isOdd = true;
  await there.clock.advance(hour + 1);
  const meanwhile = Promise.resolve(there.provider.resolve(requestOf(there)));
  if (issuers.length === 0) expect(await meanwhile).toBeDefined();
  else {
    await failure(meanwhile);
    expect(tokenRequests(there, "refresh_token")).toBe(0);
  }
  isOdd = false;
  await there.clock.advance(hour + 1);
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
});

it("makes a refresh again whose answer was lost, where the issuer has shown that it does not rotate", async () => {
  const there = await world({ issuer: { rotate: false } });
  await grant(there);
  await there.clock.advance(hour + 1);
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
  await there.clock.advance(hour + 1);
  breakOnce(there);
  expect(await failure(there.provider.resolve(requestOf(there)))).toMatchObject({
    code: "CREDENTIAL_FAILED",
    retryable: true,
  });
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
});

it("makes one again for as long as the host declares that the issuer takes it", async () => {
  const refreshGraceMs = 30_000;
  const there = await world({ issuer: { refreshGraceMs }, oauth: { refreshGraceMs } });
  await grant(there);
  await there.clock.advance(hour + 1);
  breakOnce(there);
  expect(await failure(there.provider.resolve(requestOf(there)))).toMatchObject({
    code: "CREDENTIAL_FAILED",
  });
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
  for (const wrong of [-1, 0.5, Number.NaN, Infinity])
    expect(() => oauth({ refreshGraceMs: wrong })).toThrow("CONFIG_INVALID");
});

it("asks the person where a refresh token may have been used and nothing says that it may be again", async () => {
  const there = await world();
  await grant(there);
  await there.clock.advance(hour + 1);
  breakOnce(there);
  expect(await failure(there.provider.resolve(requestOf(there)))).toMatchObject({
    code: "AUTHORIZATION_REQUIRED",
  });
  expect(tokenRequests(there, "refresh_token")).toBe(1);
});

it("does not wait at its close for a refresh that has sent nothing, and loses nothing", async () => {
  const there = await world();
  await grant(there);
  let hangs = 0;
  const provider = oauth().bind({
    ...there.dependencies,
    fetch: async (input, init) => {
      if (String(input).includes(".well-known")) return new Promise(() => hangs++);
      return there.dependencies.fetch(input, init);
    },
  });
  await there.clock.advance(hour + 1);
  const waiting = failure(provider.resolve(requestOf(there, ada)));
  await vi.waitFor(() => expect(hangs).toBe(1));
  // On a clock that stands still, what waited for a deadline would wait for ever.
  await provider.close();
  expect((await waiting).code).toBe("CLOSED");
  expect(tokenRequests(there, "refresh_token")).toBe(0);
  expect(await there.provider.resolve(requestOf(there))).toBeDefined();
});
