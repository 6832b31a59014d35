import {
  Client,
  type jsonSchemaValidator,
  SdkError,
  SdkErrorCode,
  SERVER_INFO_META_KEY,
  type Transport,
} from "@modelcontextprotocol/client";
import { TenantryError, type Era, type Implementation, type ServerCapabilities } from "@tenantry/core";
import { Call } from "./call.ts";
import { serverError, spoken } from "./failure.ts";
import { isObject } from "./inbox.ts";

/** A transport that tells the caller more than the SDK does. */
export interface CallTransport extends Transport {
  /** Announces the call whose request comes next. */
  expect(call: Call): void;
}

/** What a server said of itself when the connection was opened. */
export interface ServerFacts {
  readonly era: Era;
  readonly protocolVersion: string;
  readonly capabilities: ServerCapabilities;
  readonly serverInfo: Implementation | undefined;
  readonly instructions: string | undefined;
}

/** The revision of the modern era that is spoken. */
const modernVersion = "2026-07-28";

/** Assumed of a server that is not asked: everything, because the server itself refuses what it lacks. */
const everything = (): ServerCapabilities => ({ tools: {}, resources: {}, prompts: {}, completions: {} });

/** Results go to the caller as they came: what deviates from a schema is still the answer. */
const anything = Object.freeze({
  "~standard": Object.freeze({ version: 1, vendor: "tenantry", validate: (value: unknown) => ({ value }) }),
} as const);

/** Output schemas are the caller's to check: compiling them costs memory for every listing. */
const noValidation: jsonSchemaValidator = Object.freeze({
  getValidator: () => (input: unknown) => ({
    valid: true as const,
    data: input as never,
    errorMessage: undefined,
  }),
});

/** Longer than any deadline: the deadlines are kept here, on an injected clock. */
const neverMs = 2_147_483_647;

/** One client of the SDK over one transport. */
export class Link {
  readonly #client: Client;
  readonly #transport: CallTransport;

  constructor(transport: CallTransport, clientInfo: Implementation) {
    this.#transport = transport;
    this.#client = new Client(clientInfo, {
      capabilities: {},
      jsonSchemaValidator: noValidation,
      inputRequired: { autoFulfill: false },
    });
  }

  /** Performs the legacy handshake (MCP 2025-11-25, lifecycle). */
  async initialise(signal: AbortSignal): Promise<ServerFacts> {
    const call = new Call("initialize");
    const failed = await this.#ask(call, signal, (options) => this.#client.connect(this.#transport, options));
    if (call.failure !== undefined) throw call.failure.reason;
    if (call.answer?.kind === "error") throw serverError(call.method, call.answer.error, call.secrets);
    if (failed !== undefined) throw failed.reason;
    return {
      era: "legacy",
      protocolVersion: this.#client.getNegotiatedProtocolVersion() ?? "",
      capabilities: this.#client.getServerCapabilities() ?? {},
      serverInfo: this.#client.getServerVersion(),
      instructions: this.#client.getInstructions(),
    };
  }

  /** Goes on with a legacy session, whose transport knows its id: no handshake, nothing is sent. */
  async resume(): Promise<void> {
    await this.#client.connect(this.#transport);
  }

  /** Begins to speak the modern era without asking (MCP 2026-07-28): nothing is sent. */
  async assumeModern(): Promise<ServerFacts> {
    const discover = { supportedVersions: [modernVersion], capabilities: everything() };
    await this.#client.connect(this.#transport, { prior: { kind: "modern", discover: discover as never } });
    return {
      era: "modern",
      protocolVersion: modernVersion,
      capabilities: everything(),
      serverInfo: undefined,
      instructions: undefined,
    };
  }

  /** Asks a server that is assumed to be modern what it is; `undefined` where its answer says that it is not. */
  async discover(signal: AbortSignal): Promise<ServerFacts | undefined> {
    const result = await this.request(new Call("server/discover"), undefined, "modern", signal);
    const { supportedVersions, capabilities, instructions, _meta } = result;
    if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernVersion)) return undefined;
    return {
      era: "modern",
      protocolVersion: modernVersion,
      capabilities: isObject(capabilities) ? capabilities : {},
      serverInfo: implementationOf(isObject(_meta) ? _meta[SERVER_INFO_META_KEY] : undefined),
      instructions: typeof instructions === "string" ? instructions : undefined,
    };
  }

  /** Sends one request and gives its result as it came; throws the typed error otherwise. */
  async request(
    call: Call,
    params: unknown,
    era: Era,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, unknown>>> {
    const request = {
      method: call.method,
      ...(params === undefined ? {} : { params: params as Record<string, unknown> }),
    };
    const progress = call.onProgress === undefined ? {} : { onprogress: () => {} };
    const failed = await this.#ask(call, signal, (options) =>
      this.#client.request(request, anything, { ...options, ...progress }),
    );
    if (call.failure !== undefined) throw call.failure.reason;
    if (call.answer?.kind === "error") throw serverError(call.method, call.answer.error, call.secrets);
    if (call.answer !== undefined) return resultOf(call, call.answer.result, era);
    if (failed !== undefined) throw failed.reason;
    throw new TenantryError("PROTOCOL_VIOLATION", `${call.method} ended without an answer.`, {
      delivery: "unknown",
    });
  }

  /** Ends the client and its transport; what waits in it fails. */
  async close(): Promise<void> {
    await this.#client.close();
    // A client that was never connected does not know its transport.
    await this.#transport.close();
  }

  /** Waits for the SDK, and gives what it fails with: whoever asked weighs that against what the server said. */
  async #ask(
    call: Call,
    signal: AbortSignal | undefined,
    send: (options: { signal: AbortSignal; timeout: number }) => Promise<unknown>,
  ): Promise<{ readonly reason: unknown } | undefined> {
    const leave = () => call.end(signal?.reason);
    if (signal?.aborted) leave();
    signal?.addEventListener("abort", leave, { once: true });
    this.#transport.expect(call);
    try {
      await send({ signal: call.signal, timeout: neverMs });
      return undefined;
    } catch (reason) {
      return { reason: typed(reason, call) };
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }
}

function resultOf(call: Call, result: unknown, era: Era): Readonly<Record<string, unknown>> {
  if (!isObject(result)) {
    const what = `The server answered ${call.method} with something that is not an object.`;
    throw new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
  }
  if (era === "legacy" || !("resultType" in result)) return result;
  const { resultType, ...rest } = result;
  if (resultType === "complete") return rest;
  const what = `The server answered ${call.method} with a result of the type ${spoken(resultType, call.secrets)}, which was not offered to it.`;
  throw new TenantryError("PROTOCOL_VIOLATION", what, { delivery: "answered" });
}

/** The SDK's own failures as ours; the transport's are ours already. */
function typed(failure: unknown, call: Call): unknown {
  if (failure instanceof TenantryError) return failure;
  const delivery = call.sent ? "unknown" : "unsent";
  if (failure instanceof SdkError && failure.code === SdkErrorCode.ConnectionClosed) {
    return new TenantryError(
      "CLOSED",
      "The connection was closed before the server answered; look before calling again.",
      { delivery },
    );
  }
  // The SDK's complaints repeat what the server said, so that none of them can be the cause.
  const said = failure instanceof Error ? `: ${spoken(failure.message, call.secrets)}` : "";
  const what = `${call.method} failed${said}; check which protocol revisions the server speaks.`;
  return new TenantryError("PROTOCOL_VIOLATION", what, { delivery });
}

function implementationOf(value: unknown): Implementation | undefined {
  return isObject(value) && typeof value.name === "string" && typeof value.version === "string"
    ? (value as Implementation)
    : undefined;
}
