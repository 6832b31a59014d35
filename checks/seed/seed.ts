// The cases in which the published plugin was seen to fail, run with it and with this repository's, in real agents.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { seedCases, type SeedCase } from "../../packages/adapters/elizaos/test/seed-cases.ts";
import { installPublished, publishedPackages } from "./installed.ts";

const columns = {
  ours: "@tenantry/elizaos/plugin-mcp",
  published: "published, as it is installed",
  cached: "published, with its cache of schemas",
};

const installed = whyNotInstalled();
const [ours, published, cached] = await Promise.all([
  seenBy("ours"),
  installed ?? seenBy("published"),
  installed ?? seenBy("cached"),
]);
const names = Object.entries(publishedPackages()).map((parts) => parts.join("@"));
console.log(`The published one is ${names.join(" with ")}.\n`);
const heads = ["case", ...Object.values(columns)];
console.log(`| ${heads.join(" | ")} |\n|${" --- |".repeat(heads.length)}`);
for (const [index, one] of seedCases.entries()) {
  const cells = [ours, published, cached].map((seen) => cellOf(one, seen, index));
  console.log(`| ${[`${one.number}: ${one.title}`, ...cells].join(" | ")} |`);
}
const failed = seedCases.filter((one, index) => !isGood(one, ours, index));
if (failed.length > 0) {
  console.error(`\nThis repository's plugin fails ${failed.map(({ number }) => number).join(", ")}.`);
  process.exitCode = 1;
}

/** What each case saw; of a subject that could not be run, why. */
type Seen = readonly unknown[] | string;

async function seenBy(subject: keyof typeof columns): Promise<Seen> {
  const file = join(import.meta.dirname, "run-cases.ts");
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [file, subject], { timeout: 300_000 });
    return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as unknown[];
  } catch (error) {
    return `it did not run: ${reasonOf(error)}`;
  }
}

function whyNotInstalled(): string | undefined {
  try {
    installPublished();
    return undefined;
  } catch (error) {
    return `it could not be installed: ${reasonOf(error)}`;
  }
}

function cellOf(one: SeedCase, seen: Seen, index: number): string {
  if (typeof seen === "string") return seen;
  const text = JSON.stringify(seen[index]);
  const shown = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return isGood(one, seen, index) ? "holds" : `**fails**: saw ${shown}`;
}

function isGood({ expected }: SeedCase, seen: Seen, index: number): boolean {
  return typeof seen !== "string" && isDeepStrictEqual(seen[index], expected);
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
