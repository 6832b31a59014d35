import { shapes, type SliceShape } from "../slice-shape.ts";
import type { ChangedRow } from "../watchers.ts";

/** What stores listen to. */
export const channel = "tenantry";
/** A payload of Postgres is shorter than 8,000 bytes. */
const maxPayloadBytes = 7_999;

/** The payloads that tell other stores of changes; one that does not fit tells them that they missed something. */
export function payloadsOf(from: string, changes: readonly ChangedRow[] | "resync"): readonly string[] {
  if (changes === "resync") return [JSON.stringify([from])];
  const payloads = changes.map(({ shape, key }) => JSON.stringify([from, shape.name, ...key]));
  const fit = payloads.every((payload) => Buffer.byteLength(payload) <= maxPayloadBytes);
  return fit ? payloads : [JSON.stringify([from])];
}

/** What a payload tells a store: nothing where it is its own, and that something was missed where it cannot be read. */
export function changesOf(own: string, payload: string | undefined): readonly ChangedRow[] | "resync" {
  const parts = parse(payload);
  if (parts === undefined) return "resync";
  const [from, name, ...key] = parts;
  if (from === own) return [];
  const shape: SliceShape | undefined = Object.values(shapes).find((known) => known.name === name);
  return shape?.parts.length === key.length ? [{ shape, key }] : "resync";
}

/** Anybody who may connect to the database may send on the channel. */
function parse(payload: string | undefined): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(payload ?? "");
    const isTexts = Array.isArray(parsed) && parsed.every((part) => typeof part === "string");
    return isTexts ? (parsed as readonly string[]) : undefined;
  } catch {
    return undefined;
  }
}
