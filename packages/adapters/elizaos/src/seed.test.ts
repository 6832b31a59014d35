import * as core from "@elizaos/core";
import { describe, expect, it } from "vitest";
import { withHostSettings } from "../test/our-subject.ts";
import { seedCases } from "../test/seed-cases.ts";

describe("in elizaOS 1.7.2, with settings from the host", () => {
  it.each(seedCases)("$number: $title", async ({ run, expected }) => {
    expect(await run(withHostSettings(core))).toEqual(expected);
  });
});
