// The published plugin is no dependency of the workspace: it would weigh on every installation of it. It is installed when it
// is first compared with, below node_modules/.cache, from the exact versions in published.json.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "node_modules/.cache/published");
const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"];
const quietly = ["--no-package-lock", "--prefer-offline", "--loglevel=error"];

/** What is installed, by name and version. */
export function publishedPackages(): Readonly<Record<string, string>> {
  return (JSON.parse(manifest()) as { readonly dependencies: Readonly<Record<string, string>> }).dependencies;
}

/** Imports a package as a module beside it would. */
export async function importPublished<T>(name: string): Promise<T> {
  installPublished();
  const entry = join(folder, "entry.js");
  writeFileSync(entry, "export const load = (name) => import(name);\n");
  const { load } = (await import(entry)) as { readonly load: (name: string) => Promise<T> };
  return load(name);
}

/** Installs what is not there yet; throws where that cannot be done. */
export function installPublished(): void {
  const done = join(folder, "installed.json");
  if (existsSync(done) && readFileSync(done, "utf8") === manifest()) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest());
  execFileSync("npm", [...install, ...quietly], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 600_000,
  });
  // What is half installed must not be taken for whole.
  writeFileSync(done, manifest());
}

function manifest(): string {
  return readFileSync(join(import.meta.dirname, "published.json"), "utf8");
}
