import { announce, systemClock, TenantryError } from "@tenantry/core";
import manifest from "../package.json" with { type: "json" };
import { InputRoundsOfClients } from "./asking/input-rounds.ts";
import { Questions } from "./asking/questions.ts";
import { fixedCaller, keyOf, principalOfCaller } from "./door/caller.ts";
import { Door, exposed, preflight } from "./door/door.ts";
import type { Parts } from "./eras/parts.ts";
import { Endings } from "./exchange/endings.ts";
import { Tally } from "./exchange/tally.ts";
import { Handles, randomName } from "./handles/handles.ts";
import { KeyRing } from "./handles/key-ring.ts";
import { gatewayLimits } from "./limits.ts";
import { checkOptions, type GatewayOptions } from "./options.ts";
import { passOn } from "./pass-on.ts";
import { Served } from "./served.ts";
import { errorResponse } from "./wire/reply.ts";

/** A count of what a gateway has under way. */
export interface GatewayStats {
  /** Requests that are being answered. */
  readonly requests: number;
  /** Streams on which clients hear of changes. */
  readonly streams: number;
  /** Calls that wait for their clients to come back with answers. */
  readonly held: number;
  /** Questions that clients have been asked. */
  readonly questions: number;
}

/** Serves MCP clients of both eras. */
export interface Gateway extends AsyncDisposable {
  /** Answers one HTTP request, on whatever path; rejects only where a function of the host does. */
  handle(request: Request): Promise<Response>;
  stats(): GatewayStats;
  /** Ends every stream and every call; what comes after is refused (503). Gives the same promise every time. */
  close(): Promise<void>;
}

/** Creates a gateway; it does no I/O. Throws `CONFIG_INVALID` for what is malformed. */
export function createGateway(given: GatewayOptions): Gateway {
  const options = checkOptions(given);
  const { clock = systemClock, replica = randomName(), instance = replica, origins = [] } = options;
  const limits = gatewayLimits(options.limits);
  const door = new Door({ hosts: options.hosts, origins, ...limits });
  const handles = new Handles(new KeyRing(options.keys), clock);
  const rounds = new InputRoundsOfClients({ replica, limits, clock });
  const questions = new Questions({ handles, replica, answerMs: limits.answerMs });
  const requests = new Tally(limits.maxRequestsPerPrincipal);
  const streams = new Tally(limits.maxStreamsPerPrincipal);
  const bodies = new Tally(limits.maxRequestsPerPrincipal);
  const open = new Endings();
  const parts: Parts = {
    ...{ replica, instance, limits, clock, handles, rounds, questions, requests, streams, bodies, open },
    serverInfo: options.serverInfo ?? { name: "tenantry", version: manifest.version },
    instructions: options.instructions,
    connect: options.connect,
    passOn: (visit, message, to) => passOn(options.forward, visit.request, message, to),
  };
  const served = new Served(parts);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= end(parts));

  async function answer(request: Request): Promise<Response> {
    if (closing !== undefined)
      return errorResponse(null, { status: 503, code: -32_603, message: "The gateway is closed." });
    const refusal = door.refusal(request);
    if (refusal !== undefined) {
      announce("tenantry:gateway:refuse", () => ({ reason: refusal.reason }));
      return errorResponse(null, {
        status: refusal.status,
        code: -32_600,
        message: "The request is not let in.",
      });
    }
    const origin = request.headers.get("origin");
    const response =
      request.method === "OPTIONS" && origin !== null ? preflight() : await identified(request);
    if (origin === null) return response;
    const whole = new Response(response.body, response);
    for (const [name, value] of Object.entries(exposed(origin))) whole.headers.set(name, value);
    return whole;
  }

  async function identified(request: Request): Promise<Response> {
    const given = (await options.authenticate?.(request)) ?? undefined;
    if (given instanceof Response) return given;
    if (given === undefined) {
      announce("tenantry:gateway:refuse", () => ({ reason: "unauthenticated" }));
      const refused = errorResponse(null, { status: 401, code: -32_600, message: "Say who you are." });
      refused.headers.set("www-authenticate", options.challenge ?? "Bearer");
      return refused;
    }
    const caller = fixedCaller(given);
    const principal = principalOfCaller(caller);
    return served.serve({ request, caller, principal, owner: keyOf(principal) });
  }

  return Object.freeze<Gateway>({
    handle: answer,
    stats: () => ({
      requests: requests.total,
      streams: streams.total,
      held: rounds.size,
      questions: questions.size,
    }),
    close,
    [Symbol.asyncDispose]: close,
  });
}

/** Ends every stream and every call. */
async function end({ open, rounds }: Parts): Promise<void> {
  const reason = new TenantryError("CLOSED", "The gateway is closing.");
  rounds.close(reason);
  open.end();
}
