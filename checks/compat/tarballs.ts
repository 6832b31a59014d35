import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

export const repository = join(import.meta.dirname, "../..");

/** Where `check:pack` leaves what would be published. */
export const folder = join(import.meta.dirname, ".tarballs");

/** Adapters need a framework each, and are tried one by one. */
export type Kind = "packages" | "adapters";

/** The packed packages of one kind, as absolute paths. */
export function tarballs(kind: Kind): string[] {
  const found = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (found.length === 0) throw new Error(`No tarballs in ${folder}: run check:pack first.`);
  return found.filter((name) => (kind === "adapters") === isAdapter(name)).map((name) => join(folder, name));
}

/** The folder of a packed adapter's sources. */
export function adapterFolder(tarball: string): string {
  return join(
    repository,
    "packages/adapters",
    /^tenantry-(.+)-[\d.]+[.]tgz$/u.exec(basename(tarball))?.[1] ?? "-",
  );
}

function isAdapter(tarball: string): boolean {
  return existsSync(join(adapterFolder(tarball), "package.json"));
}
