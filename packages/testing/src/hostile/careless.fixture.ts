import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostileClient, HostileCommand, HostileSession, HostileUrl } from "./client.ts";

type Json = Record<string, unknown>;

interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: Json;
  readonly error?: { readonly code?: number; readonly message?: string; readonly data?: Json };
}

/** An MCP client that believes, reads, follows, opens and answers everything, and has no deadline. */
export function carelessClient(proxy?: string): HostileClient {
  return {
    name: "careless",
    open: (target) => (target.kind === "stdio" ? openChild(target) : new Careless(target, proxy).open()),
  };
}

class Careless implements HostileSession {
  readonly #target: HostileUrl;
  readonly #proxy: string | undefined;
  #url: string;
  #session: string | undefined;
  #schema: Json = {};
  readonly #chores: Promise<unknown>[] = [];
  #id = 0;
  #closed = false;

  constructor(target: HostileUrl, proxy: string | undefined) {
    this.#target = target;
    this.#url = target.url;
    this.#proxy = proxy;
  }

  async open(): Promise<this> {
    if (this.#target.transport === "sse") await this.#findEndpoint();
    if (this.#target.era === "legacy") {
      await this.#ask("initialize", {});
      void this.#listen().catch(() => {});
    }
    return this;
  }

  async listTools(): Promise<unknown> {
    const tools: Json[] = [];
    for (let cursor: unknown, page = 0; page === 0 || (cursor && page < 250); page++) {
      const result = await this.#ask("tools/list", cursor === undefined ? {} : { cursor });
      tools.push(...(result["tools"] as Json[]));
      cursor = result["nextCursor"];
    }
    this.#schema = (tools.find(({ name }) => name === "work")?.["outputSchema"] as Json | undefined) ?? {};
    return tools;
  }

  async callTool(name: string): Promise<unknown> {
    let result: Json = {};
    for (let round = 0; round < 100; round++) {
      const { requestState } = result;
      result = await this.#ask("tools/call", { name, ...(requestState ? { requestState } : {}) });
      if (result["resultType"] !== "input_required") break;
    }
    // Some are never answered.
    await Promise.race([Promise.all(this.#chores), sleep(3_000)]);
    const value = result["structuredContent"];
    check(this.#schema, value, this.#schema);
    return merge({}, { value });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#session) await this.#fetch(this.#url, { method: "DELETE" });
  }

  async #ask(method: string, params: Json): Promise<Json> {
    const id = this.#id++;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    let response = await this.#fetch(this.#url, { method: "POST", body });
    for (let again = 0; response.status === 503 && again < 20; again++)
      response = await this.#fetch(this.#url, { method: "POST", body });
    this.#session ??= response.headers.get("mcp-session-id") ?? undefined;
    for (let resumed = 0; resumed < 50; resumed++) {
      const answer = this.#read(await response.text()).find((message) => message.id === id);
      if (answer?.error?.data) await this.#openUrls(answer.error.data["elicitations"] as Json[]);
      if (answer?.result) return answer.result;
      if (answer || !response.headers.get("content-type")?.includes("event-stream")) break;
      response = await this.#fetch(this.#url, { headers: { "last-event-id": "1" } });
    }
    throw new Error(`${method} was not answered.`);
  }

  /** Reads whatever it is, and does what each message says. */
  #read(text: string): readonly Message[] {
    const texts = text.startsWith("{") ? [text] : text.split("\n\n").map(dataOf);
    const messages = texts.flatMap((one) => parsed(one));
    for (const message of messages) this.#obey(message);
    return messages;
  }

  #obey({ id, method, params = {} }: Message): void {
    if (method === "notifications/tools/list_changed" && this.#chores.length < 50)
      this.#chores.push(this.listTools());
    // Enough to be seen; more would only take time.
    if (method === undefined || id === undefined || this.#chores.length > 200) return;
    void this.#openUrls([params]);
    const body = JSON.stringify({ jsonrpc: "2.0", id, result: {} });
    this.#chores.push(this.#fetch(this.#url, { method: "POST", body }).catch(() => {}));
  }

  async #openUrls(all: readonly Json[]): Promise<void> {
    for (const { url } of all) if (typeof url === "string") await fetch(url).catch(() => {});
  }

  async #listen(): Promise<void> {
    for (let opened = 0; !this.#closed && opened < 200; opened++) {
      const response = await this.#fetch(this.#url, {});
      if (!response.ok) return;
      await response.text();
    }
  }

  async #findEndpoint(): Promise<void> {
    const response = await this.#fetch(this.#url, {});
    const parts: string[] = [];
    for await (const chunk of response.body ?? []) {
      parts.push(new TextDecoder().decode(chunk));
      if (!parts.at(-1)?.endsWith("\n\n")) continue;
      const [, endpoint] = /event: endpoint\ndata: (\S+)\n/u.exec(parts.join("")) ?? [];
      if (endpoint === undefined) continue;
      this.#url = new URL(endpoint, this.#url).href;
      return;
    }
    throw new Error("There was no endpoint.");
  }

  #fetch(url: string, init: RequestInit): Promise<Response> {
    const { headers, era } = this.#target;
    const session = this.#session === undefined ? undefined : { "mcp-session-id": this.#session };
    const version = era === "modern" ? "2026-07-28" : "2025-11-25";
    return fetch(this.#proxy ?? url, {
      ...init,
      headers: {
        ...headers,
        ...session,
        "mcp-protocol-version": version,
        ...(init.headers as Record<string, string>),
      },
    });
  }
}

