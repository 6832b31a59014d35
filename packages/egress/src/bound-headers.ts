import { headerName, headerValue, quote, TenantryError, type Origin, type Secret } from "@tenantry/core";

/** Secrets that go to their own origins and nowhere else. */
export interface BoundHeaders {
  readonly origins: readonly Origin[];
  /** Values by lower-case name. */
  readonly headers: Readonly<Record<string, Secret>>;
}

/** Headers that say where a message ends or whom it is for; they follow from the URL and the body alone. */
const framing: ReadonlySet<string> = new Set([
  "accept-encoding",
  "connection",
  "content-encoding",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const lowerCaseToken = /^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/u;

/** Writes out headers, and remembers what it has checked. */
export class HeaderWriter {
  /** What a record that cannot change spells out, names and values in turn. */
  readonly #checked = new WeakMap<Readonly<Record<string, string>>, readonly string[]>();

  /**
   * Gives a request's headers, names and values in turn; the secrets among them are revealed here and nowhere else.
   * Throws `ORIGIN_REFUSED` where `origin` is none of theirs, `CREDENTIAL_INVALID` for a name that is given twice,
   * reserved or malformed and for a malformed value, and `ARGUMENT_INVALID` for a plain name that cannot be sent.
   */
  write(
    plain: Readonly<Record<string, string>>,
    bound: BoundHeaders | undefined,
    origin: string,
  ): readonly string[] {
    const written = this.#checked.get(plain) ?? this.#check(plain);
    return bound === undefined ? written : [...written, ...revealed(bound, plain, origin)];
  }

  #check(plain: Readonly<Record<string, string>>): readonly string[] {
    const written: string[] = [];
    for (const name of Object.keys(plain)) {
      checkPlainName(name);
      written.push(name, headerValue(name, plain[name] as string));
    }
    if (Object.isFrozen(plain)) this.#checked.set(plain, written);
    return written;
  }
}

function revealed(
  bound: BoundHeaders,
  plain: Readonly<Record<string, string>>,
  origin: string,
): readonly string[] {
  if (!bound.origins.includes(origin as Origin)) {
    const what = `The credential is not for ${quote(origin)}; nothing was sent. Bind it to that origin if it is.`;
    throw new TenantryError("ORIGIN_REFUSED", what);
  }
  const written: string[] = [];
  for (const name of Object.keys(bound.headers)) {
    checkBoundName(name, plain);
    written.push(name, headerValue(name, (bound.headers[name] as Secret).reveal()));
  }
  return written;
}

function checkPlainName(name: string): void {
  if (lowerCaseToken.test(name) && !framing.has(name)) return;
  const why = framing.has(name)
    ? "is set by the transport; leave it out"
    : "is not a header name in lower case";
  throw new TenantryError("ARGUMENT_INVALID", `${quote(name)} ${why}.`);
}

function checkBoundName(name: string, plain: Readonly<Record<string, string>>): void {
  if (headerName(name) !== name) {
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      `The header ${quote(name)} is not in lower case; write it so.`,
    );
  }
  if (framing.has(name)) {
    throw new TenantryError(
      "CREDENTIAL_INVALID",
      `The header ${quote(name)} is set by the transport; choose another.`,
    );
  }
  if (Object.hasOwn(plain, name)) {
    const what = `The header ${quote(name)} is both plain and a credential's; give it once.`;
    throw new TenantryError("CREDENTIAL_INVALID", what);
  }
}
