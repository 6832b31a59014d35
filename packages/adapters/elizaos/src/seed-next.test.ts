import * as core from "elizaos-next";
import { describe, expect, it, vi } from "vitest";
import { withRequestContext } from "../test/our-subject.ts";
import { seedCases } from "../test/seed-cases.ts";

// The next version, wherever the plugin says "@elizaos/core".
vi.mock("@elizaos/core", () => import("elizaos-next"));

describe("in elizaOS 1.7.3-alpha.4, with settings from its request context", () => {
  it.each(seedCases)("$number: $title", async ({ run, expected }) => {
    expect(await run(withRequestContext(core as never))).toEqual(expected);
  });
});
