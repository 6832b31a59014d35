/** A message as it comes back. */
export interface Said {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** How one POST is made. */
export interface PostOptions {
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const accept = "application/json, text/event-stream";

/** Posts a body as it is. */
export function post(url: URL, body: unknown, { token = "acme/ada", headers, signal }: PostOptions = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", accept, authorization: `Bearer ${token}`, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** The messages of an answer, as they come. */
export async function* messagesOf(response: Response): AsyncGenerator<Said> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const whole = await response.text();
    if (whole !== "") yield JSON.parse(whole) as Said;
    return;
  }
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let at = text.indexOf("\n\n"); at !== -1; at = text.indexOf("\n\n")) {
      const data = /^data: (.*)$/mu.exec(text.slice(0, at))?.[1];
      text = text.slice(at + 2);
      if (data !== undefined) yield JSON.parse(data) as Said;
    }
  }
}

/** The last message of an answer, which is its result or its error. */
export async function lastOf(response: Response): Promise<Said> {
  let last: Said = {};
  for await (const said of messagesOf(response)) last = said;
  return last;
}

/** What a modern request says of its client. */
export const envelope = (capabilities: object = {}, more: object = {}) => ({
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": capabilities,
  "io.modelcontextprotocol/clientInfo": { name: "wire", version: "1" },
  ...more,
});

/** A modern request with its headers. */
export function modern(
  method: string,
  params: Record<string, unknown> = {},
  capabilities: object = {},
  id: string | number = 1,
) {
  const { _meta, ...rest } = params;
  const name = params["name"] ?? params["uri"];
  const body = {
    jsonrpc: "2.0",
    id,
    method,
    params: { ...rest, _meta: envelope(capabilities, _meta as object) },
  };
  const headers = {
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": method,
    ...(typeof name === "string" && { "mcp-name": name }),
  };
  return { body, headers };
}

/** Makes a modern request and gives its last message, with the HTTP status. */
export async function ask(
  url: URL,
  method: string,
  params: Record<string, unknown> = {},
  { capabilities, ...options }: PostOptions & { readonly capabilities?: object } = {},
): Promise<Said & { readonly status: number }> {
  const { body, headers } = modern(method, params, capabilities);
  const response = await post(url, body, { ...options, headers: { ...headers, ...options.headers } });
  return { ...(await lastOf(response)), status: response.status };
}

/** A client of the legacy era that has said hello. */
export async function hello(
  url: URL,
  { capabilities = {}, ...options }: PostOptions & { capabilities?: object } = {},
) {
  const params = { protocolVersion: "2025-11-25", capabilities, clientInfo: { name: "wire", version: "1" } };
  const response = await post(url, { jsonrpc: "2.0", id: 0, method: "initialize", params }, options);
  const session = response.headers.get("mcp-session-id") ?? "";
  const headers = { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" };
  const { result } = await lastOf(response);
  const send = (message: object, over: PostOptions = {}) =>
    post(
      url,
      { jsonrpc: "2.0", ...message },
      { ...options, ...over, headers: { ...headers, ...over.headers } },
    );
  return {
    session,
    headers,
    result,
    send,
    request: async (method: string, given: object = {}, id: string | number = 1) => {
      const answer = await send({ id, method, params: given });
      return { ...(await lastOf(answer)), status: answer.status };
    },
    listen: (signal?: AbortSignal) =>
      fetch(url, {
        headers: { ...headers, accept, authorization: `Bearer ${options.token ?? "acme/ada"}` },
        ...(signal && { signal }),
      }),
    end: () =>
      fetch(url, {
        method: "DELETE",
        headers: { ...headers, authorization: `Bearer ${options.token ?? "acme/ada"}` },
      }),
  };
}
