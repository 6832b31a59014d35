import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ada, failure, grant, requestOf, type World } from "../../test/oauth-fixture.ts";
import { opened } from "../../test/opened.ts";
import { clientCredentials } from "../oauth.ts";

const { world } = opened();

function refuseWith({ issuer }: World, body: object): void {
  const headers = { "content-type": "application/json" };
  issuer.faults.add(
    { kind: "answer", status: 400, headers, body: JSON.stringify(body) },
    { endpoint: "token" },
  );
}

describe("what an authorization server says of a refusal", () => {
  it.each(["error", "error_description"])(
    "is not shown where its %s repeats a refresh token",
    async (name) => {
      const there = await world();
      await grant(there);
      const token = there.issuer.issued.find(({ kind }) => kind === "refresh_token")?.value ?? "";
      for (const piece of [token, token.slice(0, 16), token.slice(-16)]) {
        refuseWith(there, { error: "invalid_request", [name]: `cannot use ${piece}` });
        await there.clock.advance(3_700_000);
        const error = await failure(there.provider.resolve(requestOf(there, ada)));
        expect(error.message).not.toContain(piece);
        expect(error.message).toContain("repeats a secret");
      }
    },
  );

  it("is not shown where it repeats the client's secret, as it is or as it was sent", async () => {
    const there = await world();
    const secret = "a secret:with/odd+characters";
    const sent = new URLSearchParams({ "": secret }).toString().slice(1);
    for (const piece of [secret, sent, btoa(`host:${sent}`)]) {
      refuseWith(there, { error: "invalid_client", error_description: `wrong: ${piece}` });
      const source = clientCredentials({ id: "host", secret, issuer: there.issuer.issuer.origin });
      const error = await failure(source.bind(there.dependencies).resolve(requestOf(there)));
      expect(error.message).not.toContain(piece);
      expect(error.message).toContain("repeats a secret");
    }
  });

  it("is shown quoted and cut otherwise", async () => {
    const there = await world();
    refuseWith(there, {
      error: "invalid_scope",
      error_description: `no such scope\n\u001b[31m${"x".repeat(10_000)}`,
    });
    const source = clientCredentials({
      id: "host",
      secret: "host-secret",
      issuer: there.issuer.issuer.origin,
    });
    const { message } = await failure(source.bind(there.dependencies).resolve(requestOf(there)));
    expect(message).toContain(String.raw`"invalid_scope": "no such scope\n\u001b[31mxxx`);
    expect(message.length).toBeLessThan(400);
  });
});

it("shows what an issuer's metadata lists quoted and cut, where a client has nothing of it", async () => {
  const there = await world({
    issuer: {
      alterMetadata: (document) => ({
        ...document,
        token_endpoint_auth_methods_supported: ["x\n\u001b[31mroot logged in", "y".repeat(100_000)],
      }),
    },
  });
  const { privateKey: key } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = key.export({ type: "pkcs8", format: "der" });
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const privateKey = await crypto.subtle.importKey("pkcs8", pem, algorithm, false, ["sign"]);
  const issuer = there.issuer.issuer.origin;
  const source = clientCredentials({ id: "host", privateKey, issuer }).bind(there.dependencies);
  const { code, message } = await failure(source.resolve(requestOf(there)));
  expect(code).toBe("CONFIG_INVALID");
  expect(message).toContain(String.raw`"x\n\u001b[31mroot`);
  expect(message.length).toBeLessThan(500);
});
