import { quote } from "@tenantry/core";
import type { HttpRequest } from "./http.ts";

/** What a request to an authorization server says in the open; every other parameter may be a secret. */
const open: readonly string[] = Object.freeze([
  "audience",
  "client_id",
  "grant_type",
  "redirect_uri",
  "requested_token_type",
  "resource",
  "scope",
  "subject_token_type",
  "token_type_hint",
  "client_assertion_type",
]);
const maxLength = 512;
/** As much of a secret, or the whole of a shorter one, is too much to be shown. */
const tellingLength = 12;
/** To withhold what repeats a single letter would leave nothing to read. */
const shortestSecret = 4;

/**
 * Gives what an authorization server says of a refusal, as an error may show it: its code and its description, quoted and
 * cut; nothing where it repeats a piece of a secret that it was sent. `undefined` where it says nothing.
 */
export function saidBy(
  answer: Readonly<Record<string, unknown>> | undefined,
  sent: HttpRequest | undefined,
): string | undefined {
  const { error, error_description: description } = answer ?? {};
  const words = [error, description].filter((word) => typeof word === "string");
  if (words.length === 0) return undefined;
  const text = words.map((word) => word.slice(0, maxLength)).join(": ");
  const secrets = sent === undefined ? [] : secretsOf(sent);
  if (secrets.some((secret) => repeats(text, secret)))
    return "what it says repeats a secret that it was sent";
  return words.map((word) => quote(word)).join(": ");
}

function secretsOf({ headers, body }: HttpRequest): readonly string[] {
  const form = new URLSearchParams(body ?? "");
  const values = [...form].filter(([name]) => !open.includes(name)).map(([, value]) => value);
  return [...values, ...passwordsOf(headers["authorization"])].filter(
    ({ length }) => length >= shortestSecret,
  );
}

/** The client's secret is in the header as Basic authentication writes it, and an answer would repeat what it means. */
function passwordsOf(header: string | undefined): readonly string[] {
  const [, encoded] = /^Basic (.+)$/u.exec(header ?? "") ?? [];
  if (encoded === undefined) return [];
  const [, password = ""] = atob(encoded).split(":");
  return [encoded, password, new URLSearchParams(`p=${password}`).get("p") ?? ""];
}

function repeats(text: string, secret: string): boolean {
  const length = Math.min(secret.length, tellingLength);
  for (let at = 0; at + length <= text.length; at++)
    if (secret.includes(text.slice(at, at + length))) return true;
  return false;
}
