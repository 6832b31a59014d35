import type * as sdk from "@anthropic-ai/sdk";
import type { TenantryError } from "@tenantry/core";
import type { AskedTool, RunOptions, Subject } from "adapter-fixtures";
import { runnableTools, type RunnableTool, type ToolCall } from "../src/index.ts";
import { told, type MessagesApi, type Script } from "./messages-api.ts";

/** How a run of the tool runner differs from a plain one. */
export interface RunnerOptions extends RunOptions {
  readonly stream?: boolean;
  readonly runToolsEagerly?: boolean;
  readonly script?: Partial<Script>;
}

/** Runs tool runners of one version. The runner has no context but the signal of a run, so that tells whose the run is. */
export function anthropic({ Anthropic }: Pick<typeof sdk, "Anthropic">, api: MessagesApi) {
  const users = new WeakMap<AbortSignal, string | undefined>();
  const heard = new WeakMap<AbortSignal, TenantryError[]>();

  const converse = async (
    tools: RunnableTool[],
    turns: readonly (readonly AskedTool[])[],
    options: RunnerOptions = {},
  ) => {
    const { user, script, stream = false, runToolsEagerly = false } = options;
    const { signal = new AbortController().signal } = options;
    const { baseURL, conversation } = api.converse({ turns, ...script });
    const client = new Anthropic({ apiKey: "key", baseURL, maxRetries: 0 });
    const messages = [{ role: "user" as const, content: "Do it." }];
    users.set(signal, user);
    heard.set(signal, []);
    const runner = client.beta.messages.toolRunner(
      { model: "claude-opus-5-5", max_tokens: 100, messages, tools, stream, runToolsEagerly },
      { signal },
    );
    await runner.runUntilDone();
    return { conversation, answers: conversation.results.map(told), failures: heard.get(signal) ?? [] };
  };
  const subject: Subject<ToolCall, RunnableTool[]> = {
    offer: (source, options) =>
      runnableTools(source, {
        ...options,
        ...(options?.needsApproval && { confirm: () => true }),
        onFailure: (error, _tool, { signal }) => heard.get(signal as AbortSignal)?.push(error),
      }),
    userOf: ({ signal }) => users.get(signal as AbortSignal),
    namesOf: (tools) => tools.map(({ name }) => name),
    async run(tools, turns, options) {
      const { conversation, answers, failures } = await converse(tools, turns, options);
      return { answers, failures, sent: conversation.requests };
    },
  };
  return { subject, converse };
}
