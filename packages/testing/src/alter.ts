/** Changes a document before it is served: what it gives is served instead, or the document as it left it. */
export type Alter = (document: Record<string, unknown>) => unknown;

/** Serves a document as JSON, altered where that is asked for; the document itself stays as it is. */
export function serveJson(document: object, alter: Alter | undefined): Response {
  const copy: Record<string, unknown> = structuredClone({ ...document });
  const altered = alter?.(copy);
  return Response.json(altered === undefined ? copy : altered);
}
