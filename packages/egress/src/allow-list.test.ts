import { describe, expect, it } from "vitest";
import { egressFor } from "../test/egress.ts";
import { rejection, serve } from "../test/server.ts";
import { createEgress } from "./index.ts";

function foreign(allow: readonly string[], addresses: readonly string[] = ["127.0.0.1"]) {
  const asked: string[] = [];
  const lookup = (name: string) => Promise.resolve((asked.push(name), addresses));
  const egress = egressFor({ allow, lookup, limits: { socketTimeoutMs: 100 } });
  const get = (url: URL) => egress.exchange({ url, method: "GET", provenance: "foreign", headers: {} });
  return { egress, get, asked };
}

const named = (hostname: string, { port }: URL) => new URL(`http://${hostname}:${port}/`);

describe("a foreign URL", () => {
  it.each([
    ["a range that holds its address", "127.0.0.0/8", "127.0.0.1"],
    ["the address itself", "127.0.0.1", "127.0.0.1"],
    ["a range that holds what its name leads to", "127.0.0.0/8", "mcp.example"],
    ["its host", "mcp.example", "mcp.example"],
    ["its host, spelt otherwise", "MCP.Example.", "mcp.example"],
    ["its host, as one in the URL ends in a dot", "mcp.example", "mcp.example."],
    ["its host, which is a local name", "files.internal", "files.internal"],
    ["localhost", "localhost", "localhost"],
  ])("is requested where allow names %s", async (_, entry, hostname) => {
    await using server = await serve();
    const { get } = foreign([entry]);
    expect(await (await get(named(hostname, server.url))).body.text()).toBe("ok");
  });

  it.each([
    ["a range beside its address", "127.0.0.128/25", "127.0.0.1"],
    ["a range of the mapped form only", "::ffff:7f00:0/104", "127.0.0.1"],
    ["a range in IPv4 of what is mapped", "127.0.0.0/8", "[::ffff:127.0.0.1]"],
    ["another host", "mcp.example", "other.example"],
    ["the domain above", "example", "mcp.example"],
    ["a longer host", "mcp.example", "mcp.example.evil.example"],
    ["a range, for a name that is local whatever it leads to", "127.0.0.0/8", "files.internal"],
  ])("is refused where allow names %s", async (_, entry, hostname) => {
    await using server = await serve();
    const { get } = foreign([entry]);
    expect(await rejection(get(named(hostname, server.url)))).toMatchObject({ code: "ADDRESS_REFUSED" });
    expect(server.seen).toEqual([]);
  });

  it("is refused where one of its addresses is neither public nor allowed", async () => {
    const { get } = foreign(["10.0.0.0/8"], ["10.0.0.1", "8.8.8.8", "192.168.0.1"]);
    expect(await rejection(get(new URL("http://mixed.example/")))).toMatchObject({ code: "ADDRESS_REFUSED" });
  });

  it("leads to metadata only where allow names that itself", async () => {
    const { get, asked } = foreign(["10.0.0.0/8", "mcp.example"]);
    for (const url of [
      "http://169.254.169.254/",
      "http://[fd00:ec2::254]/",
      "http://metadata.google.internal/",
    ]) {
      expect(await rejection(get(new URL(url)))).toMatchObject({ code: "ADDRESS_REFUSED" });
    }
    expect(asked).toEqual([]);
  });
});

it("a socket that was opened under one policy serves no other", async () => {
  await using server = await serve();
  const url = named("mcp.example", server.url);
  const lax = foreign(["mcp.example"]);
  await (await lax.get(url)).body.text();
  expect(lax.egress.stats().sockets).toBe(1);
  expect(await rejection(foreign([]).get(url))).toMatchObject({ code: "ADDRESS_REFUSED" });
  expect(server.seen).toHaveLength(1);
});

it.each([
  ...[
    "10.0.0.0/33",
    "10.0.0.1/8",
    "10.0.0.0/",
    "10/8",
    "10.0.0.0/8/8",
    "fd00::1/8",
    "fd00::/129",
    "0x7f.1",
    "127.1",
  ],
  ...[
    "http://x.example",
    "x.example:443",
    "*.example",
    "a b",
    "",
    "ada@x.example",
    "x.example/path",
    7,
    null,
  ],
])("an entry that is no host, address or range is refused: %j", (entry) => {
  expect(() => createEgress({ allow: [entry as string] })).toThrow(/CONFIG_INVALID.*allow: expected/u);
});

it("refuses a name that is in no list", () => {
  const wrong = () => createEgress({ allow: "10.0.0.0/8" as never });
  expect(wrong).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }) as Error);
});
