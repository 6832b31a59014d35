import { describe, expect, it } from "vitest";
import { served } from "../../test/served.ts";
import { ask, hello, lastOf, modern } from "../../test/wire.ts";
import { text, workspaceOf } from "../../test/workspace.ts";
import { createGateway, type Authenticate, type Caller } from "../index.ts";

const tools = { who: (_args: unknown, _options: unknown, { user }: { user: string }) => text(user) };
const said = (user: string) => ({ content: [{ type: "text", text: user }] });

/** Sends a call whose body is not whole before `release` is called. */
function held(authenticate: Authenticate) {
  const { connect, callers } = workspaceOf({ tools });
  const gateway = createGateway({ connect, hosts: ["127.0.0.1"], authenticate });
  const { body, headers } = modern("tools/call", { name: "who" });
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const request = new Request("http://127.0.0.1/", {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: readable,
    duplex: "half",
  } as RequestInit);
  const answer = gateway.handle(request).then(lastOf);
  const release = async () => {
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode(JSON.stringify(body)));
    await writer.close();
    return answer;
  };
  return { release, callers, gateway };
}

describe("ISO-12: who a request is made for is what the host said of it", () => {
  it("ISO-12: whatever the host makes of its object while the body is on its way", async () => {
    const account = { workspace: "acme", user: "ada", roles: ["reader"], context: { token: "ada's" } };
    const asked = Promise.withResolvers<void>();
    const { release, callers, gateway } = held(() => (asked.resolve(), account));
    await asked.promise;
    await new Promise(setImmediate);
    Object.assign(account, { workspace: "globex", user: "bob", session: "bob's" });
    account.context.token = "bob's";
    account.roles.push("admin");
    expect((await release()).result).toMatchObject(said("ada"));
    expect(callers).toMatchObject([
      { workspace: "acme", user: "ada", session: undefined, roles: ["reader"], context: { token: "ada's" } },
    ]);
    await gateway.close();
  });

  it("ISO-12: also where it says something else each time", async () => {
    const users = ["ada"];
    const account = { workspace: "acme", get: () => users.shift() ?? "bob" };
    const authenticate = (): Caller => ({
      workspace: account.workspace,
      get user() {
        return account.get();
      },
    });
    const { release, callers, gateway } = held(authenticate);
    expect((await release()).result).toMatchObject(said("ada"));
    expect(callers.map(({ user }) => user)).toEqual(["ada"]);
    await gateway.close();
  });

  it("also where it is of a class, and what it says is computed", async () => {
    class Account {
      readonly #user: string;
      constructor(user: string) {
        this.#user = user;
      }
      get workspace() {
        return "acme";
      }
      get user() {
        return this.#user;
      }
      get context() {
        return { token: this.#user };
      }
    }
    const { connect, callers } = workspaceOf({ tools });
    const { url } = await served({ connect, authenticate: () => new Account("ada") });
    const call = { name: "who" };
    expect((await ask(url, "tools/call", call)).result).toMatchObject(said("ada"));
    expect((await (await hello(url)).request("tools/call", call)).result).toMatchObject(said("ada"));
    for (const { context } of callers) expect(context).toEqual({ token: "ada" });
  });

  it("is fixed throughout, in both eras, so that whoever takes it can know it again", async () => {
    const { connect, callers } = workspaceOf({ tools });
    const authenticate = () => ({
      workspace: "acme",
      user: "ada",
      roles: ["reader"],
      context: { token: "1" },
    });
    const { url } = await served({ connect, authenticate });
    await ask(url, "tools/call", { name: "who" });
    await (await hello(url)).request("tools/call", { name: "who" });
    expect(callers).toHaveLength(2);
    for (const caller of callers)
      for (const part of [caller, caller.roles, caller.context]) expect(Object.isFrozen(part)).toBe(true);
  });

  it("leaves a context that is no plain object as it is, for whoever takes it to judge", async () => {
    const context = new Map([["token", "ada's"]]);
    const { connect, callers } = workspaceOf({ tools });
    const authenticate = () => ({ workspace: "acme", user: "ada", context });
    const { url } = await served({ connect, authenticate });
    await ask(url, "tools/call", { name: "who" });
    expect(callers[0]?.context).toBe(context);
  });
});
