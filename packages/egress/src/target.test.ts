import { secret, type Origin } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { egressFor } from "../test/egress.ts";
import { rejection, serve } from "../test/server.ts";

const hello = { method: "POST", headers: {}, body: "hello" } as const;

describe("a target", () => {
  it("is where every request to it goes, whatever becomes of the URL that it was made from", async () => {
    await using server = await serve();
    const url = new URL("/mcp?a=1", server.url);
    const target = egressFor().target({ url, provenance: "code" });
    url.host = "evil.example";
    const response = await target.exchange(hello);
    response.url.pathname = "/changed";
    expect(await response.body.text()).toBe("ok");
    expect((await target.exchange(hello)).url.href).toBe(new URL("/mcp?a=1", server.url).href);
    expect(server.seen).toMatchObject(Array(2).fill({ path: "/mcp?a=1", body: "hello" }));
  });

  it("is refused when it is made where a request would be", () => {
    const egress = egressFor();
    for (const url of [
      "http://169.254.169.254/",
      "http://localhost/",
      "ftp://x.example/",
      "http://ada@x.example/",
    ]) {
      expect(() => egress.target({ url: new URL(url), provenance: "foreign" })).toThrow(/ADDRESS_REFUSED/u);
    }
  });

  it("is given no secret of another origin", async () => {
    await using server = await serve();
    const target = egressFor().target({ url: server.url, provenance: "code" });
    const bound = { origins: ["https://x.example" as Origin], headers: { authorization: secret("s3cret") } };
    const failure = await rejection(target.exchange({ ...hello, bound }));
    expect(failure).toMatchObject({ code: "ORIGIN_REFUSED", delivery: "unsent" });
    expect(server.seen).toEqual([]);
  });

  it("is left only where a redirect passes every check anew", async () => {
    await using other = await serve();
    await using server = await serve(({ url }, response) => {
      const location = url === "/mcp" ? "/next" : url === "/next" ? "/end" : other.url.href;
      if (url === "/end") response.end("arrived");
      else response.writeHead(307, { location }).end();
    });
    const egress = egressFor();
    const within = await egress.target({ url: server.url, provenance: "code" }).exchange(hello);
    expect(await within.body.text()).toBe("arrived");
    const beyond = egress.target({ url: new URL("/elsewhere", server.url), provenance: "code" });
    expect(await rejection(beyond.exchange(hello))).toMatchObject({ code: "ORIGIN_REFUSED" });
    expect(other.seen).toEqual([]);
  });

  it("refuses a request once the egress is closed", async () => {
    const egress = egressFor();
    const target = egress.target({ url: new URL("http://127.0.0.1:9/"), provenance: "code" });
    await egress.close();
    expect(await rejection(target.exchange(hello))).toMatchObject({ code: "CLOSED", delivery: "unsent" });
  });
});

describe("plain headers", () => {
  it("are read once where they are frozen, and each time where they may change", async () => {
    await using server = await serve();
    const target = egressFor().target({ url: server.url, provenance: "code" });
    let reads = 0;
    const counted = { enumerable: true, get: () => `${++reads}` };
    const frozen = Object.freeze(Object.defineProperty({}, "x-read", counted));
    for (const headers of [frozen, frozen]) await target.exchange({ ...hello, headers });
    expect(server.seen.map(({ headers }) => headers["x-read"])).toEqual(["1", "1"]);
    const changing: Record<string, string> = { "x-turn": "first" };
    await target.exchange({ ...hello, headers: changing });
    changing["x-turn"] = "second";
    await target.exchange({ ...hello, headers: changing });
    expect(server.seen.slice(2).map(({ headers }) => headers["x-turn"])).toEqual(["first", "second"]);
  });

  it("are refused each time where they are wrong, frozen or not", async () => {
    const target = egressFor().target({ url: new URL("http://127.0.0.1:9/"), provenance: "code" });
    const headers = Object.freeze({ host: "evil.example" });
    for (const turn of [1, 2]) {
      const failure = await rejection(target.exchange({ ...hello, headers }));
      expect(failure, `turn ${turn}`).toMatchObject({ code: "ARGUMENT_INVALID" });
    }
  });

  it("that are frozen still stand in the way of a secret of the same name", async () => {
    await using server = await serve();
    const target = egressFor().target({ url: server.url, provenance: "code" });
    const headers = Object.freeze({ "x-key": "plain" });
    await target.exchange({ ...hello, headers });
    const bound = { origins: [server.origin], headers: { "x-key": secret("s3cret") } };
    expect(await rejection(target.exchange({ ...hello, headers, bound }))).toMatchObject({
      code: "CREDENTIAL_INVALID",
    });
  });
});
