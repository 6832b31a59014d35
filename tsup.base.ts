import { readFileSync } from "node:fs";

interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
}

/**
 * Builds every subpath that the package in the current directory exports, so `exports` is the only list of entries.
 * Dependencies, workspace packages among them, stay imports: tsup leaves out what package.json declares.
 */
export function library() {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
  // Not typed as tsup's own Options: its declarations do not compile without skipLibCheck.
  return {
    entry: Object.values(manifest.exports).filter((path) => path.endsWith(".ts")),
    format: "esm",
    target: "es2023",
    platform: "neutral",
    // Bundlers for Workers, and Workers themselves, know Node's modules by their full names only.
    external: [/^node:/u],
    removeNodeProtocol: false,
    sourcemap: true,
    clean: true,
    // tsup sets `baseUrl`, which TypeScript 6 reports as deprecated.
    dts: { compilerOptions: { ignoreDeprecations: "6.0" } },
  };
}
