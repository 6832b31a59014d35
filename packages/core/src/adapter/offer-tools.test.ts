import { expect, it } from "vitest";
import { TenantryError } from "../error.ts";
import type { CatalogTool, ToolListing } from "../listing.ts";
import type { CallToolOptions, ListOptions, ToolAddress, WorkspaceClient } from "../workspace-client.ts";
import { offerTools, type OfferedTool } from "./offer-tools.ts";
import type { ToolSource } from "./tool-source.ts";

const tool = {
  name: "notes__read",
  inputSchema: { type: "object" },
  origin: { server: "notes", tool: "read" },
} as unknown as CatalogTool;
const missing = [{ server: "mail", error: new Error() }] as unknown as ToolListing["unavailable"];

/** What a workspace was asked, and by whom. */
function workspace(...tools: CatalogTool[]) {
  const lists: (ListOptions | undefined)[] = [];
  const calls: {
    user: string;
    address: ToolAddress;
    args: object | undefined;
    options: CallToolOptions | undefined;
  }[] = [];
  const as = (user: string) =>
    ({
      listTools: (options?: ListOptions) => {
        lists.push(options);
        return Promise.resolve({ tools: tools.length > 0 ? tools : [tool], unavailable: missing });
      },
      callTool: (address: ToolAddress, args?: object, options?: CallToolOptions) => {
        calls.push({ user, address, args, options });
        return Promise.resolve({ content: [] });
      },
    }) as unknown as WorkspaceClient;
  return { lists, calls, as };
}

const named = (offered: OfferedTool<string>) => ({ ...offered, name: offered.tool.name });
const first = async (source: ToolSource<string>, options = {}): Promise<OfferedTool<string>> => {
  const { tools } = await offerTools(source, options, named);
  return tools[0] as OfferedTool<string>;
};

it("calls as whoever each call's own context names", async () => {
  const { as, calls } = workspace();
  const read = await first({ catalog: as("nobody"), clientOf: as });
  await Promise.all([read.call({ n: 1 }, { context: "ada" }), read.call({ n: 2 }, { context: "bob" })]);
  expect(calls).toMatchObject([
    { user: "ada", address: tool.origin, args: { n: 1 } },
    { user: "bob", address: tool.origin, args: { n: 2 } },
  ]);
});

it("takes a user's own client for both", async () => {
  const { as, calls } = workspace();
  await (await first(as("ada"))).call({}, { context: "whoever" });
  expect(calls.map(({ user }) => user)).toEqual(["ada"]);
});

it("names what is missing, and lists as it is told to", async () => {
  const { as, lists } = workspace();
  const list = { fresh: true };
  expect(await offerTools(as("ada"), { list }, ({ tool: { name } }) => ({ name }))).toEqual({
    tools: [{ name: "notes__read" }],
    unavailable: missing,
  });
  expect(lists).toEqual([list]);
});

it("passes on the signal, the deadline, and progress with the call's own context", async () => {
  const { as, calls } = workspace();
  const told: unknown[] = [];
  const onProgress = (...all: unknown[]) => told.push(all);
  const read = await first({ catalog: as("nobody"), clientOf: as }, { timeoutMs: 5, onProgress });
  const { signal } = new AbortController();
  await read.call({}, { context: "ada", signal, meta: { "example.com/why": "test" } });
  expect(calls[0]?.options).toMatchObject({ signal, timeoutMs: 5, meta: { "example.com/why": "test" } });
  calls[0]?.options?.onProgress?.({ progress: 1 });
  expect(told).toEqual([[{ progress: 1 }, tool, "ada"]]);
});

it("asks whether a person is asked, and has nothing to ask where nobody is", async () => {
  const { as } = workspace();
  expect((await first(as("ada"))).needsApproval).toBeUndefined();
  const read = await first(as("ada"), { needsApproval: (_: unknown, args: { n: number }) => args.n > 1 });
  expect([read.needsApproval?.({ n: 1 }), read.needsApproval?.({ n: 2 })]).toEqual([false, true]);
});

