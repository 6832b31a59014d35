import { TenantryError, type ErrorDetails } from "@tenantry/core";
import { expect, it } from "vitest";
import { toolServer, type MemoryServer } from "../../test/memory-pool.ts";
import { workspace } from "../../test/workspace.ts";

/** A server whose every connection ends with the first call of a tool. */
function failing(details: ErrorDetails): MemoryServer {
  const { answer } = toolServer(["pay"]);
  return {
    answer(request) {
      if (request.method !== "tools/call") return answer(request);
      throw new TenantryError("CONNECTION_LOST", "It is gone.", { recover: "reconnect", ...details });
    },
  };
}

it.each([
  ["was refused each time", { delivery: "refused" }, {}],
  ["may have run each time and does no harm twice", { delivery: "unknown" }, { idempotent: true }],
] as const)("a call by name that %s is sent twice and not once more", async (_, details, options) => {
  const { as, pool } = workspace({ shop: failing(details) });
  const ada = as("ada");
  await ada.listTools();
  await expect(ada.callTool("shop__pay", {}, options)).rejects.toMatchObject({ code: "CONNECTION_LOST" });
  expect(pool.methods("shop")).toEqual(["tools/list", "tools/call", "tools/call"]);
});

it("a call by name is sent again to the tool that it was sent to first, whatever its server lists by then", async () => {
  const { answer } = failing({ delivery: "refused" });
  const renamed = toolServer(["charge"]);
  let calls = 0;
  const shop: MemoryServer = {
    async answer(request) {
      if (calls > 0 && request.method === "tools/list") return renamed.answer(request);
      if (request.method !== "tools/call" || calls++ > 0)
        return request.method === "tools/list" ? answer(request) : renamed.answer(request);
      await ada.listTools({ fresh: true });
      return answer(request);
    },
  };
  const { as, pool } = workspace({ shop });
  const ada = as("ada");
  await ada.listTools();
  await ada.callTool("shop__pay");
  const called = pool.received.filter(({ method }) => method === "tools/call");
  expect(called.map(({ params }) => params["name"])).toEqual(["pay", "pay"]);
});
