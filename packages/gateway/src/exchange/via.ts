import { isObject, type Fields } from "../wire/message.ts";
import { Refused } from "../wire/failure.ts";

/** Where a request says through which gateways it has come. */
const viaKey = "tenantry/via";

/** What a request that has come through the instances `ids` says of it in its `_meta`. */
export function viaMeta(ids: readonly string[]): { readonly [viaKey]: readonly string[] } {
  return { [viaKey]: ids };
}

/**
 * Tells through which gateways a request has come; refuses one that has been here, or in too many of them: a server that
 * is this gateway itself, straight or by others, would be asked for ever.
 */
export function viaOf(meta: Fields, own: string, maxHops: number): readonly string[] {
  const given = isObject(meta) ? meta[viaKey] : undefined;
  if (given === undefined) return [];
  const ids = Array.isArray(given) ? given : [given];
  const isSound = ids.length <= maxHops && ids.every((id) => typeof id === "string" && id.length <= 64);
  if (isSound && !ids.includes(own)) return ids as readonly string[];
  throw new Refused({ status: 400, code: -32_600, message: "The request goes round in a circle." });
}
