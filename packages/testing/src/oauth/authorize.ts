import { escapeHtml, page } from "./answers.ts";
import type { AuthorizationDecision, AuthorizationRequest } from "./options.ts";
import { scopesOf, type Realm } from "./realm.ts";
import type { OAuthRequest } from "./recording.ts";

/** The authorization endpoint (RFC 6749, section 3.1): asks whoever decides, and sends the person back. */
export async function authorize(realm: Realm, request: OAuthRequest): Promise<Response> {
  if (request.method !== "GET" && request.method !== "POST") return page("Not a page", "", 405);
  const { fields, repeated } = request;
  const client = await realm.clients.find(fields["client_id"]);
  const redirectUri = fields["redirect_uri"];
  // Nobody is sent anywhere on the word of an unknown client (RFC 6749, section 4.1.2.1).
  if (client === undefined) return page("The client is not known", "", 400);
  if (redirectUri === undefined || client.redirect_uris?.includes(redirectUri) !== true)
    return page("The redirect URI is not one of the client's", "", 400);
  const back = (parameters: Readonly<Record<string, string | undefined>>) =>
    sendBack(realm, redirectUri, { ...parameters, state: fields["state"] });
  const complaint = complaintAbout(fields, repeated);
  if (complaint !== undefined) return back(complaint);
  if (realm.options.consent === "page" && request.method === "GET") return consentPage(realm, fields);
  if (realm.options.consent === "page" && fields["decision"] !== "allow")
    return back({ error: "access_denied" });
  const asked: AuthorizationRequest = {
    clientId: client.client_id,
    redirectUri,
    scopes: scopesOf(fields["scope"]),
    resource: fields["resource"],
    fields,
  };
  const decision = await (realm.options.authorize ?? loginOf)(asked);
  if ("error" in decision) return back({ error: decision.error, error_description: decision.description });
  return back({ code: issueCode(realm, asked, decision.user) });
}

/** How long a code holds, in milliseconds; RFC 6749, section 4.1.2, allows ten minutes at most. */
const codeTtlMs = 60_000;

function issueCode(realm: Realm, asked: AuthorizationRequest, subject: string): string {
  const { ledger, codes } = realm;
  const { clientId, resource } = asked;
  const grant = { subject, clientId, scopes: realm.grantScopes(asked.scopes, clientId), resource };
  const { value } = ledger.issue(ledger.open(), grant, { kind: "code", ttlMs: codeTtlMs });
  codes.set(value, asked);
  return value;
}

function loginOf({ fields }: AuthorizationRequest): AuthorizationDecision {
  return { user: fields["login"] ?? "person" };
}

/** OAuth 2.1 asks for PKCE, and MCP for S256 (MCP 2026-07-28, basic/authorization, authorization code protection). */
function complaintAbout(
  fields: Readonly<Record<string, string>>,
  repeated: readonly string[],
): { readonly error: string; readonly error_description: string } | undefined {
  const invalid = (text: string, error = "invalid_request") => ({ error, error_description: text });
  if (repeated.length > 0) return invalid("A parameter was sent more than once.");
  if (fields["response_type"] !== "code")
    return invalid("Only the response type code is supported.", "unsupported_response_type");
  if (fields["code_challenge_method"] !== "S256") return invalid("The code_challenge_method has to be S256.");
  if (!/^[\w-]{43}$/u.test(fields["code_challenge"] ?? ""))
    return invalid("The code_challenge is not a SHA-256 digest in base64url.");
  const resource = fields["resource"];
  if (resource !== undefined && (!URL.canParse(resource) || new URL(resource).hash !== ""))
    return invalid("The resource is an absolute URL without a fragment.", "invalid_target");
  return undefined;
}

function sendBack(
  { options, issuer }: Realm,
  redirectUri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): Response {
  const location = new URL(redirectUri);
  const { iss = "right" } = options;
  const issuers = { right: issuer, missing: undefined, wrong: "https://another-issuer.example" } as const;
  for (const [name, value] of Object.entries({ ...parameters, iss: issuers[iss] }))
    if (value !== undefined) location.searchParams.append(name, value);
  const headers = { location: location.href, "cache-control": "no-store" };
  return new Response(null, { status: 302, headers });
}

function consentPage(realm: Realm, fields: Readonly<Record<string, string>>): Response {
  const hidden = Object.entries(fields).filter(([name]) => name !== "decision" && name !== "login");
  const inputs = hidden.map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const login = `<p><label>Who are you? <input name="login" value="${escapeHtml(fields["login"] ?? "person")}"></label></p>`;
  const buttons = `<button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button>`;
  const form = `<form method="post" action="${escapeHtml(realm.endpoint("authorize"))}">${inputs.join("")}${login}${buttons}</form>`;
  return page("Allow access?", `<p>${escapeHtml(fields["client_id"] ?? "")} asks for access.</p>${form}`);
}
