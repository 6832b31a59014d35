import { TenantryError } from "@tenantry/core";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { rejection, serve, serveRaw, until } from "../test/server.ts";
import { failureOf } from "./failure.ts";
import { createEgress, type EgressOptions } from "./index.ts";

const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nok";

function poster(options?: EgressOptions) {
  const egress = createEgress(options);
  onTestFinished(() => egress.close());
  const post = (url: URL, body = "{}") =>
    egress.exchange({ url, method: "POST", provenance: "code", headers: {}, body });
  return { egress, post };
}

describe("a server that cannot be reached", () => {
  it("is CONNECT_FAILED, unsent and retryable, when it refuses", async () => {
    const server = await serve();
    await server[Symbol.asyncDispose]();
    const failure = await rejection(poster().post(server.url));
    expect(failure).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent", retryable: true });
    expect((failure as Error).cause).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("is the same when it has no name, no address or does not answer in time", async () => {
    const unknown = () => Promise.reject(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }));
    const never = () => new Promise<never>(() => {});
    for (const lookup of [unknown, never, () => Promise.resolve([])]) {
      const { post } = poster({ lookup, limits: { socketTimeoutMs: 50 } });
      const failure = await rejection(post(new URL("http://server.example/")));
      expect(failure).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent", retryable: true });
    }
  });

  it("is not retryable where TLS fails", async () => {
    await using server = await serve();
    const failure = await rejection(poster().post(new URL(server.url.href.replace("http:", "https:"))));
    expect(failure).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent", retryable: false });
    expect(server.seen).toEqual([]);
  });

  it.each(["DEPTH_ZERO_SELF_SIGNED_CERT", "CERT_HAS_EXPIRED", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"])(
    "knows %s as a matter of TLS",
    (code) => {
      const cause = Object.assign(new Error("certificate"), { code });
      const failure = failureOf(cause, "unsent", "https://a.example");
      expect(failure).toMatchObject({ code: "CONNECT_FAILED", retryable: false, cause });
    },
  );

  it("does not repeat what a certificate says, which is the server's to choose", () => {
    const code = "ERR_TLS_CERT_ALTNAME_INVALID";
    const cert = { subjectaltname: "DNS:s3cret.example" };
    const cause = Object.assign(new Error("altnames: DNS:s3cret.example"), {
      code,
      cert,
      reason: "s3cret.example",
    });
    const failure = failureOf(cause, "unsent", "https://a.example");
    expect(failure).toMatchObject({ code: "CONNECT_FAILED", retryable: false, cause: { code } });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain("s3cret");
  });
});

describe("a connection that is lost", () => {
  it("has an unknown delivery once the request was written, and it is not sent again", async () => {
    let requests = 0;
    await using server = await serveRaw((socket) => {
      socket.on("data", () => {
        requests++;
        socket.destroy();
      });
    });
    const failure = await rejection(poster().post(server.url));
    expect(failure).toMatchObject({
      code: "CONNECTION_LOST",
      delivery: "unknown",
      retryable: false,
      recover: "reconnect",
    });
    expect(requests).toBe(1);
  });

  it.each(["destroy", "end", "resetAndDestroy"] as const)(
    "is not made up for by another one when a kept socket ends with %s at its second request",
    async (how) => {
      const bodies: string[] = [];
      let sockets = 0;
      await using server = await serveRaw((socket) => {
        sockets++;
        let served = 0;
        socket.on("data", (data) => {
          bodies.push(data.toString().split("\r\n\r\n")[1] ?? "");
          if (++served === 1) socket.write(ok);
          else socket[how]();
        });
      });
      const { post } = poster();
      expect(await (await post(server.url, "first")).body.text()).toBe("ok");
      expect(await rejection(post(server.url, "second"))).toMatchObject({
        code: "CONNECTION_LOST",
        delivery: "unknown",
      });
      // Whatever was to be sent again would have come before this one.
      expect(await (await post(server.url, "third")).body.text()).toBe("ok");
      expect(bodies).toEqual(["first", "second", "third"]);
      expect(sockets).toBe(2);
    },
  );

  it("costs nothing when it was idle: the next request takes a fresh one", async () => {
    const bodies: string[] = [];
    await using server = await serveRaw((socket) => {
      socket.on("data", (data) => {
        bodies.push(data.toString().split("\r\n\r\n")[1] ?? "");
        socket.end(ok);
      });
    });
    const { post } = poster();
    for (const body of ["one", "two", "three"]) {
      expect(await (await post(server.url, body)).body.text()).toBe("ok");
    }
    expect(bodies).toEqual(["one", "two", "three"]);
  });

  it("fails each of several requests at once with one copy each on the wire", async () => {
    const bodies: string[] = [];
    await using server = await serveRaw((socket) => {
      socket.on("data", (data) => {
        bodies.push(data.toString().split("\r\n\r\n")[1] ?? "");
        socket.destroy();
      });
    });
    const { post } = poster();
    const sent = Array.from({ length: 20 }, (_, index) => `r${index}`);
    const failures = await Promise.all(sent.map((body) => rejection(post(server.url, body))));
    for (const failure of failures)
      expect(failure).toMatchObject({ code: "CONNECTION_LOST", delivery: "unknown" });
    expect(bodies.toSorted()).toEqual(sent.toSorted());
  });

  it("rejects the reader in the middle of a body, after what had arrived", async () => {
    await using server = await serveRaw((socket) => {
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf");
        setImmediate(() => setImmediate(() => socket.destroy()));
      });
    });
    const { egress, post } = poster();
    const chunks: string[] = [];
    const read = async () => {
      for await (const chunk of (await post(server.url)).body) chunks.push(new TextDecoder().decode(chunk));
    };
    const lost = { code: "CONNECTION_LOST", delivery: "unknown", retryable: false, recover: "reconnect" };
    expect(await rejection(read())).toMatchObject(lost);
    expect(chunks).toEqual(["half"]);
    expect(await rejection((await post(server.url)).body.text())).toMatchObject(lost);
    expect(egress.stats().requests).toBe(0);
  });
});

