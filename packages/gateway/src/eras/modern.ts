import { inputRequiredOf } from "@tenantry/core";
import { requestOptions, type Exchange } from "../exchange/exchange.ts";
import { askableOf, foreignMeta, levelOf, metaKeys, metaOf, progressTokenOf } from "../exchange/said.ts";
import { viaMeta, viaOf } from "../exchange/via.ts";
import { capabilities, mayAsk, verbOf } from "../verbs/verbs.ts";
import { failureOf, Refused } from "../wire/failure.ts";
import type { Fields, Incoming } from "../wire/message.ts";
import { errorResponse } from "../wire/reply.ts";
import { checkEnvelope, modernVersion } from "./envelope.ts";
import { listen } from "./listen.ts";
import type { Parts, RequestMessage, Visit } from "./parts.ts";
import { checkParams, paramHeadersOf } from "./param-headers.ts";
import { runRequest } from "./run.ts";

/** Serves the modern era (MCP 2026-07-28): every POST is whole in itself. */
export class ModernEra {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Answers one POST. */
  async serve(visit: Visit, message: Incoming): Promise<Response> {
    if (message.kind !== "request") return new Response(null, { status: 202 });
    try {
      checkEnvelope(message, visit.request.headers);
      return await this.#answer(visit, message);
    } catch (failure) {
      return errorResponse(message.id, failureOf(failure));
    }
  }

  #answer(visit: Visit, message: RequestMessage): Promise<Response> {
    const { instance, limits } = this.#parts;
    const meta = metaOf(message.params);
    const via = viaOf(meta, instance, limits.maxHops);
    if (message.method === "subscriptions/listen") return listen(this.#parts, visit, message);
    const verb =
      message.method === "server/discover"
        ? () => Promise.resolve(this.#discovered())
        : verbOf(message.method);
    if (verb === undefined)
      throw new Refused({ status: 404, code: -32_601, message: "There is no such method." });
    const begin = { era: "modern", visit, message } as const;
    return runRequest(
      this.#parts,
      begin,
      (controller) => controller.abort(left),
      async ({ reply, controller }) => {
        const { signal } = controller;
        const { params, method } = message;
        const client = this.#parts.connect(visit.caller);
        const mirrored = method === "tools/call" ? paramHeadersOf(visit.request.headers) : undefined;
        if (mirrored !== undefined) await checkParams(mirrored, params, client, signal);
        const ear = { hearing: { reply, progressToken: progressTokenOf(meta) } };
        const logLevel = levelOf(meta[metaKeys.logLevel]);
        const exchange: Exchange = {
          ...{ era: "modern", method, params, signal, ear, limits },
          principal: visit.principal,
          client,
          capabilities: askableOf(meta[metaKeys.capabilities]),
          handles: this.#parts.handles,
          options: requestOptions({ signal, params, meta: viaMeta([...via, instance]), ear, logLevel }),
        };
        const result = mayAsk(method) ? await this.#parts.rounds.run(exchange, verb) : await verb(exchange);
        return this.#complete(result);
      },
    );
  }

  #discovered(): object {
    const { instructions, limits } = this.#parts;
    return {
      supportedVersions: [modernVersion],
      capabilities,
      ...(instructions !== undefined && { instructions }),
      ttlMs: limits.listTtlMs,
      cacheScope: "private",
    };
  }

  /** Says what a result is and who gives it. */
  #complete(result: object): object {
    const { _meta, resultType: _ofTheServer, ...rest } = result as Fields;
    const resultType = inputRequiredOf(result)?.resultType ?? "complete";
    return {
      resultType,
      ...rest,
      _meta: { ...foreignMeta(_meta), [metaKeys.serverInfo]: this.#parts.serverInfo },
    };
  }
}

const left = Object.freeze(new Error("The client has left."));
