import type { Verb } from "../exchange/exchange.ts";
import { listVerbs } from "./lists.ts";
import { askingVerbs, complete } from "./requests.ts";

/** The methods that both eras have, by name. */
const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ...Object.entries(listVerbs),
  ...Object.entries(askingVerbs),
  ["completion/complete", complete],
]);

/** Gives what does a method; `undefined` for one that both eras do not have. */
export function verbOf(method: string): Verb | undefined {
  return verbs.get(method);
}

/** Whether a server may ask before it answers a method. */
export function mayAsk(method: string): boolean {
  return Object.hasOwn(askingVerbs, method);
}

/** What a gateway can do for a client of either era. */
export const capabilities = Object.freeze({
  tools: Object.freeze({ listChanged: true }),
  prompts: Object.freeze({ listChanged: true }),
  resources: Object.freeze({ listChanged: true, subscribe: true }),
  completions: Object.freeze({}),
  logging: Object.freeze({}),
});
