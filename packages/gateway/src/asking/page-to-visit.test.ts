import { TenantryError } from "@tenantry/core";
import { describe, expect, it } from "vitest";
import { served } from "../../test/served.ts";
import { ask, hello } from "../../test/wire.ts";
import { workspaceOf } from "../../test/workspace.ts";

const page = "https://login.example/authorize?state=1";
const needed = new TenantryError("AUTHORIZATION_REQUIRED", "Visit it.", { authorizationUrl: new URL(page) });

describe("access that has to be granted first", () => {
  const { connect } = workspaceOf({ tools: { mail: () => Promise.reject(needed) } });

  it.each([
    [{ elicitation: { url: {} } }, -32_042],
    [{ elicitation: { form: {} } }, -32_603],
    [{}, -32_603],
  ])("is told to a legacy client that says %j as %i", async (capabilities, code) => {
    const { url } = await served({ connect });
    const { error } = await (await hello(url, { capabilities })).request("tools/call", { name: "mail" });
    expect(error).toMatchObject({ code, data: { code: "AUTHORIZATION_REQUIRED", authorizationUrl: page } });
    const { elicitations } = error?.data as { elicitations?: unknown };
    const one = {
      mode: "url",
      url: page,
      message: error?.message,
      elicitationId: expect.any(String) as unknown,
    };
    expect(elicitations).toEqual(code === -32_042 ? [one] : undefined);
  });

  it("is told to a modern client as a fact: it is sent to pages by questions only", async () => {
    const { url } = await served({ connect });
    const capabilities = { elicitation: { url: {} } };
    const { error } = await ask(url, "tools/call", { name: "mail" }, { capabilities });
    expect(error).toMatchObject({ code: -32_603, data: { authorizationUrl: page } });
  });
});
