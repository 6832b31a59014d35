import type {
  ClientCapabilities,
  Era,
  JsonObject,
  LogLevel,
  Principal,
  RequestOptions,
  ServerRequestHandlers,
  WorkspaceClient,
} from "@tenantry/core";
import type { Handles } from "../handles/handles.ts";
import type { GatewayLimits } from "../limits.ts";
import type { Fields, Id } from "../wire/message.ts";
import type { Reply } from "../wire/reply.ts";
import { isLoud, metaOf, progressTokenOf, traceOf } from "./said.ts";

/** Who hears what comes before a result: the client that asks, as long as it is there. */
interface Hearing {
  readonly reply: Pick<Reply, "notify">;
  readonly progressToken: Id | undefined;
}

/** Where what comes before a result is heard; nobody's while its client is away. */
interface Ear {
  hearing: Hearing | undefined;
}

/** One request of a client, under way at the servers of its principal. */
export interface Exchange {
  readonly era: Era;
  readonly method: string;
  readonly params: Fields;
  readonly client: WorkspaceClient;
  readonly principal: Principal;
  /** What the client can be asked. */
  readonly capabilities: ClientCapabilities;
  /** Aborts where nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Who hears of it at the moment. */
  readonly ear: Ear;
  /** What a server's request is made with. */
  readonly options: RequestOptions;
  readonly handles: Handles;
  readonly limits: GatewayLimits;
}

/** Does one method for a client, and gives its result. */
export type Verb = (exchange: Exchange) => Promise<object>;

/** What the options of an exchange are made of. */
export interface AskingOptions {
  readonly signal: AbortSignal;
  readonly params: Fields;
  /** What else the request says in its `_meta`. */
  readonly meta?: JsonObject | undefined;
  /** From which level on log messages are told; absent: none are. */
  readonly logLevel?: LogLevel | undefined;
  readonly handlers?: ServerRequestHandlers | undefined;
  readonly ear: Ear;
}

/** What a server's request is made with, so that what comes before its result reaches the client. */
export function requestOptions({
  signal,
  params,
  meta: said,
  logLevel,
  handlers,
  ear,
}: AskingOptions): RequestOptions {
  const meta = metaOf(params);
  const trace = traceOf(meta);
  return {
    signal,
    ...(said && { meta: said }),
    ...(trace && { trace }),
    ...(handlers && { handlers }),
    ...(progressTokenOf(meta) !== undefined && {
      onProgress: (progress) => {
        const { reply, progressToken } = ear.hearing ?? {};
        if (progressToken !== undefined)
          reply?.notify("notifications/progress", { ...progress, progressToken });
      },
    }),
    ...(logLevel !== undefined && {
      logLevel,
      onLog: (message) => {
        if (isLoud(message.level, logLevel)) ear.hearing?.reply.notify("notifications/message", message);
      },
    }),
  };
}