it.each([undefined, null, {}])(
  "refuses a call for which the host gives %s instead of a client",
  async (client) => {
    const { as, calls } = workspace();
    const read = await first({ catalog: as("nobody"), clientOf: () => client as never });
    await expect(read.call({}, { context: "ada" })).rejects.toMatchObject({ code: "PRINCIPAL_INVALID" });
    expect(calls).toEqual([]);
  },
);

it("refuses a call whose context the host cannot read, and keeps why", async () => {
  const { as, calls } = workspace();
  const read = await first({
    catalog: as("nobody"),
    clientOf: (context) => as((context as never as { user: { id: string } }).user.id),
  });
  const failure = { code: "PRINCIPAL_INVALID", cause: expect.any(TypeError) as unknown };
  await expect(read.call({}, { context: "ada" })).rejects.toMatchObject(failure);
  expect(calls).toEqual([]);
});

it("throws what the host itself says of a context", async () => {
  const { as } = workspace();
  const unknown = new TenantryError("WORKSPACE_UNKNOWN", "There is no such workspace.");
  const read = await first({ catalog: as("nobody"), clientOf: () => Promise.reject(unknown) });
  await expect(read.call({}, { context: "ada" })).rejects.toBe(unknown);
});

it("throws an abort as it is while the host still looks for the client", async () => {
  const { as } = workspace();
  const gone = new Error("Ada left.");
  const read = await first({ catalog: as("nobody"), clientOf: () => Promise.reject(gone) });
  const signal = AbortSignal.abort(gone);
  await expect(read.call({}, { context: "ada", signal })).rejects.toBe(gone);
});

it("ends a wait for a client that never comes", async () => {
  const { as } = workspace();
  const read = await first({ catalog: as("nobody"), clientOf: () => new Promise(() => {}) });
  const controller = new AbortController();
  const call = read.call({}, { context: "ada", signal: controller.signal });
  const gone = new Error("Ada left.");
  controller.abort(gone);
  await expect(call).rejects.toBe(gone);
});

it("keeps for itself what a host fails with after the caller has left", async () => {
  const { as } = workspace();
  const gone = new Error("Ada left.");
  const clientOf = () => Promise.reject(new Error("the host's secret"));
  const read = await first({ catalog: as("nobody"), clientOf });
  await expect(read.call({}, { context: "ada", signal: AbortSignal.abort(gone) })).rejects.toBe(gone);
});

it("calls as whoever the context named when the call began", async () => {
  const { as, calls } = workspace();
  const context = { user: "ada" };
  const { tools } = await offerTools(
    { catalog: as("nobody"), clientOf: async ({ user }: typeof context) => Promise.resolve(as(user)) },
    {},
    ({ tool: { name }, call }) => ({ name, call }),
  );
  const call = tools[0]?.call({}, { context });
  context.user = "bob";
  await call;
  expect(calls.map(({ user }) => user)).toEqual(["ada"]);
});

const onPurpose = new Error("on purpose");
it.each([
  [
    "throws",
    () => {
      throw onPurpose;
    },
  ],
  ["rejects", () => Promise.reject(onPurpose)],
])("is not disturbed by who hears of progress and %s", async (_, onProgress) => {
  const { as, calls } = workspace();
  const read = await first(as("ada"), { onProgress });
  await read.call({}, { context: "ada" });
  expect(() => calls[0]?.options?.onProgress?.({ progress: 1 })).not.toThrow();
});

it("leaves out tools that a framework calls by one name, and says whose they are", async () => {
  const mail = { ...tool, name: "mail__read", origin: { server: "mail", tool: "read" } } as CatalogTool;
  const other = { ...tool, name: "notes__write" };
  const { as } = workspace(tool, mail, other);
  const short = ({ tool: { name } }: OfferedTool<string>) => ({ name: name.split("__")[1] ?? "" });
  expect(await offerTools(as("ada"), {}, short)).toEqual({
    tools: [{ name: "write" }],
    unavailable: missing,
    ambiguous: [{ name: "read", servers: ["notes", "mail"] }],
  });
});

it.each([undefined, null, 1, {}, { clientOf: () => {} }, { listTools: () => {} }])(
  "refuses %s as a source",
  async (source) => {
    await expect(first(source as never)).rejects.toMatchObject({ code: "ARGUMENT_INVALID" });
  },
);
