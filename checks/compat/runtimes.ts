import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { repository } from "./tarballs.ts";

/** Which way the requests of a visit leave: over undici's sockets, or through the runtime's own `fetch`. */
export type Way = "sockets" | "fetch";

/** What a visitor may expect of the runtime that it is on. */
export interface Traits {
  readonly sockets: boolean;
  /** Whether it has `node:dns`. */
  readonly resolver: boolean;
  /** Whether its `fetch` tells a connection that was refused from one that was lost. */
  readonly tellsRefusal: boolean;
}

/** One runtime that the packages are tried on. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  readonly binary: string;
  /** What comes before a script; a runtime without it runs no scripts and serves Workers. */
  readonly args?: (way: Way) => readonly string[];
  readonly traits: Traits;
}

/** A runtime whose binary is a file of an npm package, which may have none for this platform. */
interface Candidate extends Omit<Runtime, "version" | "binary"> {
  readonly package: string;
  readonly file: string;
  /** Whose dependency it is; defaults to this folder's. */
  readonly from?: string;
}

const likeNode = { sockets: true, resolver: true, tellsRefusal: true };
const node = { name: "Node", file: "bin/node", args: () => [], traits: likeNode };

const candidates: readonly Candidate[] = [
  { ...node, package: "node22" },
  { ...node, package: "node24" },
  { ...node, package: "node", from: repository },
  { name: "Bun", package: "bun", file: "bin/bun", args: () => [], traits: likeNode },
  {
    name: "Deno",
    package: "deno",
    file: "deno",
    // Only undici reads variables; `fetch` needs the network and nothing else.
    args: (way) => [
      ...["run", "--no-prompt", "--node-modules-dir=manual", "--allow-net"],
      ...(way === "sockets" ? ["--allow-env=UNDICI_*,JEST_WORKER_ID"] : []),
    ],
    traits: { ...likeNode, tellsRefusal: false },
  },
  {
    name: "workerd",
    package: "workerd",
    file: "bin/workerd",
    traits: { sockets: false, resolver: false, tellsRefusal: false },
  },
];

/** The runtimes that are installed, and the packages of those that are not. */
export function runtimes(): { readonly installed: readonly Runtime[]; readonly missing: readonly string[] } {
  const installed: Runtime[] = [];
  const missing: string[] = [];
  for (const { package: id, file, from = import.meta.dirname, ...runtime } of candidates) {
    const { resolve } = createRequire(join(from, "package.json"));
    try {
      installed.push({
        ...runtime,
        version: versionOf(resolve(`${id}/package.json`)),
        binary: resolve(`${id}/${file}`),
      });
    } catch {
      missing.push(id);
    }
  }
  return { installed, missing };
}

/** Some of the packages write it with a "v". */
function versionOf(manifest: string): string {
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  return version.replace(/^v/u, "");
}
