import { isObject, type Fields } from "../wire/message.ts";

/** What a server says beside its result; what the protocol itself says there is of another link. */
export function foreignMeta(meta: unknown): Fields {
  if (!isObject(meta)) return {};
  return Object.fromEntries(
    Object.entries(meta).filter(([key]) => !key.startsWith("io.modelcontextprotocol/")),
  );
}

/** A result as a client of the legacy era takes it: without what only the modern era says. */
export function legacyResult(result: object): object {
  const { _meta, resultType: _newer, ...rest } = result as Fields;
  return isObject(_meta) ? { ...rest, _meta: foreignMeta(_meta) } : rest;
}
