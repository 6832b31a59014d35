import { foreignMeta } from "./said.ts";
import { isObject, type Fields } from "../wire/message.ts";

/** A result as a client of the legacy era takes it: without what only the modern era says. */
export function legacyResult(result: object): object {
  const { _meta, resultType: _newer, ...rest } = result as Fields;
  return isObject(_meta) ? { ...rest, _meta: foreignMeta(_meta) } : rest;
}
