import { secret, type CredentialHeaders, type HttpEndpoint, type Origin } from "@tenantry/core";
import { expect, test as it } from "vitest";
import { MergedHeaders } from "./request-headers.ts";

const origin = "https://s.example" as Origin;
const endpoint: HttpEndpoint = { kind: "http", url: new URL(origin), provenance: "code", headers: {} };

/** Sends requests with the headers that a credential gives as one object each time. */
function sender(given: CredentialHeaders) {
  const credential = { subject: "ada", generation: "1", origins: [origin], headers: () => given };
  const merged = new MergedHeaders(endpoint, { credential }, [origin]);
  return async (name: string) => (await merged.of("POST")).headers[name]?.reveal();
}

it("asks anew for a header that a frozen object computes", async () => {
  let proofs = 0;
  const proof = () => ({ value: secret(`proof-${++proofs}`), replaces: false });
  const ofObject = sender(
    Object.freeze({
      get dpop() {
        return proof();
      },
    }),
  );
  const sent = [await ofObject("dpop"), await ofObject("dpop")];
  expect(sent[0]).not.toBe(sent[1]);
  const ofEntry = sender(
    Object.freeze({
      dpop: Object.freeze({
        get value() {
          return secret(`value-${++proofs}`);
        },
        replaces: false,
      }),
    }),
  );
  expect(await ofEntry("dpop")).not.toBe(await ofEntry("dpop"));
});

it("sends what an entry of a frozen object was changed to", async () => {
  const entry = { value: secret("old-token"), replaces: false };
  const send = sender(Object.freeze({ authorization: entry }));
  expect(await send("authorization")).toBe("old-token");
  entry.value = secret("new-token");
  expect(await send("authorization")).toBe("new-token");
});

it("checks and sends one and the same value of an entry that computes it", async () => {
  let asked = 0;
  const send = sender({
    authorization: {
      get value() {
        return asked++ === 0 ? secret("checked") : (undefined as never);
      },
      replaces: false,
    },
  });
  expect(await send("authorization")).toBe("checked");
});

it("merges what cannot change once", async () => {
  const headers = Object.freeze({ authorization: Object.freeze({ value: secret("k"), replaces: false }) });
  const credential = { subject: "ada", generation: "1", origins: [origin], headers: () => headers };
  const merged = new MergedHeaders(endpoint, { credential }, [origin]);
  expect(await merged.of("POST")).toBe(await merged.of("POST"));
});
