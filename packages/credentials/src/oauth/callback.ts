import { quote, TenantryError } from "@tenantry/core";
import { maxStateLength, type Flow } from "./flows.ts";
import { isAt, parametersOf } from "./return-address.ts";

/** What an authorization server sends the person back with (RFC 6749, section 4.1.2). */
export interface CallbackAnswer {
  readonly state: string;
  readonly code?: string;
  readonly error?: string;
  readonly errorDescription?: string;
  readonly issuer?: string;
}

const maxLength = 16_384;

/** Reads the parameters of a callback; throws what {@link unfinishable} makes where there is no state, or one twice. */
export function readCallback(callback: URL): CallbackAnswer {
  const parameters = parametersOf(callback);
  const one = (name: string): string | undefined => {
    const [value, ...more] = parameters.getAll(name);
    // One that comes twice may be read differently by whoever checks it and whoever uses it (RFC 6749, section 3.1).
    if (more.length > 0 || (value !== undefined && value.length > maxLength)) throw unfinishable();
    return value;
  };
  const state = one("state");
  if (state === undefined || state === "" || state.length > maxStateLength) throw unfinishable();
  const [code, error, errorDescription, issuer] = [
    one("code"),
    one("error"),
    one("error_description"),
    one("iss"),
  ];
  return {
    state,
    ...(code !== undefined && { code }),
    ...(error !== undefined && { error }),
    ...(errorDescription !== undefined && { errorDescription }),
    ...(issuer !== undefined && { issuer }),
  };
}

/**
 * Throws `CREDENTIAL_FAILED` for an answer that does not come from the flow's own issuer: one at the address of another
 * (RFC 9700, section 4.4.2.2), or one that names another (RFC 9207, section 2.4: compared verbatim). Nothing that it says is
 * repeated.
 */
export function checkSender(callback: URL, { issuer }: CallbackAnswer, flow: Flow): void {
  const isOthers = issuer === undefined ? flow.mustNameIssuer : issuer !== flow.issuerName;
  if (!isOthers && isAt(callback, flow.redirectUri)) return;
  const what = `The answer does not come from the authorization server ${quote(flow.issuer)} that was asked`;
  throw failed(`${what} (RFC 9207); it was discarded. Begin the authorization again.`, flow);
}

/** Gives the code of an answer of the flow's own issuer. Throws `CREDENTIAL_FAILED` for one that says no. */
export function codeOf({ code, error, errorDescription }: CallbackAnswer, flow: Flow): string {
  if (error !== undefined) {
    const said = errorDescription === undefined ? "" : `: ${quote(errorDescription)}`;
    throw failed(`Access was not granted (${quote(error)}${said}); begin the authorization again.`, flow);
  }
  if (code === undefined || code === "")
    throw failed("The authorization server sent no code; begin the authorization again.", flow);
  return code;
}

/** The one answer to a callback that nobody waits for: unknown, used, too old and somebody else's look the same. */
export function unfinishable(): TenantryError {
  const what = "This authorization is unknown, over, or somebody else's; begin it again.";
  return new TenantryError("ARGUMENT_INVALID", what);
}

function failed(what: string, { server, slot }: Flow): TenantryError {
  return new TenantryError("CREDENTIAL_FAILED", what, { server, slot });
}
