// The security cases AUTH-10, AUTH-14 and AUTH-15, which take a whole instance; the others are beside the code of OAuth,
// in packages/credentials/src/oauth/auth-cases.test.ts.
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { codeOf, factsOf } from "./fixture/answers.ts";
import { createGrantWorld, endAccessTokens } from "./fixture/grants.ts";
import { eras } from "./fixture/servers.ts";

it.each(eras)(
  "AUTH-10: a hundred parallel 401s make one refresh, and a refresh that fails ends no newer token (%s)",
  async (era) => {
    await using world = await createGrantWorld({ era });
    await world.connect("ada");
    const ada = world.acme.as("ada");
    const refresh = { grantType: "refresh_token", times: 1 } as const;
    // The refresh fails before the issuer has looked at it; what is asked for next succeeds with the same refresh token.
    world.issuer.faults.add({ kind: "answer", status: 503, headers: { "retry-after": "0" } }, refresh);
    endAccessTokens(world);
    await Promise.allSettled(Array.from({ length: 100 }, () => ada.callTool("mail__whoami")));
    await sleep(20);
    const answers = await Promise.all(Array.from({ length: 100 }, () => ada.callTool("mail__whoami")));
    expect(new Set(answers.map((answer) => factsOf(answer)["user"]))).toEqual(new Set(["ada"]));
    expect(world.issuer.issued.filter(({ kind, uses }) => kind === "refresh_token" && uses > 1)).toEqual([]);
    const renewed = world.issuer.issued.filter(({ kind }) => kind === "access_token");
    expect(renewed).toHaveLength(2);
  },
);

it.each(eras)(
  "AUTH-14: lists are asked for with the credential of calls, the refreshed one too (%s)",
  async (era) => {
    await using world = await createGrantWorld({ era });
    await world.connect("ada");
    const ada = world.acme.as("ada");
    const tokens = () =>
      new Set(world.mail.requests.slice(seen).map(({ headers }) => headers["authorization"]));
    let seen = world.mail.requests.length;
    await ada.listTools();
    await ada.callTool("mail__whoami");
    const [first, ...others] = tokens();
    expect(others).toEqual([]);
    endAccessTokens(world);
    await ada.callTool("mail__whoami");
    seen = world.mail.requests.length;
    await ada.listTools();
    await ada.callTool("mail__whoami");
    const [second, ...more] = tokens();
    expect(more).toEqual([]);
    expect(second).not.toBe(first);
  },
);

it.each(eras)(
  "AUTH-15: whoever disconnects is disconnected at once, in the middle of a call too, and nobody else is (%s)",
  async (era) => {
    await using world = await createGrantWorld({ era });
    const { acme, issuer, tenantry } = world;
    await world.connect("ada");
    await world.connect("bob");
    const [ada, bob] = [acme.as("ada"), acme.as("bob")];
    await bob.callTool("mail__whoami");
    world.mail.faults.add({ kind: "hang" }, { tool: "echo" });
    const call = codeOf(ada.callTool("mail__echo", { text: "hello" }));
    while (!world.mail.requests.some(({ tool }) => tool === "echo")) await sleep(2);
    expect(await acme.disconnect("ada", "mail")).toEqual({ removed: true, revoked: true });
    expect(await call).toBe("CLOSED");
    expect(tenantry.stats().entries.map(({ scope }) => "user" in scope && scope.user)).toEqual(["bob"]);
    const ofAda = issuer.issued.filter(({ subject, kind }) => subject === "ada" && kind !== "code");
    expect(ofAda.map(({ revoked }) => revoked)).toEqual(ofAda.map(() => true));
    expect(await codeOf(ada.callTool("mail__whoami"))).toBe("AUTHORIZATION_REQUIRED");
    expect(factsOf(await bob.callTool("mail__whoami"))["user"]).toBe("bob");
  },
);
