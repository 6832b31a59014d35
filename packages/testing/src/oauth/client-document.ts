import { TenantryError, withDeadline, type Clock } from "@tenantry/core";
import type { ClientMetadata, OAuthClient } from "./client.ts";

/**
 * Fetches the document of a client whose id is a URL, and checks it as OAuth Client ID Metadata Document, section 4,
 * asks for; `undefined` for one that is absent, too large, of another client, or holds a secret.
 */
export async function fetchClientDocument(
  id: string,
  fetch: (url: URL, init: RequestInit) => Promise<Response>,
  clock: Clock,
): Promise<OAuthClient | undefined> {
  const url = URL.canParse(id) ? new URL(id) : undefined;
  if (url === undefined || url.pathname === "/" || url.hash !== "" || url.username !== "") return undefined;
  try {
    return await withDeadline({ clock, timeoutMs, expired: tooLate }, async (signal) => {
      const headers = { accept: "application/json" };
      const response = await fetch(url, { headers, redirect: "error", signal });
      return response.status === 200 ? checked(id, JSON.parse(await boundedText(response))) : undefined;
    });
  } catch {
    // Whatever went wrong, the client is not known; its person is told so on a page.
    return undefined;
  }
}

const timeoutMs = 5000;
const maxBytes = 5 * 1024;

function tooLate(): TenantryError {
  return new TenantryError(
    "TIMEOUT",
    `The client's document did not come in ${timeoutMs} ms; see who serves it.`,
  );
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest of the body.
    if (size > maxBytes) return "";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function checked(id: string, document: unknown): OAuthClient | undefined {
  const {
    client_id,
    client_secret,
    redirect_uris,
    token_endpoint_auth_method = "none",
    ...rest
  } = (document ?? {}) as ClientMetadata & Partial<OAuthClient>;
  if (client_id !== id || client_secret !== undefined || !Array.isArray(redirect_uris)) return undefined;
  // Everybody can read the document, so a shared secret cannot be its client's.
  if (token_endpoint_auth_method.startsWith("client_secret_")) return undefined;
  return Object.freeze({ ...rest, client_id, redirect_uris, token_endpoint_auth_method });
}