describe("a server that misbehaves", () => {
  it("is a PROTOCOL_VIOLATION when it does not speak HTTP, and its words are not repeated", async () => {
    await using server = await serveRaw((socket) => {
      socket.once("data", (data) => socket.end(`ECHO ${data.toString()}`));
    });
    const { egress } = poster();
    const failure = await rejection(
      egress.exchange({ url: server.url, method: "GET", provenance: "code", headers: { "x-key": "s3cret" } }),
    );
    expect(failure).toMatchObject({ code: "PROTOCOL_VIOLATION", delivery: "unknown" });
    expect(inspect(failure, { depth: 10, showHidden: true })).not.toContain("s3cret");
  });

  it("is a TIMEOUT of unknown delivery when it is silent for longer than allowed", async () => {
    await using server = await serve(() => {});
    const failure = await rejection(poster({ limits: { firstByteTimeoutMs: 50 } }).post(server.url));
    expect(failure).toMatchObject({ code: "TIMEOUT", delivery: "unknown", retryable: false });
  });

  it("may send interim responses before the real one", async () => {
    await using server = await serveRaw((socket) => {
      socket.once("data", () => socket.write(`HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n${ok}`));
    });
    const response = await poster().post(server.url);
    expect(response.status).toBe(200);
    expect(await response.body.text()).toBe("ok");
  });
});

describe("close", () => {
  it("ends every socket, is the same promise every time, and refuses later requests", async () => {
    await using server = await serve();
    const { egress, post } = poster();
    await Promise.all([1, 2, 3].map(async () => (await post(server.url)).body.text()));
    expect(await server.connections()).toBeGreaterThan(0);
    const closing = egress.close();
    expect(egress.close()).toBe(closing);
    await closing;
    await until(async () => (await server.connections()) === 0);
    expect(egress.stats()).toEqual({ sockets: 0, requests: 0 });
    expect(await rejection(post(server.url))).toMatchObject({ code: "CLOSED", delivery: "unsent" });
    expect(await rejection(egress.fetch("http://1.1.1.1/"))).toBeInstanceOf(TenantryError);
  });

  it("lets a request in flight finish", async () => {
    const answer = Promise.withResolvers<void>();
    await using server = await serve((_, response) => void answer.promise.then(() => response.end("late")));
    const { egress, post } = poster();
    const response = post(server.url);
    await until(() => server.seen.length === 1);
    const closing = egress.close();
    answer.resolve();
    expect(await (await response).body.text()).toBe("late");
    await closing;
  });

  it("ends what does not finish within the grace: unanswered, half read and still connecting", async () => {
    await using server = await serve(
      (_, response, { body }) => void (body === "stream" && response.write("first")),
    );
    const lookup = (name: string) =>
      name === "never.example" ? new Promise<never>(() => {}) : Promise.resolve(["127.0.0.1"]);
    const { egress, post } = poster({ lookup, limits: { closeTimeoutMs: 30 } });
    const unanswered = rejection(post(server.url));
    const { body } = await post(server.url, "stream");
    const half = rejection(body.text());
    const connecting = rejection(post(new URL("http://never.example/")));
    await until(() => server.seen.length === 2);
    await egress.close();
    expect(await unanswered).toMatchObject({ code: "CLOSED", delivery: "unknown" });
    expect(await half).toMatchObject({ code: "CLOSED", delivery: "unknown" });
    expect(await connecting).toMatchObject({ code: "CLOSED", delivery: "unsent" });
    await until(async () => (await server.connections()) === 0);
  });

  it("leaves no socket in the middle of its handshake", async () => {
    // It takes the connection and has nothing to say to a client that speaks TLS.
    await using server = await serveRaw((socket) => void socket.resume());
    const { egress, post } = poster({ limits: { closeTimeoutMs: 30 } });
    const failing = rejection(post(new URL(server.url.href.replace("http:", "https:"))));
    await until(async () => (await server.connections()) === 1);
    await egress.close();
    expect(await failing).toMatchObject({ code: "CLOSED", delivery: "unsent" });
    await until(async () => (await server.connections()) === 0);
  });

  it("does nothing where nothing was opened", async () => {
    await createEgress().close();
  });
});
