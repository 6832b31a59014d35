import { ToolMessage } from "@langchain/core-1.0/messages";
import { StructuredTool } from "@langchain/core-1.0/tools";
import { startWorld } from "adapter-fixtures";
import { expect, it, vi } from "vitest";
import { userOf } from "../test/subject.ts";
import { structuredTools } from "./index.ts";

// The oldest version of the major, whose agents the newest ones have replaced: its tools by themselves.
vi.mock("@langchain/core/messages", () => import("@langchain/core-1.0/messages"));
vi.mock("@langchain/core/runnables", () => import("@langchain/core-1.0/runnables"));
vi.mock("@langchain/core/tools", () => import("@langchain/core-1.0/tools"));

const called = (name: string, args: object = {}) => ({
  name,
  args,
  id: "call-1",
  type: "tool_call" as const,
});

it("gives each user their own answers with @langchain/core 1.0", async () => {
  await using world = await startWorld();
  const { tools } = await structuredTools(world.sharedBy(userOf));
  const whoami = tools.find(({ name }) => name === "notes__whoami");
  expect(whoami).toBeInstanceOf(StructuredTool);
  const users = ["ada", "bob"];
  const answers = await Promise.all(
    users.map(
      (user) => whoami?.invoke(called("notes__whoami"), { configurable: { user } }) as Promise<ToolMessage>,
    ),
  );
  expect(answers.map(({ content, status, tool_call_id }) => [content, status, tool_call_id])).toEqual(
    users.map((user) => [user, "success", "call-1"]),
  );
  expect(answers[0]).toBeInstanceOf(ToolMessage);
  expect(world.server.crossings).toEqual([]);
});

it("gives a failure as a message with @langchain/core 1.0", async () => {
  await using world = await startWorld();
  const { tools } = await structuredTools(world.sharedBy(userOf));
  const fail = tools.find(({ name }) => name === "notes__fail");
  const failed = await fail?.invoke(called("notes__fail"), { configurable: { user: "ada" } });
  expect(failed).toBeInstanceOf(ToolMessage);
  expect(failed).toMatchObject({ status: "error", content: "ada's pen is broken.", tool_call_id: "call-1" });
  const nobody = await fail?.invoke(called("notes__fail"));
  expect(nobody).toMatchObject({ status: "error", artifact: { code: "PRINCIPAL_INVALID" } });
});

it("ends a call at the server with @langchain/core 1.0", async () => {
  await using world = await startWorld();
  const controller = new AbortController();
  const left = new Error("Ada left.");
  const { tools } = await structuredTools(world.as("ada"), { onProgress: () => controller.abort(left) });
  const wait = tools.find(({ name }) => name === "notes__wait");
  await expect(wait?.invoke({}, { signal: controller.signal })).rejects.toBe(left);
  await vi.waitFor(async () => expect(await world.notesOf("ada")).toContain("The caller left."));
});
