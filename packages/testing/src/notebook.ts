import { TenantryError, type CallToolResult, type Tool } from "@tenantry/core";
import type { FakeTool, FakeToolContext } from "./fake-tools.ts";
import { startFakeServer, type FakeServer, type FakeServerOptions } from "./fake-server.ts";

/** A fake server with a notebook for each user. */
export interface Notebook extends FakeServer {
  /** What a user calls it with, as `Authorization: Bearer`; throws `ARGUMENT_INVALID` for one that it does not know. */
  tokenOf(user: string): string;
}

/** How a notebook is started; what is not said here is as for `startFakeServer`. */
export interface NotebookOptions extends Omit<FakeServerOptions, "authenticate" | "tools" | "toolsFor"> {
  /** Who has one; defaults to `ada` and `bob`. */
  readonly users?: readonly string[];
}

/** Starts a server of ten tools for those who write adapters: each kind of result, a failure, a wait, and notes of each user's own. */
export async function startNotebook(options: NotebookOptions = {}): Promise<Notebook> {
  const { users = ["ada", "bob"], ...rest } = options;
  const tokens = new Map(users.map((user) => [user, `token-of-${user}`]));
  const keys = Object.fromEntries([...tokens].map(([user, token]) => [token, user]));
  const authenticate = { header: "authorization", keys };
  const server = await startFakeServer({ ...rest, authenticate, tools: notebookTools() });
  const tokenOf = (user: string) => {
    const token = tokens.get(user);
    if (token === undefined)
      throw new TenantryError(
        "ARGUMENT_INVALID",
        "The notebook does not know this user; name it in `users`.",
      );
    return token;
  };
  return Object.defineProperty(server, "tokenOf", { value: tokenOf }) as Notebook;
}

/** The ten tools of a notebook: `whoami write read erase picture sound report page fail wait`. */
export function notebookTools(): readonly FakeTool[] {
  const notes = new Map<string | undefined, string[]>();
  const own = (user: string | undefined) => notes.get(user) ?? notes.set(user, []).get(user) ?? [];
  return Object.freeze([
    tool("whoami", "Tells whose key the request carried.", {}, ({ user }) => text(user ?? "nobody")),
    tool("write", "Writes a note.", { text: { type: "string", minLength: 1 } }, ({ user, args }) => {
      own(user).push(String(args["text"]));
      return text(`${user ?? "nobody"} wrote: ${String(args["text"])}`);
    }),
    tool("read", "Reads all notes.", {}, ({ user }) => text(own(user).join("\n"))),
    tool(
      "erase",
      "Erases all notes.",
      {},
      ({ user }) => text(`erased ${own(user).splice(0).length} notes of ${user ?? "nobody"}`),
      { destructiveHint: true },
    ),
    tool("picture", "Draws the user.", {}, ({ user }) => ({
      content: [
        ...text(`a picture of ${user ?? "nobody"}`).content,
        { type: "image", data: pixel, mimeType: "image/png" },
      ],
    })),
    tool("sound", "Says the user's name.", {}, () => ({
      content: [{ type: "audio", data: "UklGRiQAAABXQVZF", mimeType: "audio/wav" }],
    })),
    tool("report", "Counts the user's notes; the answer is structured and has no text.", {}, ({ user }) => ({
      content: [],
      structuredContent: { user: user ?? null, notes: own(user).length },
    })),
    tool("page", "Gives the first page and where the next one is.", {}, ({ user }) => ({
      content: [
        {
          type: "resource",
          resource: { uri: "note://1", mimeType: "text/plain", text: `page 1 of ${user ?? "nobody"}` },
        },
        { type: "resource_link", uri: "note://2", name: "page 2" },
      ],
    })),
    tool("fail", "Fails.", {}, ({ user }) => ({
      ...text(`${user ?? "nobody"}'s pen is broken.`),
      isError: true,
    })),
    tool("wait", "Waits until the caller leaves, and notes that.", {}, async ({ user, progress, signal }) => {
      await progress(1, 2);
      if (!signal.aborted)
        await new Promise((leave) => signal.addEventListener("abort", leave, { once: true }));
      own(user).push("The caller left.");
      return text("left");
    }),
  ]);
}

type Call = FakeToolContext & { readonly args: Readonly<Record<string, unknown>> };

function tool(
  name: string,
  description: string,
  properties: NonNullable<Tool["inputSchema"]["properties"]>,
  call: (call: Call) => CallToolResult | Promise<CallToolResult>,
  annotations?: Tool["annotations"],
): FakeTool {
  const inputSchema = { type: "object", properties, required: Object.keys(properties) } as const;
  return {
    definition: { name, description, inputSchema, ...(annotations && { annotations }) },
    call: (args, { user, credential, sessionId, state, signal, progress }) =>
      call({ args, user, credential, sessionId, state, signal, progress }),
  };
}

function text(value: string): CallToolResult {
  return { content: [{ type: "text", text: value }] };
}

/** One transparent pixel. */
const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
