// Runs every case with one subject, in a process of its own, because the published plugin keeps state in its modules.
import * as core from "@elizaos/core";
import { withHostSettings } from "../../packages/adapters/elizaos/test/our-subject.ts";
import { seedCases } from "../../packages/adapters/elizaos/test/seed-cases.ts";
import type { SeedSubject } from "../../packages/adapters/elizaos/test/seed-subject.ts";
import { publishedSubject, startCache, withCache } from "./published-subject.ts";

const subjects: Readonly<Record<string, () => SeedSubject | Promise<SeedSubject>>> = {
  ours: () => withHostSettings(core),
  published: publishedSubject,
  async cached() {
    await startCache();
    return withCache(await publishedSubject());
  },
};

const subject = await subjects[process.argv[2] ?? ""]?.();
if (subject === undefined) throw new Error(`Name one of ${Object.keys(subjects).join(", ")}.`);
// What the published plugin leaves to nobody is not what is measured here.
process.on("unhandledRejection", () => {});
const seen: unknown[] = [];
for (const { run } of seedCases) {
  try {
    seen.push(await run(subject));
  } catch (error) {
    seen.push(error instanceof Error ? error.message : String(error));
  }
}
process.stdout.write(`\n${JSON.stringify(seen)}\n`, () => process.exit(0));
