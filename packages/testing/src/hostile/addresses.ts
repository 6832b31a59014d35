import { hostileCase, type HostileCase, type HostileStep } from "./case.ts";
import type { HostileOutcome } from "./outcome.ts";
import { list, type Scene } from "./scene.ts";
import type { HostileRecord } from "./stage.ts";
import { atMost, mustNotDial, mustNotReach, mustNotWork } from "./verdict.ts";

const metadata = hostileCase({
  id: "NET-01",
  title: "a foreign URL to a cloud's metadata service",
  expected: "Each URL is refused before its name is resolved and before anything is dialled.",
  async stage(scene) {
    const server = await scene.server();
    const urls = metadataHosts.map((host) => `http://${host}:${server.port}/mcp`);
    const hosts = Object.fromEntries(metadataHosts.map((host) => [host, [["127.0.0.1"]]]));
    return {
      steps: openForeign(scene, urls),
      hosts,
      judge: (outcome) => [
        atMost(0, "names of metadata services resolved", outcome.resolved.length),
        ...unreached(outcome, server),
      ],
    };
  },
});

const metadataHosts = Object.freeze([
  "169.254.169.254",
  "[fd00:ec2::254]",
  "metadata.google.internal",
  "metadata.google.internal.",
]);

const spellings = hostileCase({
  id: "NET-02",
  title: "a foreign URL to a private address in any spelling",
  expected: "Each URL is refused and nothing is dialled.",
  async stage(scene) {
    const server = await scene.server();
    const urls = privateHosts.map((host) => `http://${host}:${server.port}/mcp`);
    return { steps: openForeign(scene, urls), judge: (outcome) => unreached(outcome, server) };
  },
});

const privateHosts: readonly string[] = `
  127.0.0.1 127.1 0x7f.1 0x7f000001 2130706433 0177.0.0.1 127.0.0.1. 0.0.0.0 0 ①②⑦.⓪.⓪.① １２７.1
  localhost localhost. LOCALHOST ⓛocalhost any.localhost
  10.0.0.1 172.16.0.1 192.168.0.1 100.64.0.1 169.254.0.1 192.0.2.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255
  [::1] [::] [fc00::1] [fe80::1] [fe80::1%25eth0] [ff02::1] [2001:db8::1]
  [::ffff:127.0.0.1] [::ffff:10.0.0.1] [::ffff:7f00:1] [::127.0.0.1]
  [64:ff9b::7f00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2001:0:7f00:1::]`
  .trim()
  .split(/\s+/u);

const malformed = hostileCase({
  id: "NET-03",
  title: "a URL with a user name, a fragment, a backslash, a line break or another scheme",
  expected: "Each URL is refused and nothing is dialled, whoever wrote it.",
  async stage(scene) {
    const server = await scene.server();
    const host = `127.0.0.1:${server.port}`;
    const urls = [
      ...[`http://ada:secret@${host}/mcp`, `http://ada@${host}/mcp`, `http://public.example@${host}/mcp`],
      ...[`http://${host}/mcp#fragment`, `http:\\\\${host}\\mcp`, `http://${host}\\@public.example/mcp`],
      ...[
        `http://${host}/mcp\r\nx-injected: 1`,
        `ht\ntp://${host}/mcp`,
        `http://${host}/m\tcp`,
        ` http://${host}/mcp`,
      ],
      ...[`ftp://${host}/mcp`, `ws://${host}/mcp`, "file:///etc/hostname", "data:,mcp", "javascript:0"],
    ];
    return {
      steps: urls.flatMap((url) => scene.visit(scene.target(url), list)),
      judge: (outcome) => unreached(outcome, server),
    };
  },
});

const privateName = hostileCase({
  id: "NET-11",
  title: "a foreign name that leads to a private address",
  expected: "The name is refused when it has been resolved, and nothing is dialled.",
  async stage(scene) {
    const server = await scene.server();
    const hosts = {
      "tools.example": [["127.0.0.1"]],
      "mixed.example": [["127.0.0.1", publicAddress]],
      "mapped.example": [["::ffff:127.0.0.1"]],
    };
    const urls = Object.keys(hosts).map((host) => `http://${host}:${server.port}/mcp`);
    return { steps: openForeign(scene, urls), hosts, judge: (outcome) => unreached(outcome, server) };
  },
});

const rebinding = hostileCase({
  id: "NET-04",
  title: "a foreign name that resolves to a public address first and to loopback then",
  expected:
    "The address that was checked is the one that is dialled; once the name leads elsewhere, it is refused.",
  async stage(scene) {
    const server = await scene.server(({ response }) => {
      // Each request needs a socket of its own, and so an address.
      response.setHeader("connection", "close");
      return false;
    }, "public");
    const inside = await scene.server(undefined, "loopback");
    const target = scene.target(`http://rebind.example:${inside.port}/mcp`, { provenance: "foreign" });
    return {
      steps: scene.visit(target, list, list, list, list),
      hosts: { "rebind.example": [[publicAddress], ["127.0.0.1"]] },
      routes: { [publicAddress]: server.port },
      judge: ({ dialled, steps }) => [
        mustNotReach("The loopback server", inside.record),
        dialled[0]?.startsWith(publicAddress) ? undefined : "The public address was not dialled.",
        steps.filter(({ step }) => step === "list").at(-1)?.ended === "done"
          ? "The last list succeeded."
          : undefined,
        atMost(0, "dials to loopback", dialled.filter((one) => one.startsWith("127.")).length),
      ],
    };
  },
});

const keptSocket = hostileCase({
  id: "NET-06",
  title: "a foreign URL to an origin whose socket is already open for a trusted one",
  expected: "The trusted connection works, and the foreign one is refused and does not use its socket.",
  async stage(scene) {
    const server = await scene.server();
    const of = (provenance: "code" | "foreign") =>
      scene.target(server.url, { provenance, headers: { "x-zoo": provenance } });
    return {
      // The first stays open until the client is closed.
      steps: [{ do: "open", target: of("code") }, list, { do: "open", target: of("foreign") }, list],
      judge: ({ steps }) => {
        const lists = (target: number) =>
          steps.filter((one) => one.step === "list" && one.target === target && one.ended === "done").length;
        const foreign = server.record.requests.filter(({ headers }) => headers["x-zoo"] === "foreign");
        return [
          lists(0) === 1 ? undefined : "The trusted list did not succeed.",
          atMost(0, "lists of the foreign target that succeeded", lists(1)),
          atMost(0, "requests for the foreign target", foreign.length),
        ];
      },
    };
  },
});

/** Cases about where a URL leads. */
export const addressCases: readonly HostileCase[] = [
  metadata,
  spellings,
  malformed,
  rebinding,
  keptSocket,
  privateName,
];

/** An address that is public to every policy; no test dials it. */
const publicAddress = "93.184.215.14";

/** A connection may open before it sends anything, so each is listed too. */
function openForeign(scene: Scene, urls: readonly string[]): readonly HostileStep[] {
  return urls.flatMap((url) => scene.visit(scene.target(url, { provenance: "foreign" }), list));
}

function unreached(
  outcome: HostileOutcome,
  { record }: { readonly record: HostileRecord },
): readonly (string | undefined)[] {
  return [mustNotDial(outcome), mustNotReach("The server", record), mustNotWork(outcome)];
}
