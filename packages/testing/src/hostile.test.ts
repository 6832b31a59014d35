import { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import {
  confront,
  hostileCases,
  type HostileCase,
  type HostileClient,
  type HostileOutcome,
  type HostileSession,
} from "./hostile.ts";
import { carelessClient } from "./hostile/careless.fixture.ts";
import { pollution } from "./hostile/confront.ts";

const scale = 0.01;
const mib = 1024 * 1024;

/** What a careless client does wrong in each case, in the order of the cases. */
const faults: readonly (readonly [title: string, complaint: RegExp])[] = [
  ["a foreign URL to a cloud's metadata service", /dialled .*169\.254\.169\.254/u],
  ["a foreign URL to a private address in any spelling", /dialled .*10\.0\.0\.1/u],
  ["a URL with a user name", /was reached/u],
  ["a foreign name that resolves to a public address first", /loopback server was reached/u],
  ["a foreign URL to an origin whose socket is already open", /requests for the foreign target/u],
  ["a foreign name that leads to a private address", /was reached/u],
  ["redirects of calls, streams and DELETE", /other origin was reached/u],
  ["redirects of everything", /other origin was reached/u],
  ["an endpoint event that names another origin", /other origin was reached/u],
  ["proxy variables", /proxy was reached/u],
  ["a JSON answer of 300 MB", /call succeeded/u],
  ["an error page of 300 MB", /call succeeded/u],
  ["an event of 300 MB in one line", /call succeeded/u],
  ["an event of 300 MB in many lines", /call succeeded/u],
  ["a field name of 300 MB", /call succeeded/u],
  ["300 MB in answer to everything", /lists or calls succeeded/u],
  ["300 MB of JSON in gzip", /call succeeded/u],
  ["300 MB of JSON in br", /call succeeded/u],
  ["300 MB of JSON in gzip, gzip", /call succeeded/u],
  ["100,000 levels in JSON", /overflowed the stack/u],
  ["100,000 levels in an event", /overflowed the stack/u],
  ["keys named __proto__", /Object\.prototype/u],
  ["headers that come byte by byte", /call had not ended/u],
  ["a body that comes byte by byte", /call had not ended/u],
  ["comments without an end", /left 1 exchanges open/u],
  ["progress without an end", /call had not ended/u],
  ["everything byte by byte", /open had not ended/u],
  ["HTTP+SSE without an endpoint event", /open had not ended/u],
  ["HTTP+SSE with an endpoint event of 300 MB", /lists or calls succeeded/u],
  ["pages without an end", /pages; at most 200/u],
  ["the same cursor again", /pages; at most 2/u],
  ["a page of 100,000 tools", /list succeeded/u],
  ["descriptions of 1 MB", /list succeeded/u],
  ["schemas that refer to a schema elsewhere", /schema's server was reached/u],
  ["schemas that refer to themselves", /overflowed the stack/u],
  ["an output schema whose pattern", /stood still/u],
  ["an output schema whose property names", /stood still/u],
  ["an output schema whose references double", /stood still/u],
  ["100,000 notifications that the list has changed", /requests for the list/u],
  ["100,000 requests for ping", /requests at one time/u],
  ["100,000 requests for sampling", /requests at one time/u],
  ["100,000 requests for elicitation", /requests at one time/u],
  ["100,000 requests for roots", /requests at one time/u],
  ["100,000 requests for a/method", /requests at one time/u],
  ["a URL to be opened", /URL was reached/u],
  ["input required without an end", /100 rounds/u],
  ["503 with Retry-After", /requests; at most/u],
  ["a call's stream that ends at once", /streams opened/u],
  ["a standalone stream that ends at once", /streams opened/u],
  ["an answer of 300 MB in one line", /call succeeded/u],
  ["300 MB without a line feed", /call had not ended/u],
  ["an answer of 100,000 levels", /overflowed the stack/u],
  ["100,000 lines that are no messages", /did not succeed/u],
  ["100,000 notifications, before", /did not succeed/u],
  ["a byte order mark", /did not succeed/u],
  ["300 MB on stderr", /call had not ended/u],
];

/** Where a careless client can do nothing wrong in a test as small as this; a measurement tells. */
const measured: readonly (readonly [title: string, outcome: Partial<HostileOutcome>, complaint: RegExp])[] = [
  ["as many keys as fit below the bound, in JSON", { peakBytes: mib }, /held 1048576 bytes/u],
  ["as many keys as fit below the bound, in an event", { peakBytes: mib }, /held 1048576 bytes/u],
  ["as many empty objects", { peakBytes: mib }, /held 1048576 bytes/u],
  ["numbers of a million digits", { longestStallMs: 2_000 }, /stood still for 2000 ms/u],
  ["challenges that are slow to read", { longestStallMs: 2_000 }, /stood still for 2000 ms/u],
];

function caseOf(title: string): HostileCase {
  const exact = hostileCases.filter((one) => one.title === title);
  const found = exact.length > 0 ? exact : hostileCases.filter((one) => one.title.startsWith(title));
  if (found.length !== 1) throw new Error(`${found.length} cases are called ${title}.`);
  return found[0]!;
}

/** Whether a case waits more than it works, so that it is best waited for beside others. */
function isWaited({ source }: RegExp): boolean {
  return /had not ended|left|at one time/u.test(source);
}

afterEach(() => void Reflect.deleteProperty(Object.prototype, pollution));

it("has a test for every case", () => {
  const titles = [...faults, ...measured].map(([title]) => caseOf(title).title);
  expect(new Set(titles)).toEqual(new Set(hostileCases.map(({ title }) => title)));
  expect(titles).toHaveLength(hostileCases.length);
});

it("has every number of the list", () => {
  const numbers = [...new Set(hostileCases.map(({ id }) => id))];
  expect(numbers.filter((id) => id.startsWith("NET"))).toHaveLength(8);
  expect(numbers.filter((id) => id.startsWith("DOS"))).toHaveLength(11);
});

describe("the judge of each case is against a careless client", { timeout: 60_000 }, () => {
  const confrontCareless = async (title: string) => {
    await using server = await caseOf(title).start({ scale });
    const outcome = await confront(carelessClient(server.plan.env["HTTP_PROXY"]), server.plan);
    return { judge: (worse: Partial<HostileOutcome>) => server.judge({ ...outcome, ...worse }).join("\n") };
  };

  it.each(faults.filter(([, complaint]) => !isWaited(complaint)))("%s: %s", async (title, complaint) => {
    expect((await confrontCareless(title)).judge({})).toMatch(complaint);
  });

  it.concurrent.each(faults.filter(([, complaint]) => isWaited(complaint)))(
    "%s: %s",
    async (title, complaint) => {
      expect((await confrontCareless(title)).judge({})).toMatch(complaint);
    },
  );

  it.each(measured)("%s: %o", async (title, worse, complaint) => {
    expect((await confrontCareless(title)).judge(worse)).toMatch(complaint);
  });
});

describe("confront", () => {
  const steps = [{ do: "open", target: target() }, { do: "list" }, { do: "close" }] as const;
  const plan = { steps, hosts: {}, routes: {}, env: {} };
  const session = { listTools: async () => [], callTool: async () => ({}), close: async () => {} };
  const idle: HostileClient = { name: "idle", open: () => Promise.resolve(session) };

  it("gives what became of each step", async () => {
    const { steps: done } = await confront(idle, plan);
    expect(done.map(({ step, ended }) => `${step} ${ended}`)).toEqual([
      "open done",
      "list done",
      "close done",
    ]);
  });

  it("leaves out what needs an open connection where there is none", async () => {
    const closed = { ...idle, open: () => Promise.reject(new TypeError("No.", { cause: "why" })) };
    const { steps: done } = await confront(closed, plan);
    expect(done).toMatchObject([
      { step: "open", ended: "failed", failure: { name: "TypeError", message: "No." } },
    ]);
  });

  it("gives up a step that does not end, and closes a connection that opens too late", async () => {
    let closes = 0;
    const opening = Promise.withResolvers<HostileSession>();
    const { steps: done } = await confront({ ...idle, open: () => opening.promise }, plan);
    expect(done).toMatchObject([{ step: "open", ended: "pending" }]);
    opening.resolve({ ...session, close: async () => void closes++ });
    await opening.promise;
    await Promise.resolve();
    expect(closes).toBe(1);
  });

  it("lets no socket leave this machine, and leaves none changed behind", async () => {
    const { connect } = Socket.prototype;
    const dialling = { ...idle, open: () => fetch("http://93.184.215.14/").then(() => session) };
    const { steps: done, dialled } = await confront(dialling, plan);
    expect(done).toMatchObject([{ step: "open", ended: "failed" }]);
    expect(dialled).toEqual(["93.184.215.14:80"]);
    expect(Socket.prototype.connect).toBe(connect);
  });
});

function target() {
  const limits = {
    maxMessageBytes: mib,
    maxStreamBytes: mib,
    maxTools: 10,
    openTimeoutMs: 50,
    timeoutMs: 50,
  };
  const kinds = { kind: "http", provenance: "code", transport: "streamable-http", era: "legacy" } as const;
  return { ...kinds, url: "http://127.0.0.1:9/mcp", headers: {}, limits };
}
