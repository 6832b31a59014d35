import manifest from "../package.json" with { type: "json" };

/** What a client calls itself that is not told. */
export const clientInfo = Object.freeze({ name: manifest.name, version: manifest.version });
