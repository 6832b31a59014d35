/** An answer that nobody may keep (RFC 6749, section 5.1). */
export function answer(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** A refusal as RFC 6749, section 5.2, has it; other endpoints use the same form. */
export function problem(
  error: string,
  description: string,
  status = 400,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return answer({ error, error_description: description }, status, headers);
}

/** A page for a person, where no client can be answered. */
export function page(title: string, content: string, status = 200): Response {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(title)}</title><h1>${escapeHtml(title)}</h1>${content}</html>`;
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'",
    },
  });
}

/** Text as it may stand in HTML, in an attribute too. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (character) => `&#${character.charCodeAt(0)};`);
}
