import { randomUUID } from "node:crypto";
import { Command, interrupt, type Interrupt as Question } from "@langchain/langgraph";
import type { CatalogTool } from "@tenantry/core";
import { startMail, startWorld, type AskedTool } from "adapter-fixtures";
import { afterAll, describe, expect, it } from "vitest";
import { agentOfLangchain, agentOfLanggraph, type MakeAgent } from "../test/agents.ts";
import { scriptedModel, toolMessages } from "../test/scripted-model.ts";
import { input, userOf } from "../test/subject.ts";
import { structuredTools, type ActionReview, type StructuredToolsOptions } from "./index.ts";

const destructive = ({ annotations }: CatalogTool) => annotations?.destructiveHint === true;

/** One thread of an agent, which can be gone on with. */
function thread(
  makeAgent: MakeAgent,
  tools: Parameters<MakeAgent>[1],
  asked: AskedTool[],
  more: object = {},
) {
  const agent = makeAgent(scriptedModel([asked]), tools);
  const config = { configurable: { thread_id: randomUUID(), ...more } };
  const after = async (step: unknown) => {
    const state = (await agent.invoke(step as typeof input, config)) as Awaited<
      ReturnType<typeof agent.invoke>
    > & { __interrupt__?: Question[] };
    return { answers: toolMessages(state.messages), questions: (state.__interrupt__ ?? []) as Question[] };
  };
  return { start: () => after(input), resume: (resume: unknown) => after(new Command({ resume })) };
}

describe.each([
  ["createAgent", agentOfLangchain],
  ["createReactAgent, version v2", agentOfLanggraph("v2")],
] as const)("in %s", async (_, makeAgent) => {
  const { as, sent, ...world } = await startWorld();
  afterAll(() => world[Symbol.asyncDispose]());
  const erasures = () => sent("erase");
  const ask: StructuredToolsOptions = { needsApproval: destructive, interrupt };

  it("waits for a person, and does what each call was decided", async () => {
    const { tools } = await structuredTools(as("ada"), ask);
    const erase = { name: "notes__erase" };
    const { start, resume } = thread(makeAgent, tools, [erase, { name: "notes__whoami" }, erase]);
    const before = erasures();
    const { questions } = await start();
    expect(questions.map(({ value }) => (value as ActionReview).actionRequests)).toMatchObject([
      [{ name: "notes__erase", args: {} }],
      [{ name: "notes__erase", args: {} }],
    ]);
    expect(erasures()).toBe(before);
    const [first, second] = questions.map(({ id }) => id ?? "");
    const { answers } = await resume({
      [first ?? ""]: { decisions: [{ type: "reject", message: "Keep them." }] },
      [second ?? ""]: { decisions: [{ type: "approve" }] },
    });
    expect(answers.map(({ status, content }) => [status, content])).toEqual([
      ["error", "Keep them."],
      ["success", "ada"],
      ["success", expect.stringMatching(/^erased/u)],
    ]);
    expect(erasures()).toBe(before + 1);
  });

  it.each([
    undefined,
    true,
    "approve",
    { decisions: "approve" },
    { decisions: [] },
    { decisions: [{ type: "edit" }] },
    { decisions: [{ type: "approve" }, { type: "reject" }] },
  ])("takes %j for no approval", async (decision) => {
    const { tools } = await structuredTools(as("ada"), ask);
    const { start, resume } = thread(makeAgent, tools, [{ name: "notes__erase" }]);
    const before = erasures();
    const { questions } = await start();
    const { answers } = await resume({ [questions[0]?.id ?? ""]: decision });
    expect(answers).toMatchObject([{ status: "error", content: expect.stringContaining("not approve") }]);
    expect(erasures()).toBe(before);
  });

  it("waits for a user to grant access, and then calls as that user", async () => {
    await using world = await startMail();
    const { tools } = await structuredTools(world.sharedBy(userOf), { interrupt });
    const { start, resume } = thread(makeAgent, tools, [{ name: "mail__whoami" }], { user: "bob" });
    const { questions } = await start();
    const facts = questions[0]?.value as { authorizationUrl: string };
    expect(facts).toMatchObject({ code: "AUTHORIZATION_REQUIRED", server: "mail" });
    const again = await resume("I have not yet.");
    expect(again.questions[0]?.value).toMatchObject({ code: "AUTHORIZATION_REQUIRED" });
    await world.grant("bob", (again.questions[0]?.value as typeof facts).authorizationUrl);
    const { answers } = await resume("I have.");
    expect(answers).toMatchObject([{ status: "success", content: expect.stringContaining("bob-at-mail") }]);
    const { requests } = world.mail;
    expect(requests.filter(({ tool }) => tool === "whoami")).toHaveLength(1);
  });
});

it("does not ask where one answer could be taken for another, nor where nobody can be asked", async () => {
  await using world = await startWorld();
  const { tools } = await structuredTools(world.as("ada"), { needsApproval: destructive, interrupt });
  const erase = { name: "notes__erase" };
  const { start } = thread(agentOfLanggraph("v1"), tools, [erase, erase]);
  const { answers, questions } = await start();
  expect(questions).toEqual([]);
  expect(answers.map(({ artifact }) => artifact as unknown)).toMatchObject([
    { code: "CALL_DENIED" },
    { code: "CALL_DENIED" },
  ]);
  const direct = await tools.find(({ name }) => name === "notes__erase")?.invoke({});
  expect(direct).toMatchObject({ status: "error", artifact: { code: "CALL_DENIED" } });
  expect(world.sent("erase")).toBe(0);
});

it("tells who has to grant access, and where, without a way to wait for it", async () => {
  await using world = await startMail();
  const asked = [{ name: "mail__whoami" }];
  const waiting = (await structuredTools(world.sharedBy(userOf))).tools;
  // With `interrupt` it does not wait either where the other calls of a message would run again.
  const sharing = (await structuredTools(world.sharedBy(userOf), { interrupt })).tools;
  for (const [makeAgent, tools] of [
    [agentOfLangchain, waiting],
    [agentOfLanggraph("v1"), sharing],
  ] as const) {
    const { answers, questions } = await thread(makeAgent, tools, asked, { user: "bob" }).start();
    expect(questions).toEqual([]);
    expect(answers).toMatchObject([
      { status: "error", artifact: { authorizationUrl: expect.stringMatching(/^http:/u) as unknown } },
    ]);
  }
});

it("refuses a need for approval that has no way to ask", async () => {
  await using world = await startWorld();
  await expect(structuredTools(world.as("ada"), { needsApproval: () => true })).rejects.toThrow(
    "[ARGUMENT_INVALID]",
  );
  expect(world.server.requests).toEqual([]);
});
