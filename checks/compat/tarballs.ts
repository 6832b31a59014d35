import { readdirSync } from "node:fs";
import { join } from "node:path";

export const repository = join(import.meta.dirname, "../..");

/** Where `check:pack` leaves what would be published. */
export const folder = join(import.meta.dirname, ".tarballs");

/** The packed packages, as absolute paths. */
export function tarballs(): string[] {
  const found = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (found.length === 0) throw new Error(`No tarballs in ${folder}: run check:pack first.`);
  return found.map((name) => join(folder, name));
}
