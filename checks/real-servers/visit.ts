import { createConnector } from "@tenantry/client";
import { TenantryError, type Connection, type Endpoint } from "@tenantry/core";
import { createEgress } from "@tenantry/egress";
import { spawnPipe, type ChildPipe, type SpawnOptions } from "@tenantry/process";
import { setTimeout as sleep } from "node:timers/promises";
import { descriptors, markerOf, processesOf } from "./left-behind.ts";
import type { RealServer } from "./servers.ts";

/** What one visit showed. */
export interface Visit {
  readonly era: string;
  readonly protocolVersion: string;
  readonly tools: number;
  readonly pages: number;
  readonly connectMs: number;
  /** Any answer will do: what some of them need for another is not there. */
  readonly call: "answered" | "isError" | "error";
  readonly closeMs: number;
  /** Lines on stdout that were no message. */
  readonly noise: number;
  /** Nothing, where all is well. */
  readonly left: readonly string[];
}

/** Connects to a server that is started for it, lists, calls and closes. */
export async function visitPipe(server: RealServer, start: SpawnOptions): Promise<Visit> {
  const before = descriptors();
  const connector = createConnector({ egress: { target: noRequest, exchange: noRequest }, limits });
  let pipe: ChildPipe | undefined;
  let marker: string | undefined;
  const open = async ({ signal }: { signal?: AbortSignal | undefined }) => {
    pipe = await spawnPipe({ ...start, ...(signal && { signal }) });
    marker = markerOf(pipe.pid);
    return pipe;
  };
  const begin = performance.now();
  const connection = await connector.open({ kind: "pipe", open }, undefined, {});
  const connectMs = performance.now() - begin;
  const { closeMs, ...seen } = await use(connection, server);
  return { ...seen, connectMs, closeMs, noise: pipe?.noiseCount ?? 0, left: leftOf(marker, before) };
}

/** Does the same with a server that is started before and reached over HTTP. */
export async function visitHttp(server: RealServer, start: SpawnOptions, url: URL): Promise<Visit> {
  const before = descriptors();
  const child = await spawnPipe(start);
  const marker = markerOf(child.pid);
  child.start(() => {});
  const egress = createEgress();
  try {
    await until(() => child.stderrTail().includes("listening"), 30_000);
    const endpoint: Endpoint = { kind: "http", url, provenance: "code", headers: {} };
    const begin = performance.now();
    const connection = await createConnector({ egress, limits }).open(endpoint, undefined, {});
    const connectMs = performance.now() - begin;
    const seen = await use(connection, server);
    await egress.close();
    const { sockets } = egress.stats();
    await child.close();
    const left = leftOf(marker, before).concat(sockets === 0 ? [] : [`${sockets} sockets`]);
    return { ...seen, connectMs, noise: 0, left };
  } finally {
    await Promise.all([egress.close(), child.close()]);
  }
}

/** A busy machine starts eight big servers slowly. */
const limits = { handshakeTimeoutMs: 120_000 } as const;

async function use(connection: Connection, { call }: RealServer) {
  const { era, protocolVersion } = connection;
  try {
    let tools = 0;
    let pages = 0;
    for (let cursor: string | undefined, more = true; more; pages++) {
      const page = await connection.request("tools/list", cursor === undefined ? {} : { cursor });
      tools += page.tools.length;
      cursor = page.nextCursor;
      more = cursor !== undefined && pages < 100;
    }
    const outcome = await outcomeOf(connection.request("tools/call", call, { timeoutMs: 60_000 }));
    const begin = performance.now();
    await connection.close();
    return { era, protocolVersion, tools, pages, call: outcome, closeMs: performance.now() - begin } as const;
  } finally {
    await connection.close();
  }
}

async function outcomeOf(call: Promise<{ readonly isError?: boolean | undefined }>): Promise<Visit["call"]> {
  try {
    return (await call).isError === true ? "isError" : "answered";
  } catch (failure) {
    if (failure instanceof TenantryError && failure.code === "SERVER_ERROR") return "error";
    throw failure;
  }
}

function leftOf(marker: string | undefined, before: number): string[] {
  const more = descriptors() - before;
  return [...processesOf(marker), ...(more === 0 ? [] : [`${more} descriptors`])];
}

async function until(check: () => boolean, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!check()) {
    if (performance.now() > deadline)
      throw new Error(`Still not so after ${limitMs} ms: ${check.toString()}`);
    await sleep(20);
  }
}

function noRequest(): never {
  throw new Error("A pipe makes no HTTP request.");
}
