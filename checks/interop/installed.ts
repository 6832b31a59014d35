// Published clients and servers are no dependencies of the workspace: they would weigh on every installation of it. They are
// installed when they are first used, below node_modules/.cache, from the exact versions in npm-packages.json.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "node_modules/.cache/interop");
/** Where the clients keep what is their own. */
export const home: string = join(folder, "home");
const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"];
const quietly = ["--no-package-lock", "--prefer-offline", "--loglevel=error"];

/** Installs what is not there yet; throws where the registry cannot be reached. */
export function installPackages(): void {
  const manifest = readFileSync(join(import.meta.dirname, "npm-packages.json"), "utf8");
  const done = join(folder, "installed.json");
  if (existsSync(done) && readFileSync(done, "utf8") === manifest) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest);
  execFileSync("npm", [...install, ...quietly], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 600_000,
  });
  // What is half installed must not be taken for whole.
  writeFileSync(done, manifest);
}

/** The file that a package's command runs. */
export function commandOf(name: string): string {
  const home = join(folder, "node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as {
    readonly bin: string | Readonly<Record<string, string>>;
  };
  const [file = ""] = typeof bin === "string" ? [bin] : Object.values(bin);
  return join(home, file);
}

/** Imports a package as a module beside it would. */
export async function importPackage<T>(name: string): Promise<T> {
  const entry = join(folder, "entry.js");
  writeFileSync(entry, `export const load = (name) => import(name);\n`);
  const { load } = (await import(entry)) as { readonly load: (name: string) => Promise<T> };
  return load(name);
}
