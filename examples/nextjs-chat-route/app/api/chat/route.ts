import { toolSet } from "@tenantry/ai-sdk";
import { convertToModelMessages, isStepCount, safeValidateUIMessages, streamText } from "ai";
import { model } from "../../../lib/model.ts";
import { tenantry } from "../../../lib/tenantry.ts";
import { userOf } from "../../../lib/users.ts";

/** Answers `useChat()` of whoever is signed in, with that user's tools. */
export async function POST(request: Request): Promise<Response> {
  const user = userOf(request);
  if (user === undefined) return new Response("Sign in first.", { status: 401 });
  const body = (await request.json().catch(() => undefined)) as { messages?: unknown } | null | undefined;
  const conversation = await safeValidateUIMessages({ messages: body?.messages });
  if (!conversation.success) return new Response("Send { messages }.", { status: 400 });

  const client = tenantry.workspace("acme").as(user.id, { notesToken: user.notesToken });
  const { tools, unavailable } = await toolSet(client);
  for (const { server, error } of unavailable) console.warn(server, error.message);
  const result = streamText({
    model,
    tools,
    messages: await convertToModelMessages(conversation.data, { tools }),
    stopWhen: isStepCount(8),
    abortSignal: request.signal,
  });
  return result.toUIMessageStreamResponse();
}
