import { startFakeServer } from "@tenantry/testing";
import { createTenantry } from "tenantry";
import { afterAll, expect, it } from "vitest";
import { serverView } from "./index.ts";

const [mine, other] = [await startFakeServer(), await startFakeServer()];
const tenantry = createTenantry({ servers: { mine: { url: mine.url }, other: { url: other.url } } });
const view = serverView(tenantry.workspace("acme").as("ada"), "mine");
afterAll(async () => {
  await tenantry.close();
  await mine.close();
  await other.close();
});

it("asks no other server than its own, also where another is named", async () => {
  const server = "other";
  const asks = [
    () => view.callTool({ server, tool: "whoami" }),
    () => view.readResource({ server, uri: "test://one" }),
    () => view.getPrompt({ server, prompt: "greet" }),
    () => view.complete({ prompt: { server, prompt: "greet" } }, { name: "a", value: "b" }),
    () => view.complete({ resourceTemplate: { server, uri: "a{b}" } }, { name: "a", value: "b" }),
    () => view.subscribe({ watched: [{ server, uri: "test://one" }] }, () => {}),
  ];
  for (const ask of asks) await expect(ask()).rejects.toMatchObject({ code: "SERVER_UNKNOWN" });
  expect(other.requests).toEqual([]);
  expect((await view.listTools({ server })).tools.map(({ name }) => name)).toContain("whoami");
  expect((await view.servers({ server })).map(({ server: id }) => id)).toEqual(["mine"]);
  expect((await view.callTool({ server: "mine", tool: "whoami" })).isError).not.toBe(true);
  expect(other.requests).toEqual([]);
});
