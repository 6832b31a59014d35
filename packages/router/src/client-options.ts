import {
  TenantryError,
  type ClientOptions,
  type RequestOptions,
  type ServerId,
  type ServerRequestHandlers,
} from "@tenantry/core";

/** The requests that a server can make, by the handler that answers them. */
const handlerNames = Object.freeze(["onElicitation", "onSampling", "onRoots"] as const);

const functions = Object.freeze([...handlerNames, "onLog", "onApprovalRequired"] as const);

/** Copies what a client is given once; throws `ARGUMENT_INVALID` for what is malformed or unknown. */
export function checkClientOptions(given: ClientOptions): ClientOptions {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw invalid("The options of a client are no object; give one, such as { onElicitation }, or none.");
  const options = Object.freeze({ ...given });
  for (const [name, value] of Object.entries(options)) {
    if (name === "roles") checkRoles(value);
    else if (!(functions as readonly string[]).includes(name))
      throw invalid(
        `A client has no option ${JSON.stringify(name)}; there are roles, ${functions.join(", ")}.`,
      );
    else if (value !== undefined && typeof value !== "function")
      throw invalid(`${name} is no function; give one, or leave it out.`);
  }
  return options.roles === undefined
    ? options
    : Object.freeze({ ...options, roles: Object.freeze([...options.roles]) });
}

/** What one request is made with: its log messages go to its own listener, else to its client's. */
export function optionsOfRequest<O extends RequestOptions>(
  own: O,
  { onLog }: ClientOptions,
  server: ServerId,
): O {
  if (own.onLog !== undefined || onLog === undefined) return own;
  return { ...own, onLog: (message) => onLog(message, { server }) };
}

/** The names of handlers, always in the same order. */
export function handlerNamesOf(handlers: ServerRequestHandlers | undefined): readonly string[] {
  if (handlers === undefined) return none;
  return handlerNames.filter((name) => handlers[name] !== undefined);
}

const none: readonly string[] = Object.freeze([]);

/** The handlers that one request has; `undefined` where it has none, and then its server is told of none. */
export function handlersOf(
  own: ServerRequestHandlers | undefined,
  client: ClientOptions,
): ServerRequestHandlers | undefined {
  const handlers: { -readonly [N in (typeof handlerNames)[number]]?: ServerRequestHandlers[N] } = {};
  for (const name of handlerNames) {
    const handler = own?.[name] ?? client[name];
    if (handler !== undefined) handlers[name] = handler as never;
  }
  return Object.keys(handlers).length === 0 ? undefined : Object.freeze(handlers);
}

function checkRoles(roles: unknown): void {
  if (roles === undefined) return;
  if (Array.isArray(roles) && roles.every((role) => typeof role === "string")) return;
  throw invalid('roles is no list of texts; give one, such as ["admin"], or leave it out.');
}

function invalid(message: string): TenantryError {
  return new TenantryError("ARGUMENT_INVALID", message);
}
