import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@tenantry/core";
import { plainHeaders, readBody, type Exchange } from "../recording.ts";

/** What an authorization server is asked for. */
export type OAuthEndpoint = "metadata" | "jwks" | "authorize" | "token" | "register" | "revoke";

/** One HTTP request to an authorization server as it arrived. It holds secrets in plain text: it is for tests. */
export interface OAuthRequest {
  /** When its head arrived, in milliseconds since the Unix epoch. */
  readonly at: number;
  /** The HTTP method. */
  readonly method: string;
  /** The endpoint that it reached; `undefined` for a path where there is none. */
  readonly endpoint: OAuthEndpoint | undefined;
  /** The path with its query. */
  readonly path: string;
  /** The headers, names in lower case; several of one name are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The fields of a form, or of the query where the method is GET; empty until the body is there. */
  readonly fields: Readonly<Record<string, string>>;
  /** The names of fields that came more than once, which RFC 6749, section 3.1, forbids. */
  readonly repeated: readonly string[];
  /** The body where it is JSON. */
  readonly json: unknown;
  /** The `grant_type` of a token request. */
  readonly grantType: string | undefined;
  /** The client that it names, in its fields or as the user of HTTP Basic authentication. */
  readonly clientId: string | undefined;
  /** The HTTP status that it was answered with; `undefined` as long as it is not. */
  readonly status: number | undefined;
}

/** A request on its way in, with what only the server itself may change. */
export interface OAuthExchange extends Exchange {
  readonly record: { -readonly [K in keyof OAuthRequest]: OAuthRequest[K] };
}

/** The list of everything that arrived, in order. */
export class OAuthRecording {
  readonly requests: OAuthRequest[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lists the request at once and reads its body; rejects with `LIMIT_EXCEEDED` past 16 MiB, or where the client leaves. */
  async receive(
    request: IncomingMessage,
    response: ServerResponse,
    endpoint: OAuthEndpoint | undefined,
  ): Promise<OAuthExchange> {
    const { method = "GET", url: path = "/" } = request;
    const headers = plainHeaders(request);
    const record: OAuthExchange["record"] = {
      at: this.#clock.now(),
      method,
      endpoint,
      path,
      headers,
      fields: {},
      repeated: [],
      json: undefined,
      grantType: undefined,
      clientId: undefined,
      status: undefined,
    };
    this.requests.push(record);
    response.once("close", () => {
      if (response.headersSent) record.status ??= response.statusCode;
    });
    const text = (await readBody(request)).toString("utf8");
    Object.assign(record, describe(method, path, headers["content-type"] ?? "", text));
    record.grantType = record.fields["grant_type"];
    record.clientId = record.fields["client_id"] ?? basicCredentials(headers)?.id;
    return { record, request, response };
  }
}

/** The client id and secret of HTTP Basic authentication, each decoded as RFC 6749, section 2.3.1, encodes them. */
export function basicCredentials(
  headers: Readonly<Record<string, string>>,
): { readonly id: string; readonly secret: string } | undefined {
  const encoded = /^basic +(?<pair>[a-z\d+/=]+)$/iu.exec(headers["authorization"] ?? "")?.groups?.["pair"];
  const pair = Buffer.from(encoded ?? "", "base64").toString("utf8");
  const colon = pair.indexOf(":");
  if (colon < 0) return undefined;
  return { id: formDecode(pair.slice(0, colon)), secret: formDecode(pair.slice(colon + 1)) };
}

/** A lone percent sign is no reason to fail: what comes out is compared, and does not match. */
function formDecode(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll("&", "%26")}`).get("value") ?? "";
}

function describe(
  method: string,
  path: string,
  contentType: string,
  text: string,
): Pick<OAuthRequest, "fields" | "repeated" | "json"> {
  if (/^application\/json\b/iu.test(contentType)) return { fields: {}, repeated: [], json: parse(text) };
  const query = path.includes("?") ? path.slice(path.indexOf("?") + 1) : "";
  const form = /^application\/x-www-form-urlencoded\b/iu.test(contentType) ? text : "";
  const parameters = new URLSearchParams(method === "GET" ? query : form);
  const names = [...parameters.keys()];
  return {
    fields: Object.freeze(Object.fromEntries(parameters)),
    repeated: names.filter((name, index) => names.indexOf(name) !== index),
    json: undefined,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
