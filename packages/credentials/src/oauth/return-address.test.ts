import { calculatePKCECodeChallenge, generateRandomCodeVerifier } from "oauth4webapi";
import { describe, expect, it } from "vitest";
import {
  ada,
  bob,
  callbackUrl,
  failure,
  grant,
  pageFor,
  tokenRequests,
  visit,
  type WorldOptions,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { issuerCallbackUrl } from "./return-address.ts";

const { world } = opened();

/** An issuer that does not name itself in its answers. */
const unnamed = {
  iss: "missing",
  alterMetadata: ({
    authorization_response_iss_parameter_supported: _named,
    ...document
  }: object & {
    readonly authorization_response_iss_parameter_supported?: unknown;
  }) => document,
} as const;

it("gives each issuer an address that it has in every process and shares with nobody", async () => {
  const at = async (issuer: string) => (await issuerCallbackUrl(callbackUrl, issuer)).href;
  expect(await at("https://one.example")).toBe(await at("https://one.example"));
  expect(await at("https://one.example")).toMatch(/^http:\/\/127\.0\.0\.1:4711\/callback\/[\w-]{22}$/u);
  expect(await at("https://one.example")).not.toBe(await at("https://one.example/"));
});

it("takes the whole URL of a callback, and nothing less", async () => {
  const there = await world();
  const { searchParams } = await visit(await pageFor(there), "ada");
  const finishing = there.provider.finishAuthorization({ callback: searchParams as never, principal: ada });
  const error = await failure(finishing);
  expect([error.code, error.message]).toEqual(["ARGUMENT_INVALID", expect.stringContaining("whole URL")]);
});

describe("a mix-up (RFC 9700, section 4.4)", () => {
  it("sends no code of one issuer to another, where neither names itself", async () => {
    const good = await world({ issuer: unnamed });
    const evil = await world({ issuer: unnamed });
    const eves = await pageFor(good, bob);
    const adas = await pageFor(evil, ada);
    // The evil issuer sends Ada's browser on to the good one, with the client id and the address that Eve has read.
    const on = new URL(eves);
    on.searchParams.set("state", adas.searchParams.get("state") ?? "");
    on.searchParams.set("code_challenge", await calculatePKCECodeChallenge(generateRandomCodeVerifier()));
    const callback = await visit(on, "ada");
    expect(callback.searchParams.get("code")).not.toBeNull();
    const error = await failure(evil.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(tokenRequests(evil, "authorization_code")).toBe(0);
  });

  it("has the good issuer refuse the address of the evil one", async () => {
    const good = await world({ issuer: unnamed });
    const evil = await world({ issuer: unnamed });
    const on = await pageFor(good, bob);
    const adas = await pageFor(evil, ada);
    for (const name of ["state", "redirect_uri"])
      on.searchParams.set(name, adas.searchParams.get(name) ?? "");
    expect((await visit(on, "ada")).href).toBe("about:blank");
  });
});

describe("a mix-up with the host's client metadata document, which lists one set of addresses for all issuers", () => {
  const clientMetadataUrl = "https://host.example/oauth/client.json";

  /** An honest issuer that does not name itself, and a hostile one; the document lists what the honest one is sent. */
  async function met(evilIssuer: NonNullable<WorldOptions["issuer"]> = {}) {
    const lists = [callbackUrl.href];
    const fetch = async () =>
      Response.json({
        client_id: clientMetadataUrl,
        redirect_uris: lists,
        token_endpoint_auth_method: "none",
        grant_types: ["authorization_code", "refresh_token"],
      });
    const good = await world({ issuer: { ...unnamed, fetch }, oauth: { clientMetadataUrl } });
    const evil = await world({ issuer: { ...evilIssuer, fetch }, oauth: { clientMetadataUrl } });
    lists.push((await issuerCallbackUrl(callbackUrl, good.issuer.issuer.origin)).href);
    return { good, evil, lists };
  }

  it("leaves the honest issuer usable, with an address of its own", async () => {
    const { good, lists } = await met();
    const page = await pageFor(good);
    expect(page.searchParams.get("client_id")).toBe(clientMetadataUrl);
    expect(page.searchParams.get("redirect_uri")).toBe(lists[1]);
    await grant(good);
    expect(tokenRequests(good, "authorization_code")).toBe(1);
  });

  it.each([
    ["names itself nowhere", unnamed],
    ["claims to name itself", {}],
  ])(
    "sends no code of the honest issuer to one that %s, whichever address it sends people on with",
    async (_, evilIssuer) => {
      const { good, evil, lists } = await met(evilIssuer);
      const adas = await pageFor(evil, ada);
      expect(lists).toHaveLength(2);
      for (const address of lists) {
        const on = await pageFor(good, bob);
        on.searchParams.set("state", adas.searchParams.get("state") ?? "");
        on.searchParams.set("redirect_uri", address);
        const callback = await visit(on, "ada");
        expect(callback.searchParams.get("code")).not.toBeNull();
        expect(callback.pathname).toBe(new URL(address).pathname);
        const error = await failure(evil.provider.finishAuthorization({ callback, principal: ada }));
        expect(error.code).toBe("CREDENTIAL_FAILED");
      }
      expect(tokenRequests(evil, "authorization_code")).toBe(0);
    },
  );
});

describe("a client that was registered with the plain callback URL", () => {
  const client = {
    client_id: "app",
    redirect_uris: [callbackUrl.href],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  } as const;
  const plain = { client: { id: "app", redirectUrl: callbackUrl } };

  it("is used where the issuer names itself", async () => {
    const there = await world({ issuer: { clients: [client] }, oauth: plain });
    expect((await pageFor(there)).searchParams.get("redirect_uri")).toBe(callbackUrl.href);
    await grant(there);
    expect(tokenRequests(there, "authorization_code")).toBe(1);
  });

  it("has an answer refused that does not say whose it is", async () => {
    const there = await world({ issuer: { ...unnamed, clients: [client] }, oauth: plain });
    const callback = await visit(await pageFor(there), "ada");
    const error = await failure(there.provider.finishAuthorization({ callback, principal: ada }));
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(tokenRequests(there, "authorization_code")).toBe(0);
  });
});
