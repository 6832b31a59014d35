import { randomUUID } from "node:crypto";
import { ContentType, type ActionResult, type Media } from "@elizaos/core";
import type { CallToolResult, TenantryError } from "@tenantry/core";
import { failureFacts, resultText } from "@tenantry/core/adapter";
import type { MessageTool } from "./tool-actions.ts";

/** Which action of which server it is the result of. */
export interface Answered {
  readonly actionName: string;
  readonly serverName?: string | undefined;
  readonly toolName?: string | undefined;
}

/** The names under which a tool's results are told; of none, that of the action. */
export function answeredBy(meant: MessageTool | undefined, name: string): Answered {
  if (meant === undefined) return { actionName: name };
  const { server, tool } = meant.tool.origin;
  return { actionName: meant.tool.name, serverName: server, toolName: tool };
}

/** A tool's result as an action's: its text, its images and sounds as attachments, and what is structured as data. */
export function actionResult(result: CallToolResult, answered: Answered): ActionResult {
  const text = resultText(result);
  const attachments = attachmentsOf(result, answered);
  const data = {
    ...answered,
    ...(result.structuredContent !== undefined && { structuredContent: result.structuredContent }),
    ...(attachments.length > 0 && { attachments }),
  };
  if (!result.isError) return { success: true, text, data };
  const why = text || `${answered.actionName} failed and did not say why.`;
  return { success: false, text: why, error: why, data: { ...data, isError: true } };
}

/**
 * A failure as an action's result, with a text, because elizaOS takes what has neither text nor data for a success. Where a
 * person has to grant access the text says on which page.
 */
export function failedResult(failure: TenantryError, answered: Answered): ActionResult {
  const { message, ...facts } = failureFacts(failure);
  const { authorizationUrl } = facts;
  const page = authorizationUrl === undefined ? "" : ` Open ${authorizationUrl} to grant access.`;
  const text = `${message}${page}`;
  return { success: false, text, error: text, data: { ...answered, ...facts } };
}

/** What of a result is a file, each with an id of its own. */
function attachmentsOf({ content }: CallToolResult, answered: Answered): Media[] {
  const source = [answered.serverName, answered.toolName].filter(Boolean).join("/");
  return content.flatMap((block) => {
    const { data, mimeType } = fileOf(block) ?? {};
    const contentType = kindOf(mimeType);
    if (contentType === undefined) return [];
    const title = `${answered.toolName ?? answered.actionName}: ${contentType}`;
    const url = `data:${mimeType};base64,${data}`;
    // elizaOS has models describe attachments that have no description.
    return [{ id: randomUUID(), url, title, source, description: title, text: title, contentType }];
  });
}

function fileOf(block: CallToolResult["content"][number]) {
  if (block.type === "image" || block.type === "audio") return block;
  if (block.type !== "resource" || !("blob" in block.resource)) return undefined;
  return { data: block.resource.blob, mimeType: block.resource.mimeType };
}

/** By a whole media type (RFC 6838, section 4.2), because it becomes part of a URL. */
function kindOf(mimeType = ""): ContentType | undefined {
  if (mimeType === "application/pdf") return ContentType.DOCUMENT;
  const type = /^(?<type>image|audio|video)\/[\w!#$&^.+-]+$/u.exec(mimeType)?.groups?.["type"];
  const kinds = { image: ContentType.IMAGE, audio: ContentType.AUDIO, video: ContentType.VIDEO };
  return type === undefined ? undefined : kinds[type as keyof typeof kinds];
}
