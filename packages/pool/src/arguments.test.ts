import { describe, expect, it } from "vitest";
import type { RunOptions, Target } from "@tenantry/core";
import { codeOf, startPool } from "../test/start-pool.ts";

const options: RunOptions = { context: {}, resend: "refused" };
const work = async () => "ran";

describe("what is no argument", () => {
  it.each([null, undefined, "files", {}])("is refused as a target: %j", async (given) => {
    const { pool } = startPool();
    const code = expect.stringMatching(/^(?:ARGUMENT|PRINCIPAL)_INVALID$/u) as unknown;
    expect(await codeOf(pool.run(given as unknown as Target, work, options))).toEqual(code);
    expect(await codeOf(pool.acquire(given as unknown as Target, options))).toEqual(code);
  });

  it.each([null, undefined, "safe"])("is refused as options: %j", async (given) => {
    const { pool, target } = startPool();
    const code = "ARGUMENT_INVALID";
    expect(await codeOf(pool.run(target(), work, given as unknown as RunOptions))).toBe(code);
    expect(await codeOf(pool.acquire(target(), given as unknown as RunOptions))).toBe(code);
  });

  it("is refused as work", async () => {
    const { pool, target, fake } = startPool();
    expect(await codeOf(pool.run(target(), undefined as unknown as typeof work, options))).toBe(
      "ARGUMENT_INVALID",
    );
    expect(fake.openings).toEqual([]);
  });

  it.each([
    ["server", { server: null }],
    ["server's digest", { server: { id: "files" } }],
    ["server's origin", { server: { id: "files", digest: "1", origin: {} } }],
    ["upstream", { upstream: undefined }],
  ])("is refused as a target's %s", async (_, part) => {
    const { pool, target } = startPool();
    const given = { ...target(), ...part } as unknown as Target;
    expect(await codeOf(pool.run(given, work, options))).toBe("ARGUMENT_INVALID");
  });
});

describe("what is no connection", () => {
  it.each(["closed", "adopt", "park", "close"] as const)(
    "is closed and refused where it has no %s",
    async (missing) => {
      const closed: unknown[] = [];
      const connect = () => ({
        async open() {
          const connection = {
            adopt: () => true,
            park: () => undefined,
            closed: new Promise<never>(() => {}),
            close: async () => void closed.push(connection),
            [missing]: undefined,
          };
          return connection as never;
        },
      });
      const { run, pool } = startPool({}, { connect });
      expect(await codeOf(run(work))).toBe("CONNECT_FAILED");
      expect(closed).toHaveLength(missing === "close" ? 0 : 1);
      expect(pool.stats().entries).toEqual([]);
    },
  );
});
