const entities: Readonly<Record<string, string>> = Object.freeze({
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
});

/** A page of one sentence that loads nothing, is kept nowhere and names its address to nobody: a code is in it. */
export function answer(
  status: number,
  sentence: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const text = sentence.replace(/[&<>"']/gu, (character) => entities[character] ?? "");
  const page = `<!doctype html><html lang="en"><meta charset="utf-8"><title>${status}</title><p>${text}</p></html>\n`;
  return new Response(page, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}
