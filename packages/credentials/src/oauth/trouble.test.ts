import { principalOf } from "@tenantry/core";
import { describe, expect, it, vi } from "vitest";
import {
  ada,
  bob,
  call,
  dependenciesOf,
  failure,
  pageFor,
  refusal,
  requestOf,
} from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { oauth, type OAuthOptions } from "../oauth.ts";

const { keep, world } = opened();

describe("trouble with metadata is not its absence", () => {
  /** A world whose metadata of servers is answered so, until it is told to be well. */
  async function ill(
    answer: (url: string) => Response | Promise<Response>,
    path = /oauth-protected-resource/u,
    options: OAuthOptions = {},
  ) {
    const there = await world();
    const state = { isIll: true, asked: 0 };
    const provider = keep(
      oauth(options).bind({
        ...there.dependencies,
        fetch: async (input, init) => {
          if (!path.test(String(input))) return there.dependencies.fetch(input, init);
          state.asked++;
          return state.isIll ? answer(String(input)) : there.dependencies.fetch(input, init);
        },
      }),
    );
    return { ...there, provider, state };
  }

  it.each([400, 401, 403, 429, 500, 502, 503])(
    "takes no HTTP %i for a server without metadata, and is well again seconds later",
    async (status) => {
      const there = await ill(() => new Response("slow down", { status, headers: { "retry-after": "7" } }));
      const error = await refusal(there);
      expect(error).toMatchObject({ code: "CREDENTIAL_FAILED", status });
      if (status === 429 || status >= 500)
        expect(error).toMatchObject({ retryable: true, retryAfterMs: 7_000 });
      expect(there.issuer.requests).toEqual([]);
      there.state.isIll = false;
      // Nothing is asked again meanwhile, whoever wants it.
      const { asked } = there.state;
      for (let polls = 0; polls < 50; polls++) await refusal(there, bob);
      expect(there.state.asked).toBe(asked);
      await there.clock.advance(7_000);
      expect((await refusal(there, bob)).authorizationUrl?.origin).toBe(there.issuer.issuer.origin);
    },
  );

  it.each([401, 403, 429])("guesses no endpoints for an issuer that answers with HTTP %i", async (status) => {
    const there = await ill(() => new Response("no", { status }), /oauth-authorization-server|openid/u);
    expect(await refusal(there)).toMatchObject({ code: "CREDENTIAL_FAILED", status });
  });

  it("goes on past a page that answers every path, and not past a document that says something else", async () => {
    const page: Awaited<ReturnType<typeof ill>> = await ill((url) => {
      if (new URL(url).pathname !== "/.well-known/oauth-protected-resource")
        return new Response("<html>Welcome</html>");
      const { server, issuer } = page;
      return Response.json({ resource: server.url.href, authorization_servers: [issuer.issuer.origin] });
    });
    const error = await refusal(page);
    expect(error.authorizationUrl?.origin).toBe(page.issuer.issuer.origin);
    const other = await ill(() => Response.json({ hello: "world" }));
    expect((await refusal(other)).code).toBe("CREDENTIAL_FAILED");
  });

  it("takes a document that the host has named and that is not there for trouble", async () => {
    const resourceMetadataUrl = "http://127.0.0.1:1/oauth-protected-resource";
    const there = await ill(() => new Response("", { status: 404 }), undefined, { resourceMetadataUrl });
    expect(await refusal(there)).toMatchObject({ code: "CREDENTIAL_FAILED", status: 404 });
  });

  it("guesses endpoints at the server's own origin only", async () => {
    const there = await world({ server: { metadata: "none" } });
    const issuer = `${there.issuer.issuer.origin}/tenant`;
    const provider = keep(
      oauth({ issuer, client: { id: "host", secret: "host-secret" } }).bind(there.dependencies),
    );
    const error = await refusal({ ...there, provider });
    expect(error.code).toBe("CREDENTIAL_FAILED");
    expect(error.authorizationUrl).toBeUndefined();
  });

  it("lets nobody suffer from the challenge that somebody else got", async () => {
    const there = await world();
    const { challenge } = await call(there, {});
    const parameters = {
      ...challenge?.parameters,
      resource_metadata: "http://internal.example:8080/metadata",
    };
    const lie = { challenge: { scheme: "Bearer", parameters } };
    const [ada1, bob1] = await Promise.all([
      failure(there.provider.resolve(requestOf(there, ada, lie))),
      refusal(there, bob),
    ]);
    expect(ada1.code).toBe("ADDRESS_REFUSED");
    expect(bob1.code).toBe("AUTHORIZATION_REQUIRED");
    const globex = principalOf({ workspace: "globex", user: "bob" });
    expect((await failure(there.provider.resolve(requestOf(there, globex)))).code).toBe(
      "AUTHORIZATION_REQUIRED",
    );
  });

  it("forgets a challenge that led nowhere", async () => {
    const there = await world();
    const lie = { challenge: { scheme: "Bearer", parameters: { resource_metadata: "file:///etc/passwd" } } };
    expect((await failure(there.provider.resolve(requestOf(there, ada, lie)))).code).toBe("ADDRESS_REFUSED");
    // The next request goes without, and hears for itself what the server wants.
    expect(await there.provider.resolve(requestOf(there, bob))).toBeUndefined();
  });
});

describe("registration", () => {
  it("is not asked for again while the issuer wants to be left alone, and says for how long", async () => {
    const there = await world();
    there.issuer.faults.add(
      { kind: "answer", status: 429, headers: { "retry-after": "120" } },
      { endpoint: "register" },
    );
    for (let polls = 0; polls < 50; polls++)
      expect(await refusal(there)).toMatchObject({ retryable: true, retryAfterMs: 120_000 });
    expect(there.issuer.requests.filter(({ endpoint }) => endpoint === "register")).toHaveLength(1);
  });

  it("is made once, however many callers stop waiting for it", async () => {
    const there = await world();
    there.issuer.faults.add({ kind: "delay", ms: 200 }, { endpoint: "register" });
    const { challenge } = await call(there, {});
    const registrations = () => there.issuer.requests.filter(({ endpoint }) => endpoint === "register");
    for (let calls = 0; calls < 5; calls++) {
      const impatient = new AbortController();
      const request = { ...requestOf(there, ada, challenge ? { challenge } : {}), signal: impatient.signal };
      const refused = (async () => there.provider.resolve(request))();
      await vi.waitFor(() => expect(registrations()).toHaveLength(1));
      impatient.abort("enough");
      await expect(refused).rejects.toBe("enough");
    }
    const last = refusal(there);
    await there.clock.advance(200);
    expect((await last).code).toBe("AUTHORIZATION_REQUIRED");
    expect(registrations()).toHaveLength(1);
  });

  it("is made again where what is stored of it cannot be read", async () => {
    const there = await world();
    await pageFor(there);
    const another = keep(oauth().bind(dependenciesOf(there.dependencies)));
    expect((await refusal({ ...there, provider: another })).code).toBe("AUTHORIZATION_REQUIRED");
    expect(there.issuer.requests.filter(({ endpoint }) => endpoint === "register")).toHaveLength(2);
  });
});
