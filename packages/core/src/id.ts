import { quote, TenantryError, type ErrorCode } from "./error.ts";

declare const id: unique symbol;

/** The name of a workspace; any non-blank text of at most 256 characters. */
export type WorkspaceId = string & { readonly [id]: "WorkspaceId" };
/** The name of a user within a workspace; any non-blank text of at most 256 characters. */
export type UserId = string & { readonly [id]: "UserId" };
/** The name of a conversation of one user; any non-blank text of at most 256 characters. */
export type SessionId = string & { readonly [id]: "SessionId" };
/** The name of a server within a workspace; any non-blank text of at most 128 characters, without control characters. */
export type ServerId = string & { readonly [id]: "ServerId" };
/** A web origin in its serialised form: scheme, host and port (RFC 6454, section 6.1). */
export type Origin = string & { readonly [id]: "Origin" };

/** Checks a workspace's name; throws `PRINCIPAL_INVALID`. */
export function workspaceId(value: unknown): WorkspaceId {
  return checkText(value, "workspace", "PRINCIPAL_INVALID", 256) as WorkspaceId;
}

/** Checks a user's name; throws `PRINCIPAL_INVALID`. */
export function userId(value: unknown): UserId {
  return checkText(value, "user", "PRINCIPAL_INVALID", 256) as UserId;
}

/** Checks a conversation's name; throws `PRINCIPAL_INVALID`. */
export function sessionId(value: unknown): SessionId {
  return checkText(value, "session", "PRINCIPAL_INVALID", 256) as SessionId;
}

/** Checks a server's name; throws `DEFINITION_INVALID`. */
export function serverId(value: unknown): ServerId {
  const text = checkText(value, "server id", "DEFINITION_INVALID", 128);
  if (controls.test(text)) {
    throw new TenantryError(
      "DEFINITION_INVALID",
      `The server id ${quote(text)} has a control character; remove it.`,
    );
  }
  return text as ServerId;
}

/**
 * The origin of an `http:` or `https:` URL; throws `DEFINITION_INVALID` for any other, because opaque origins
 * all read `null` and would compare as equal.
 */
export function originOf(url: string | URL): Origin {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:" && parsed?.protocol !== "http:") {
    // Not quoted: what stands where a URL should may hold a password.
    throw new TenantryError("DEFINITION_INVALID", "That has no web origin; give an http or https URL.");
  }
  return parsed.origin as Origin;
}

const controls = /\p{Cc}/u;

function checkText(value: unknown, what: string, code: ErrorCode, maxLength: number): string {
  if (typeof value !== "string") {
    const given = value === undefined || value === null ? String(value) : `a ${typeof value}`;
    throw new TenantryError(code, `The ${what} is ${given}; give a non-empty string.`);
  }
  if (value.trim() === "") throw new TenantryError(code, `The ${what} is blank; give a non-empty string.`);
  if (value.length > maxLength) {
    throw new TenantryError(code, `The ${what} has ${value.length} characters; ${maxLength} is the most.`);
  }
  if (!value.isWellFormed())
    throw new TenantryError(code, `The ${what} is not well-formed Unicode; repair it.`);
  return value;
}
