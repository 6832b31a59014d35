import type {
  Json,
  PageOptions,
  PutOptions,
  Row,
  RowPage,
  TenantSlice,
  UrgentOptions,
  Version,
} from "@tenantry/core";
import type { Engine, StoredRow } from "./engine.ts";
import { invalid } from "./failure.ts";
import { keyOf, keyTexts, selectionOf, type KeyTexts, type Selection } from "./key.ts";
import { checkLease } from "./leases.ts";
import { cursorOf, limitOf, placeOf } from "./page.ts";
import type { SliceShape } from "./slice-shape.ts";
import { checkText, encodeText } from "./text.ts";
import { decodeValue, encodeValue } from "./value.ts";

/** Far more than a version has, in characters. */
const maxVersionLength = 256;

/** Every method that a slice of any kind has; those that are not of a tenant are typed without the last two. */
type AnySlice = TenantSlice<{ readonly workspace: never }>;

/** The slice of one shape. It checks what it is given before anything is sent. */
export function sliceOf(engine: Engine, shape: SliceShape): AnySlice {
  const page = async (list: string, selection: Selection, options: PageOptions): Promise<RowPage<never>> => {
    const id = [shape.name, list, selection];
    const after = placeOf<KeyTexts>(id, options.after, (place) => isKey(shape, place));
    const { rows, more } = await engine.page(shape, selection, { after, limit: limitOf(options) });
    const last = rows.at(-1);
    const keyed = rows.map((row) => ({ key: keyOf(shape, row.key) as never, row: readableOf(row) }));
    const broken = keyed.flatMap(({ key, row }) => (row === undefined ? [key] : []));
    return {
      rows: keyed.flatMap(({ key, row }) => (row === undefined ? [] : [{ key, ...row }])),
      ...(broken.length > 0 && { broken }),
      ...(more && last && { next: cursorOf(id, last.key) }),
    };
  };
  return Object.freeze({
    get: async (key: unknown, options: UrgentOptions = {}) => {
      const row = await engine.get(shape, keyTexts(shape, key), { urgent: options.urgent === true });
      return row && rowOf(row);
    },
    version: async (key: unknown) => (await engine.get(shape, keyTexts(shape, key)))?.version,
    put: async (key: unknown, value: Json, options: PutOptions) => {
      const version = crypto.randomUUID();
      const conditions = checkPut(options);
      await engine.put(shape, keyTexts(shape, key), { value: encodeValue(value), version, ...conditions });
      return version;
    },
    delete: async (key: unknown, options: { readonly ifVersion?: Version | undefined } = {}) => {
      const { ifVersion } = options;
      const expected = ifVersion === undefined ? undefined : versionText(ifVersion);
      await engine.delete(shape, keyTexts(shape, key), expected);
    },
    scan: async (options: PageOptions = {}) =>
      page(
        "scan",
        shape.parts.map(() => undefined),
        options,
      ),
    ...(shape.parts[0]?.part === "workspace" && {
      list: async (within: unknown, options: PageOptions = {}) =>
        page("list", selectionOf(shape, within), options),
      clear: async (within: unknown) => engine.clear([{ shape, selection: selectionOf(shape, within) }]),
    }),
  }) as AnySlice;
}

function rowOf({ value, version, expiresAt }: StoredRow): Row {
  return { value: decodeValue(value), version, ...(expiresAt !== null && { expiresAt }) };
}

/** One row that cannot be read must not keep anybody from the others of its list. */
function readableOf(row: StoredRow): Row | undefined {
  try {
    return rowOf(row);
  } catch {
    return undefined;
  }
}

function isKey(shape: SliceShape, place: readonly unknown[]): boolean {
  return (
    place.length === shape.parts.length &&
    place.every((text) => typeof text === "string" && text.isWellFormed() && !text.includes("\0"))
  );
}

/** A version as it would be stored; one that no store ever gave is one that no row has. */
function versionText(version: unknown): Version {
  const text = encodeText(checkText(version, "ifVersion, or null for a row that must not exist yet,"));
  if (text.length > maxVersionLength)
    throw invalid("ifVersion is longer than any version; give one that was given.");
  return text;
}

/** A write that forgets its condition would overwrite whatever is there, so there is no default. */
function checkPut(options: PutOptions) {
  const { ifVersion, expiresAt, lease, urgent } = options ?? {};
  if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) {
    throw invalid("expiresAt is a whole number of milliseconds since the Unix epoch.");
  }
  return {
    ifVersion: ifVersion === null ? null : versionText(ifVersion),
    expiresAt: expiresAt ?? null,
    lease: lease === undefined ? undefined : checkLease(lease),
    urgent: urgent === true,
  };
}
