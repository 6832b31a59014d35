import type { Client } from "@modelcontextprotocol/client";
import { createTenantry } from "tenantry";
import { expect, it } from "vitest";
import { describeSdk } from "../test/sdk-cases.ts";
import { connect } from "./v2.ts";

for (const mode of ["legacy", "auto"] as const) {
  const own = (client: unknown) => client as Client;
  describeSdk({
    version: `2, ${mode}`,
    connect: async (client, setup) =>
      (await connect(client, { ...setup, versionNegotiation: { mode } })) as never,
    call: (client, params, options) => own(client).callTool(params as never, options),
    answer: (client, answers) => {
      for (const [method, answer] of Object.entries(answers))
        own(client).setRequestHandler(method as "roots/list", ({ params }) => answer(params));
    },
    hear: (client, method, listener) =>
      own(client).setNotificationHandler(method, ({ params }) => listener(params as never)),
  });
}

it("is spoken to as what it is: no peer of the modern era alone", async () => {
  await using tenantry = createTenantry({ servers: {} });
  const ada = tenantry.workspace("acme").as("ada");
  const connected = await connect(ada, { versionNegotiation: { mode: "auto" } });
  expect(connected.getProtocolEra()).toBe("legacy");
  await connected.close();
  await expect(connect(ada, { versionNegotiation: { mode: { pin: "2026-07-28" } } })).rejects.toThrow();
});
