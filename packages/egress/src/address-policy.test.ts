import { describe, expect, it, onTestFinished } from "vitest";
import { rejection, serve, until } from "../test/server.ts";
import { isPublicAddress } from "./public-address.ts";
import { createEgress, type EgressOptions } from "./index.ts";

function foreign(options?: EgressOptions) {
  const egress = createEgress(options);
  onTestFinished(() => egress.close());
  const get = (url: string | URL) =>
    egress.exchange({ url: new URL(url), method: "GET", provenance: "foreign", headers: {} });
  return { egress, get };
}

describe("isPublicAddress", () => {
  it.each(["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450::1"])(
    "accepts %s",
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  it.each([
    ...["0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1"],
    ...["192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
    ...[
      "224.0.0.1",
      "240.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::127.0.0.1",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
    ],
    ...[
      "::ffff:0:8.8.8.8",
      "64:ff9b::7f00:1",
      "64:ff9b:1::1",
      "2001::1",
      "2002:7f00:1::",
      "2001:db8::1",
      "3fff::1",
    ],
    ...[
      "fc00::1",
      "fd00:ec2::254",
      "fe80::1",
      "fe80::1%eth0",
      "fec0::1",
      "ff02::1",
      "4000::1",
      "5f00::1",
      "100::1",
    ],
    ...["", "localhost", "1", "0x7f.1", "010.0.0.1", "8.8.8", "[::1]"],
  ])("refuses %j", (address) => expect(isPublicAddress(address)).toBe(false));
});

describe("a foreign URL", () => {
  it.each([
    ...[
      "http://127.0.0.1/",
      "http://2130706433/",
      "http://0x7f.1/",
      "http://0177.0.0.1/",
      "http://127.1/",
      "http://127.0.0.1./",
    ],
    ...[
      "http://[::1]/",
      "http://[::ffff:127.0.0.1]/",
      "http://[64:ff9b::7f00:1]/",
      "http://169.254.169.254/latest/",
    ],
    ...["http://10.0.0.8/", "https://192.168.1.1/", "http://①②⑦.⓪.⓪.①/", "http://0/"],
  ])("%s is refused without a look-up", async (url) => {
    const { get } = foreign({ lookup: () => Promise.reject(new Error("asked")) });
    expect(await rejection(get(url))).toMatchObject({
      code: "ADDRESS_REFUSED",
      delivery: "unsent",
      retryable: false,
    });
  });

  it.each([
    ...["localhost", "LOCALHOST", "localhost.", "a.localhost", "a.b.localhost.", "printer.local", "a.local."],
    ...["metadata.google.internal", "metadata.google.internal.", "db.internal", "metadata", "metadata."],
    ...["instance-data", "instance-data."],
  ])("for %s is refused without a look-up", async (host) => {
    const asked: string[] = [];
    const lookup = (name: string) => Promise.resolve((asked.push(name), ["8.8.8.8"]));
    const { get } = foreign({ lookup });
    expect(await rejection(get(`http://${host}/`))).toMatchObject({
      code: "ADDRESS_REFUSED",
      delivery: "unsent",
    });
    expect(asked).toEqual([]);
  });

  it.each(["localhost.example", "internal.example", "mymetadata", "metadata.example", "notlocalhost"])(
    "for %s is looked up, because it may be anybody's",
    async (host) => {
      const asked: string[] = [];
      const lookup = (name: string) => Promise.resolve((asked.push(name), ["10.0.0.1"]));
      expect(await rejection(foreign({ lookup }).get(`http://${host}/`))).toMatchObject({
        code: "ADDRESS_REFUSED",
      });
      expect(asked).toEqual([host]);
    },
  );

  it.each([
    "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/",
    "http://127.0.0.1%00.x.example/",
    "http://0x7f.1.1.1.1/",
  ])("cannot spell %s at all", (url) => expect(URL.canParse(url)).toBe(false));

  it("is refused where an alias leads to a private address: what counts is the address at its end", async () => {
    // A resolver follows aliases by itself and gives the addresses of the last name.
    const aliases: Record<string, string> = { "cdn.example": "evil.example", "evil.example": "10.0.0.1" };
    const follow = (name: string): string => (name in aliases ? follow(aliases[name] ?? "") : name);
    const { get } = foreign({ lookup: (name) => Promise.resolve([follow(name)]) });
    expect(await rejection(get("https://cdn.example/mcp"))).toMatchObject({ code: "ADDRESS_REFUSED" });
  });

  it("is checked again for every socket: a name that turns private is refused then", async () => {
    await using server = await serve();
    let asked = 0;
    const lookup = () => Promise.resolve([asked++ === 0 ? "127.0.0.1" : "127.0.0.2"]);
    const { get, egress } = foreign({ lookup, allow: ["127.0.0.1"] });
    const url = new URL(server.url);
    url.hostname = "rebind.example";
    await (await get(url)).body.text();
    await server.endConnections();
    await until(() => egress.stats().sockets === 0);
    expect(await rejection(get(url))).toMatchObject({ code: "ADDRESS_REFUSED", delivery: "unsent" });
    expect(asked).toBe(2);
    expect(server.seen).toHaveLength(1);
  });

  it("is refused where its name leads to one address that is not public, before anything is dialled", async () => {
    await using server = await serve();
    const url = new URL(server.url);
    url.hostname = "rebind.example";
    for (const addresses of [
      ["127.0.0.1"],
      ["8.8.8.8", "127.0.0.1"],
      ["2606:4700::1", "fd00::1"],
      ["nonsense"],
    ]) {
      const failure = await rejection(foreign({ lookup: () => Promise.resolve(addresses) }).get(url));
      expect(failure).toMatchObject({ code: "ADDRESS_REFUSED", delivery: "unsent" });
      expect(String(failure)).toContain("rebind.example");
      expect(String(failure)).not.toMatch(/127\.0\.0\.1|fd00/u);
    }
    expect(await server.connections()).toBe(0);
  });

  it("is refused for localhost by the system's own resolver", async () => {
    await using server = await serve();
    const url = new URL(server.url);
    url.hostname = "localhost";
    expect(await rejection(foreign().get(url))).toMatchObject({ code: "ADDRESS_REFUSED" });
    expect(server.seen).toEqual([]);
  });

  it("is dialled at the very address that was checked: its name is resolved once", async () => {
    await using server = await serve();
    let asked = 0;
    // Public when it is checked, private ever after: a second look-up would reach the local server.
    const lookup = () => Promise.resolve([asked++ === 0 ? "2000::1" : "127.0.0.1"]);
    const { get } = foreign({ lookup, limits: { socketTimeoutMs: 100 } });
    const url = new URL(server.url);
    url.hostname = "rebind.example";
    expect(await rejection(get(url))).toMatchObject({ code: "CONNECT_FAILED", delivery: "unsent" });
    expect(asked).toBe(1);
    expect(server.seen).toEqual([]);
  });

  it("never uses a socket that was opened for the program's own code", async () => {
    await using server = await serve();
    const { egress, get } = foreign({ lookup: () => Promise.resolve(["127.0.0.1"]) });
    const url = new URL(server.url);
    url.hostname = "both.example";
    await (await egress.exchange({ url, method: "GET", provenance: "code", headers: {} })).body.text();
    expect(egress.stats().sockets).toBe(1);
    expect(await rejection(get(url))).toMatchObject({ code: "ADDRESS_REFUSED" });
    expect(server.seen).toHaveLength(1);
  });
});
