import { expect, it } from "vitest";
import { notebookTools, startNotebook, type FakeToolContext } from "./index.ts";

const callOf = (user: string, signal = new AbortController().signal): FakeToolContext => ({
  ...{ user, credential: undefined, sessionId: undefined, state: new Map(), signal },
  progress: () => Promise.resolve(),
});
const toolNamed = (name: string, tools = notebookTools()) =>
  tools.find(({ definition }) => definition.name === name) ?? expect.unreachable();

it("has notes of each user's own, and another notebook has others", async () => {
  const [tools, others] = [notebookTools(), notebookTools()];
  await toolNamed("write", tools).call({ text: "by ada" }, callOf("ada"));
  const read = async (user: string, of = tools) =>
    (await toolNamed("read", of).call({}, callOf(user))).content;
  expect(await read("ada")).toEqual([{ type: "text", text: "by ada" }]);
  expect(await read("bob")).toEqual([{ type: "text", text: "" }]);
  expect(await read("ada", others)).toEqual([{ type: "text", text: "" }]);
});

it("notes that a caller has left who left before it waited", async () => {
  const tools = notebookTools();
  await toolNamed("wait", tools).call({}, callOf("ada", AbortSignal.abort()));
  expect(await toolNamed("read", tools).call({}, callOf("ada"))).toEqual({
    content: [{ type: "text", text: "The caller left." }],
  });
});

it("tells the tokens of its users, and of nobody else", async () => {
  await using server = await startNotebook({ users: ["ada", "__proto__"] });
  expect([server.tokenOf("ada"), server.tokenOf("__proto__")]).toEqual([
    "token-of-ada",
    "token-of-__proto__",
  ]);
  expect(() => server.tokenOf("bob")).toThrow("[ARGUMENT_INVALID]");
});
