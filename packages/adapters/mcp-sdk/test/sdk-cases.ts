// What holds with every version of the official SDK that is supported.
import { principalOf, type CallToolResult, type WorkspaceClient } from "@tenantry/core";
import { startFakeServer, startNotebook, type FakeTool } from "@tenantry/testing";
import { startAuthorizationServer } from "@tenantry/testing/oauth";
import { bearer, confirm, createTenantry, fromContext, oauth } from "tenantry";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { WorkspaceTransport } from "../src/index.ts";
import { assistant } from "./assistant.ts";
import type { ClientSetup, Sdk, SdkClient } from "./sdk.ts";

const text = (result: object) =>
  (result as CallToolResult).content.map((block) => (block as { text: string }).text).join();
const texts = (result: object) => JSON.stringify(result);

/** Describes the official clients of one version over a real workspace of two users. */
export function describeSdk(sdk: Sdk): void {
  describe(`with version ${sdk.version}`, async () => {
    const notebook = await startNotebook();
    const asking = assistant();
    const hung = await startFakeServer();
    hung.faults.add({ kind: "hang" });
    const tenantry = createTenantry({
      servers: {
        notes: { url: notebook.url, credential: bearer(fromContext("token")) },
        mind: asking.definition,
        hung: { url: hung.url },
      },
    });
    const acme = tenantry.workspace("acme");
    const as = (user: string) => acme.as(user, { token: `token-of-${user}` });
    afterAll(async () => {
      await tenantry.close();
      await notebook.close();
      await hung.close();
    });

    /** What serves a user at the moment. */
    const serversOf = (user: string) =>
      [...asking.open].flatMap(([server, owner]) => (owner === user ? [server] : []));

    /** A client that a test has to itself, and that must not complain. */
    const connect = async (client: WorkspaceClient, setup?: ClientSetup): Promise<SdkClient> => {
      const made = await sdk.connect(client, setup);
      const complaints: unknown[] = [];
      made.onerror = (error) => complaints.push(error);
      onTestFinished(async () => {
        await made.close();
        expect(complaints).toEqual([]);
      });
      return made;
    };
    const notes = (user: string, setup: ClientSetup = {}) => connect(as(user), { ...setup, server: "notes" });
    const mind = (user: string, setup: ClientSetup = {}) => connect(as(user), { ...setup, server: "mind" });

    it("gives each of two users their own answers, at the same time", async () => {
      const told = await Promise.all(
        ["ada", "bob", "ada", "bob"].map(async (user, index) => {
          const client = await notes(user);
          expect((await client.listTools()).tools).toHaveLength(10);
          const mine = { text: `${index} by ${user}` };
          const results = await Promise.all([
            sdk.call(client, { name: "whoami" }),
            sdk.call(client, { name: "write", arguments: mine }),
            sdk.call(client, { name: "page" }),
          ]);
          return [...results, await sdk.call(client, { name: "read" })].map(texts).join();
        }),
      );
      for (const [index, user] of ["ada", "bob", "ada", "bob"].entries()) {
        expect(told[index]).toContain(`"text":"${user}"`);
        expect(told[index]).toContain(`${user} wrote: ${index} by ${user}`);
        expect(told[index]).toContain(`page 1 of ${user}`);
        expect(told[index]).not.toContain(user === "ada" ? "bob" : "ada");
      }
      expect(notebook.crossings).toEqual([]);
    });

    it("shows the whole workspace under names that tell its servers apart, and says which are missing", async () => {
      const quick = createTenantry({
        servers: {
          notes: { url: notebook.url, credential: bearer(fromContext("token")) },
          gone: { url: "http://127.0.0.1:1/mcp" },
        },
      });
      onTestFinished(() => quick.close());
      const client = await connect(quick.workspace("acme").as("bob", { token: "token-of-bob" }));
      const { tools, _meta } = await client.listTools();
      expect(tools.map(({ name }) => name)).toContain("notes__whoami");
      expect(_meta).toMatchObject({ "tenantry/unavailable": [{ server: "gone", code: "CONNECT_FAILED" }] });
      expect(text(await sdk.call(client, { name: "notes__whoami" }))).toBe("bob");
      expect(client.getServerVersion()).toMatchObject({ name: "tenantry" });
    });

    it("shows one server under its own names, and asks no other", async () => {
      const client = await notes("ada", {
        serverInfo: { name: "notes", version: "7" },
        instructions: "Write.",
      });
      const { tools, _meta } = await client.listTools();
      expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(["whoami", "wait"]));
      expect(_meta ?? {}).toEqual({});
      expect(hung.requests).toEqual([]);
      expect(client.getServerVersion()).toMatchObject({ name: "notes", version: "7" });
      expect(client.getInstructions()).toBe("Write.");
    });

    it("carries every kind of result", async () => {
      const client = await notes("ada");
      const result = async (name: string) => sdk.call(client, { name });
      expect(await result("picture")).toMatchObject({
        content: [{ type: "text" }, { type: "image", mimeType: "image/png" }],
      });
      expect(await result("sound")).toMatchObject({ content: [{ type: "audio", mimeType: "audio/wav" }] });
      expect(await result("report")).toMatchObject({ content: [], structuredContent: { user: "ada" } });
      expect(await result("page")).toMatchObject({
        content: [
          { resource: { uri: "note://1", text: "page 1 of ada" } },
          { type: "resource_link", uri: "note://2" },
        ],
      });
      expect(await result("fail")).toMatchObject({
        isError: true,
        content: [{ text: "ada's pen is broken." }],
      });
    });

    it.each(["an abort", "a time-out", "closing"])("ends a call at the server with %s", async (how) => {
      const client = await sdk.connect(as("ada"), { server: "notes" });
      const leaving = new AbortController();
      const onprogress = vi.fn(() => {
        if (how === "an abort") leaving.abort(new Error("Ada left."));
        if (how === "closing") void client.close();
      });
      const errors = vi.fn();
      client.onerror = errors;
      await sdk.call(await notes("ada"), { name: "erase" });
      const timeout = how === "a time-out" ? 500 : 60_000;
      await expect(
        sdk.call(client, { name: "wait" }, { signal: leaving.signal, timeout, onprogress }),
      ).rejects.toThrow();
      expect(onprogress).toHaveBeenCalledWith({ progress: 1, total: 2 });
      const other = await notes("ada");
      await vi.waitFor(async () =>
        expect(text(await sdk.call(other, { name: "read" }))).toBe("The caller left."),
      );
      expect(errors).not.toHaveBeenCalled();
      await client.close();
    });

    it("keeps two clients of one user apart, who have one connection and the same ids", async () => {
      const leaving = new AbortController();
      const [closing, staying] = [await sdk.connect(as("bob"), { server: "notes" }), await notes("bob")];
      const heard = [vi.fn(), vi.fn()] as const;
      const calls = [
        sdk.call(closing, { name: "wait" }, { onprogress: heard[0] }),
        sdk.call(staying, { name: "wait" }, { onprogress: heard[1], signal: leaving.signal }),
      ];
      const ends = calls.map((call) =>
        call.then(
          () => "answered",
          () => "ended",
        ),
      );
      await vi.waitFor(() => heard.forEach((one) => expect(one).toHaveBeenCalledOnce()));
      await closing.close();
      expect(await ends[0]).toBe("ended");
      expect(text(await sdk.call(staying, { name: "whoami" }))).toBe("bob");
      expect(await Promise.race([ends[1], Promise.resolve("under way")])).toBe("under way");
      leaving.abort(new Error("Bob left."));
      expect(await ends[1]).toBe("ended");
      heard.forEach((one) => expect(one).toHaveBeenCalledOnce());
    });

    it("asks nobody what a server asks that users share, though each of them could answer", async () => {
      const shared = assistant();
      await using sharing = createTenantry({
        servers: { mind: { connect: shared.definition.connect, era: "legacy", share: "workspace" } },
      });
      const asked = vi.fn(() => ({ roots: [{ uri: "file:///secret" }] }));
      const called = await Promise.all(
        ["ada", "bob"].map(async (user) => {
          const client = await connect(sharing.workspace("acme").as(user), {
            ...{ server: "mind", capabilities: { roots: {}, sampling: {}, elicitation: {} } },
          });
          sdk.answer(client, { "roots/list": asked });
          return text(await sdk.call(client, { name: "ask" }));
        }),
      );
      expect(shared.open.size).toBe(1);
      expect(called).toEqual(["", ""]);
      expect(asked).not.toHaveBeenCalled();
    });

    it("gives errors as JSON-RPC has them, with what Tenantry says of them as data", async () => {
      const client = await notes("ada");
      await expect(sdk.call(client, { name: "nothing" })).rejects.toMatchObject({ code: -32_602 });
      const stranger = await notes("eve");
      await expect(sdk.call(stranger, { name: "whoami" })).rejects.toMatchObject({
        code: -32_603,
        data: { code: "UNAUTHORIZED", server: "notes" },
      });
      const before = notebook.requests.length;
      const keyless = await connect(acme.as("ada"), { server: "notes" });
      const missing = { code: -32_603, data: { code: "CREDENTIAL_MISSING", server: "notes" } };
      await expect(sdk.call(keyless, { name: "whoami" })).rejects.toMatchObject(missing);
      await expect(keyless.listTools()).rejects.toMatchObject(missing);
      const nowhere = await connect(as("ada"), { server: "nowhere" });
      await expect(nowhere.listTools()).rejects.toMatchObject({ data: { code: "SERVER_UNKNOWN" } });
      expect(notebook.requests).toHaveLength(before);
    });

    it("says where a user grants access, as a page to visit where the client can show one", async () => {
      await using issuer = await startAuthorizationServer();
      await using mail = await startFakeServer({ authenticate: { authorizationServer: issuer } });
      await using granting = createTenantry({
        servers: { mail: { url: mail.url, credential: oauth() } },
        publicUrl: "http://127.0.0.1:1/app",
        allow: ["127.0.0.1"],
      });
      const ada = granting.workspace("acme").as("ada");
      const url = expect.stringContaining(issuer.issuer.origin) as unknown;
      const plain = await connect(ada);
      await expect(sdk.call(plain, { name: "mail__whoami" })).rejects.toMatchObject({
        code: -32_603,
        data: { code: "AUTHORIZATION_REQUIRED", authorizationUrl: url },
      });
      const showing = await connect(ada, { capabilities: { elicitation: { url: {} } } });
      await expect(sdk.call(showing, { name: "mail__whoami" })).rejects.toMatchObject({
        code: -32_042,
        data: { elicitations: [{ mode: "url", url }] },
      });
    });

    it("asks the person that the host names before a call", async () => {
      const careful = createTenantry({
        servers: { notes: { url: notebook.url, credential: bearer(fromContext("token")) } },
        interceptors: [confirm()],
      });
      onTestFinished(() => careful.close());
      for (const says of [true, false]) {
        const onApprovalRequired = vi.fn(() => says);
        const ada = careful.workspace("acme").as("ada", { token: "token-of-ada" }, { onApprovalRequired });
        const called = sdk.call(await connect(ada), { name: "notes__whoami" });
        if (says) expect(text(await called)).toBe("ada");
        else await expect(called).rejects.toMatchObject({ code: -32_602, data: { code: "CALL_DENIED" } });
        expect(onApprovalRequired).toHaveBeenCalledOnce();
      }
    });

    it("carries prompts, resources, completion and pings", async () => {
      const [ada, bob] = await Promise.all([mind("ada"), mind("bob")]);
      expect((await ada.listPrompts()).prompts).toMatchObject([{ name: "greet" }]);
      expect(texts(await bob.getPrompt({ name: "greet", arguments: { whom: "Eve" } }))).toContain(
        "bob: hello, Eve",
      );
      expect((await bob.listResources()).resources).toMatchObject([{ uri: "memory://bob" }]);
      expect((await ada.listResourceTemplates()).resourceTemplates).toMatchObject([
        { uriTemplate: "memory://{user}" },
      ]);
      expect(await ada.readResource({ uri: "memory://ada" })).toMatchObject({ contents: [{ text: "ada" }] });
      const argument = { name: "whom", value: "E" };
      const context = { arguments: { settled: "yes" } };
      const ref = { type: "ref/prompt", name: "greet" };
      expect((await ada.complete({ ref, argument, context })).completion.values).toEqual([
        "ada:E",
        JSON.stringify(context),
      ]);
      const template = { type: "ref/resource", uri: "memory://{user}" };
      expect((await bob.complete({ ref: template, argument })).completion.values[0]).toBe("bob:E");
      await ada.ping();
    });

    it("brings each server's questions to the client whose call they belong to, and none that it cannot be asked", async () => {
      const capabilities = { elicitation: {}, sampling: {}, roots: {} };
      const told = await Promise.all(
        ["ada", "bob"].map(async (user) => {
          const client = await mind(user, { capabilities });
          sdk.answer(client, {
            "elicitation/create": ({ message }) => ({
              action: "accept",
              content: { name: `${message} ${user}!` },
            }),
            "sampling/createMessage": () => ({
              role: "assistant",
              model: `model of ${user}`,
              content: { type: "text", text: "" },
            }),
            "roots/list": () => ({ roots: [{ uri: `file:///${user}` }] }),
          });
          return text(await sdk.call(client, { name: "ask" }));
        }),
      );
      expect(told).toEqual(
        ["ada", "bob"].map((user) => `Who, ${user}? ${user}!,model of ${user},file:///${user}`),
      );
      expect(text(await sdk.call(await mind("ada"), { name: "ask" }))).toBe("");
    });

    it("tells a client of the logs of its calls, from the level on that it has set", async () => {
      const client = await mind("ada");
      const heard: unknown[] = [];
      sdk.hear(client, "notifications/message", (params) => heard.push(params?.["data"]));
      await sdk.call(client, { name: "log" });
      await client.setLoggingLevel("debug");
      await sdk.call(client, { name: "log" });
      await vi.waitFor(() => expect(heard).toEqual(["ada shouts", "ada whispers", "ada shouts"]));
    });

    it("tells of changes where it is to, to each user of their own", async () => {
      const clients = [await mind("ada", { changes: true }), await mind("bob", { changes: true })];
      const heard = clients.map((client) => {
        const changed = vi.fn();
        sdk.hear(client, "notifications/tools/list_changed", changed);
        return changed;
      });
      // It may not be listened to yet; and a burst of changes is told of when it is over.
      await vi.waitFor(
        async () => {
          await Promise.all(serversOf("bob").map((server) => server.sendToolListChanged()));
          expect(heard[1]).toHaveBeenCalled();
        },
        { timeout: 5_000, interval: 400 },
      );
      expect(heard[0]).not.toHaveBeenCalled();
      expect(hung.requests).toEqual([]);
    });

    it("tells of changes where the client's own options say what is done with them", async () => {
      const client = await mind("ada", { listChanged: { tools: { onChanged: () => {} } } });
      expect(client.getServerCapabilities()).toMatchObject({ tools: { listChanged: true } });
    });

    it("tells of a resource that is subscribed to, until it is not any more", async () => {
      const client = await mind("ada");
      expect(client.getServerCapabilities()).toMatchObject({
        tools: { listChanged: false },
        resources: { subscribe: true },
      });
      const updated = vi.fn();
      sdk.hear(client, "notifications/resources/updated", updated);
      await client.subscribeResource({ uri: "memory://ada" });
      const update = (uri: string) =>
        Promise.all(serversOf("ada").map((server) => server.sendResourceUpdated({ uri })));
      await update("memory://ada");
      await vi.waitFor(() => expect(updated).toHaveBeenCalledExactlyOnceWith({ uri: "memory://ada" }));
      await client.unsubscribeResource({ uri: "memory://ada" });
      await client.subscribeResource({ uri: "memory://bob" });
      await update("memory://ada");
      await update("memory://bob");
      await vi.waitFor(() => expect(updated).toHaveBeenLastCalledWith({ uri: "memory://bob" }));
      expect(updated).toHaveBeenCalledTimes(2);
    });

    it("lets a host do with a list what it likes, which is nobody else's then", async () => {
      const client = await mind("ada");
      const [tool] = (await client.listTools()).tools;
      Object.assign(tool?.inputSchema["properties"] as object, { spoilt: {} });
      Object.assign((tool?.inputSchema["properties"] as { a: object }).a, { spoilt: {} });
      expect(JSON.stringify(await as("ada").listTools({ server: "mind" }))).not.toContain("spoilt");
      expect(JSON.stringify(await client.listTools())).not.toContain("spoilt");
    });

    it("passes on what a request says beside its parameters", async () => {
      const client = await mind("ada");
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      await sdk.call(client, { name: "meta", _meta: { "example.com/why": "test", traceparent } });
      expect(asking.said.at(-1)).toMatchObject({ "example.com/why": "test", traceparent });
    });

    it("carries a hundred tools and hostile names whole", async () => {
      const names = [
        ...Array.from({ length: 1_100 }, (_, index) => `tool_${index}`),
        ...["__proto__", "constructor", "a b/c", "notes__x", "x".repeat(200)],
      ];
      const called: string[] = [];
      const tools = names.map((name): FakeTool => ({
        definition: { name, inputSchema: { type: "object" } },
        call: () => (called.push(name), { content: [{ type: "text", text: name }] }),
      }));
      await using many = await startFakeServer({ tools });
      await using wide = createTenantry({ servers: { many: { url: many.url } } });
      const ada = wide.workspace("acme").as("ada");
      const [all, own] = [await connect(ada), await connect(ada, { server: "many" })];
      expect((await own.listTools()).tools.map(({ name }) => name)).toEqual(names);
      const shown = (await all.listTools()).tools.map(({ name }) => name);
      expect(new Set(shown).size).toBe(names.length);
      for (const [index, name] of names.entries()) {
        if (index < 1_099) continue;
        expect(text(await sdk.call(own, { name }))).toBe(name);
        expect(text(await sdk.call(all, { name: shown[index] ?? "" }))).toBe(name);
      }
      expect(called).toHaveLength(12);
    });

    it("opens nothing by connecting, and takes nobody for a user", async () => {
      const before = notebook.requests.length;
      const nobody = [undefined, null, {}, acme, acme.discovery()] as never[];
      for (const one of nobody) await expect(sdk.connect(one)).rejects.toThrow("[ARGUMENT_INVALID]");
      const client = await notes("ada");
      await client.ping();
      expect(notebook.requests).toHaveLength(before);
      expect(
        () => new WorkspaceTransport({ principal: principalOf({ workspace: "a", user: "b" }) } as never),
      ).toThrow("[ARGUMENT_INVALID]");
    });
  });
}
