/** A file that a block of a result holds, in base64. */
export interface ResultFile {
  /** The kind of block that it comes in. */
  readonly type: "image" | "audio" | "resource";
  /** At least one byte, in base64 (RFC 4648, section 4). */
  readonly data: string;
  /** A type and a subtype (RFC 6838, section 4.2), without parameters. */
  readonly mimeType: string;
}

/** What a server sent where a block should be, which nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The fields of what may be no object at all. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

/**
 * The file of a block: of an image, a sound, or a resource with bytes. `undefined` where the block holds none, or one that is
 * not what it says: a provider refuses the whole request for it.
 */
export function fileOf(block: unknown): ResultFile | undefined {
  const { type, resource, ...own } = fieldsOf(block);
  if (type !== "image" && type !== "audio" && type !== "resource") return undefined;
  const { blob, mimeType } = type === "resource" ? fieldsOf(resource) : { ...own, blob: own["data"] };
  if (typeof blob !== "string" || !isBase64(blob)) return undefined;
  if (typeof mimeType !== "string" || !mediaType.test(mimeType)) return undefined;
  const isOfItsKind = type === "resource" || mimeType.toLowerCase().startsWith(`${type}/`);
  return isOfItsKind ? { type, data: blob, mimeType } : undefined;
}

function isBase64(text: string): boolean {
  return text !== "" && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/u.test(text);
}

const mediaType = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/iu;
