import { TenantryError } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { never, toolServer } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";

const names = (listing: { tools: readonly { name: string }[] }) => listing.tools.map(({ name }) => name);

describe("a list of one server", () => {
  const servers = {
    docs: toolServer(["read"]),
    hung: { ...toolServer([]), open: never },
    none: toolServer(["a"]),
  };

  it("asks that server and no other", async () => {
    const { as, pool } = workspace(servers);
    const listed = await as("ada").listTools({ server: "docs" });
    expect(names(listed)).toEqual(["docs__read"]);
    expect(listed.unavailable).toEqual([]);
    expect(pool.opened).toBe(1);
    await as("ada").listResources({ server: "docs" });
    await as("ada").listPrompts({ server: "docs" });
    await as("ada").listResourceTemplates({ server: "docs" });
    expect(await as("ada").servers({ server: "docs" })).toMatchObject([{ server: "docs", status: "ready" }]);
    expect(pool.opened).toBe(1);
  });

  it("is none where there is no such server, or none that the principal may see", async () => {
    const guards = { policy: { deny: [{ server: "none" }] } };
    const { as, router, pool } = workspace(servers, {}, { guards });
    for (const server of ["nowhere", "none", "docs__read"]) {
      const failures = await Promise.all(
        [
          as("ada").listTools({ server }),
          as("ada").listPrompts({ server }),
          as("ada").servers({ server }),
          as("ada").subscribe({ tools: true, server }, () => {}),
          router.discovery().listTools({ server }),
        ].map((asked) => asked.then(String, (failure: unknown) => failure)),
      );
      for (const failure of failures) {
        expect(failure).toBeInstanceOf(TenantryError);
        expect(failure).toMatchObject({ code: "SERVER_UNKNOWN", delivery: "unsent" });
      }
    }
    expect(pool.opened).toBe(0);
  });

  it("is one before there is a user too", async () => {
    const { router } = workspace(servers);
    const { unavailable } = await router.discovery().listTools({ server: "docs" });
    expect(unavailable).toMatchObject([{ server: "docs", error: { code: "CREDENTIAL_MISSING" } }]);
  });
});
