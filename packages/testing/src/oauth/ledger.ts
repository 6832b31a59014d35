import { randomBytes } from "node:crypto";
import type { Clock } from "@tenantry/core";

/** What somebody allowed a client to do. */
export interface Grant {
  /** The person; for a client that acts for itself, the client's id. */
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** What it is good for (RFC 8707); `undefined` where nobody asked for anything in particular. */
  readonly resource: string | undefined;
  /** The thumbprint of the key that its tokens are bound to (RFC 9449, section 6). */
  readonly keyThumbprint?: string | undefined;
}

/** What an authorization server has issued. */
export type TokenKind = "code" | "access_token" | "refresh_token" | "id_token" | "id_jag";

/** One issued code or token; the list of a server is live. */
export interface IssuedToken extends Grant {
  readonly kind: TokenKind;
  /** The code or token itself. */
  readonly value: string;
  /** Which grant it comes from; a code and all tokens that it led to share one. */
  readonly grant: number;
  /** When it was issued, in milliseconds since the Unix epoch. */
  readonly issuedAt: number;
  /** When it ends, in milliseconds since the Unix epoch. */
  readonly expiresAt: number;
  /** How often a code or refresh token was presented by its own client; over 1 is a reuse where tokens rotate. */
  readonly uses: number;
  /** When it was presented first, in milliseconds since the Unix epoch. */
  readonly firstUsedAt: number | undefined;
  readonly revoked: boolean;
}

/** Which of the issued tokens are meant; what is left out does not matter. */
export interface TokenFilter {
  readonly kind?: TokenKind;
  readonly subject?: string;
  readonly clientId?: string;
  readonly value?: string;
}

/** An issued token as its server changes it. */
export type LedgerEntry = { -readonly [K in keyof IssuedToken]: IssuedToken[K] };

/** How to issue one token. */
export interface Issue {
  readonly kind: TokenKind;
  readonly ttlMs: number;
  /** The value; defaults to a new random one. */
  readonly value?: string;
}

/** Everything that one authorization server has issued. */
export class Ledger {
  readonly entries: LedgerEntry[] = [];
  readonly #clock: Clock;
  readonly #byValue = new Map<string, LedgerEntry>();
  readonly #byGrant = new Map<number, LedgerEntry[]>();
  readonly #revoked = new Set<number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Names a new grant. */
  open(): number {
    const grant = this.#byGrant.size + 1;
    this.#byGrant.set(grant, []);
    return grant;
  }

  /** Issues a code or token of a grant. */
  issue(
    grant: number,
    { subject, clientId, scopes, resource, keyThumbprint }: Grant,
    issue: Issue,
  ): LedgerEntry {
    const now = this.#clock.now();
    const entry: LedgerEntry = {
      kind: issue.kind,
      value: issue.value ?? `${issue.kind}-${randomBytes(24).toString("base64url")}`,
      grant,
      subject,
      clientId,
      scopes,
      resource,
      ...(keyThumbprint !== undefined && { keyThumbprint }),
      issuedAt: now,
      expiresAt: now + issue.ttlMs,
      uses: 0,
      firstUsedAt: undefined,
      // An answer may be on its way while somebody revokes what it belongs to.
      revoked: this.#revoked.has(grant),
    };
    this.entries.push(entry);
    this.#byValue.set(entry.value, entry);
    this.#byGrant.get(grant)?.push(entry);
    return entry;
  }

  /** Finds what was issued with this value, whether it still holds or not. */
  find(kind: TokenKind, value: string | undefined): LedgerEntry | undefined {
    const entry = value === undefined ? undefined : this.#byValue.get(value);
    return entry?.kind === kind ? entry : undefined;
  }

  /** Gives those that are meant. */
  select(filter: TokenFilter): readonly LedgerEntry[] {
    const names = (["kind", "subject", "clientId", "value"] as const).filter(
      (name) => filter[name] !== undefined,
    );
    return this.entries.filter((entry) => names.every((name) => entry[name] === filter[name]));
  }

  /** Notes that it was presented, and gives how often it has been. */
  use(entry: LedgerEntry): number {
    entry.firstUsedAt ??= this.#clock.now();
    return ++entry.uses;
  }

  /** Whether it is neither expired nor revoked. */
  holds(entry: LedgerEntry): boolean {
    return !entry.revoked && this.#clock.now() < entry.expiresAt;
  }

  /** Revokes everything of a grant. */
  revoke(grant: number): void {
    this.#revoked.add(grant);
    for (const entry of this.#byGrant.get(grant) ?? []) entry.revoked = true;
  }
}
