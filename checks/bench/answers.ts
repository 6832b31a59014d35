// What the server answers: ready bytes, but for the id of the request.

/** Which eras a path speaks: both, as a current server does, or the legacy one alone. */
export type Eras = "both" | "legacy";

/** How a call is answered. */
export interface Form {
  readonly reply: "json" | "sse";
  /** How long the text in the result of a call is. */
  readonly bytes: number;
  /** How many tools it lists; defaults to 1. */
  readonly tools?: number;
}

/** A tool whose calls are never answered; no listing has it. */
export const hangingTool = "hang";

/** A bearer token that no message is answered with. */
export const refusedToken = "token-that-is-refused";

/** The path of a server that speaks `eras` and answers its calls in `form`. */
export function pathOf(eras: Eras, { reply, bytes, tools = 1 }: Form): string {
  return `/${eras}/${reply}/${bytes}/${tools}`;
}

/** Reads what `pathOf` wrote. */
export function readPath(path: string): { readonly eras: Eras; readonly form: Required<Form> } {
  const [, eras, reply, bytes, tools] = path.split("/");
  return {
    eras: eras === "legacy" ? "legacy" : "both",
    form: { reply: reply === "sse" ? "sse" : "json", bytes: Number(bytes), tools: Number(tools) },
  };
}

/** The end of a JSON-RPC answer, after its id. */
type Tail = Buffer;

/** The answers of one path. */
export interface Answers {
  readonly legacy: ReadonlyMap<string, Tail>;
  readonly modern: ReadonlyMap<string, Tail>;
}

/** What a method that the server does not have is answered with. */
export const unknownMethod: Tail = Buffer.from(',"error":{"code":-32601,"message":"Method not found"}}');

/** Prepares every answer of a server of so many tools whose calls are answered with `bytes` of text. */
export function prepareAnswers({ bytes, tools: count }: Pick<Required<Form>, "bytes" | "tools">): Answers {
  const tools = Array.from({ length: count }, (_, at) => (at === 0 ? tool : { ...tool, name: `echo_${at}` }));
  const line = "The quick brown fox jumps over the lazy dog. ";
  const text = line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
  const content = [{ type: "text", text }];
  const listed = { ttlMs: 3_600_000, cacheScope: "private" };
  const about = { supportedVersions: ["2026-07-28"], capabilities, ...listed };
  return {
    legacy: tails({
      initialize: { protocolVersion: "2025-11-25", capabilities, serverInfo },
      "tools/list": { tools },
      "tools/call": { content },
      ping: {},
    }),
    modern: tails({
      "server/discover": { resultType: "complete", ...about, _meta },
      "tools/list": { resultType: "complete", ...listed, tools },
      "tools/call": { resultType: "complete", content },
    }),
  };
}

const tool = {
  name: "echo",
  description: "Answers with some text.",
  inputSchema: { type: "object", properties: { text: { type: "string" } } },
};
const serverInfo = { name: "bench", version: "1.0.0" };
const capabilities = { tools: {} };
const _meta = { "io.modelcontextprotocol/serverInfo": serverInfo };

function tails(results: Readonly<Record<string, unknown>>): ReadonlyMap<string, Tail> {
  return new Map(
    Object.entries(results).map(([method, result]) => [
      method,
      Buffer.from(`,"result":${JSON.stringify(result)}}`),
    ]),
  );
}
