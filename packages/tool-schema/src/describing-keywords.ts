/** Annotations of a value (JSON Schema 2020-12, validation, section 9), and OpenAPI's `example`. */
export const annotating = ["title", "description", "default", "examples", "example", "deprecated"] as const;

/** What names and places schemas (JSON Schema 2020-12, core, section 8), also in older drafts. */
export const identifying = ["$schema", "$id", "$anchor", "$comment", "$defs", "definitions"] as const;

/** What describes a schema and takes no value from it. */
export const describing: ReadonlySet<string> = new Set([...annotating, ...identifying]);