function dataOf(event: string): string {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  return lines.map((line) => line.slice(5)).join("\n");
}

function parsed(text: string): readonly Message[] {
  try {
    return [JSON.parse(text) as Message];
  } catch {
    return [];
  }
}

/** Copies one value into another, as the world did before 2019. */
function merge(target: Json, source: Json): Json {
  for (const [key, value] of Object.entries(source)) {
    if (typeof value !== "object" || value === null) target[key] = value;
    else target[key] = merge((target[key] as Json | undefined) ?? {}, value as Json);
  }
  return target;
}

/** Checks a value against a schema: references wherever they lead, and patterns whatever they cost. */
function check(schema: Json, value: unknown, root: Json): void {
  const { $ref, allOf = [], properties = {}, pattern, patternProperties = {} } = schema;
  if (typeof $ref === "string") checkReference($ref, value, root);
  for (const one of allOf as Json[]) check(one, value, root);
  if (typeof value === "string" && typeof pattern === "string") new RegExp(pattern, "u").test(value);
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const property = (properties as Record<string, Json>)[key];
    if (property) check(property, inner, root);
    for (const expression of Object.keys(patternProperties as Json)) new RegExp(expression, "u").test(key);
  }
}

function checkReference($ref: string, value: unknown, root: Json): void {
  const definitions = (root["$defs"] ?? {}) as Record<string, Json>;
  if ($ref.startsWith("http")) void fetch($ref).catch(() => {});
  else check(definitions[$ref.replace("#/$defs/", "")] ?? {}, value, root);
}

/** Never reads what its child says on stderr, takes each line for an answer, and leaves the child behind. */
async function openChild({ command, args }: HostileCommand): Promise<HostileSession> {
  const child = spawn(command, args);
  child.unref();
  const waiting = new Map<unknown, PromiseWithResolvers<Json>>();
  createInterface(child.stdout).on("line", (line) => {
    try {
      const { id, result = {} } = JSON.parse(line) as Message;
      waiting.get(id)!.resolve(result);
    } catch (failure) {
      for (const one of waiting.values()) one.reject(failure);
    }
  });
  const ask = async (method: string, params: Json) => {
    const answer = Promise.withResolvers<Json>();
    const id = waiting.size;
    waiting.set(id, answer);
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return merge({}, await answer.promise);
  };
  await ask("initialize", {});
  return {
    listTools: () => ask("tools/list", {}),
    callTool: (name) => ask("tools/call", { name }),
    close: async () => {},
  };
}
