import { describe, expectTypeOf, test } from "vitest";
import type {
  DirectServer,
  CallToolOptions,
  CatalogClient,
  Connection,
  Connector,
  Credential,
  CredentialProvider,
  CredentialRequest,
  CredentialSource,
  DiagnosticEvents,
  DiagnosticNotices,
  Endpoint,
  ErrorCode,
  HostedServer,
  HttpEndpoint,
  InProcessServer,
  ListOptions,
  Origin,
  Params,
  ParkedSession,
  Poolable,
  Principal,
  RemoteServer,
  Result,
  Scope,
  Secret,
  ServerDefinition,
  SwitchedServer,
  ServerFacts,
  ServerId,
  ServerKey,
  ServerStatus,
  SessionId,
  TenantSlice,
  Target,
  UserId,
  WorkspaceClient,
  WorkspaceId,
} from "./index.ts";
import { type errorCodes, principalOf, scopeOf, TenantryError, userId, workspaceId } from "./index.ts";

describe("ids", () => {
  test("are not interchangeable", () => {
    expectTypeOf<UserId>().not.toExtend<WorkspaceId>();
    expectTypeOf<WorkspaceId>().not.toExtend<UserId>();
    expectTypeOf<SessionId>().not.toExtend<UserId>();
    expectTypeOf<ServerId>().not.toExtend<WorkspaceId>();
    expectTypeOf<Origin>().not.toExtend<ServerId>();
    expectTypeOf<UserId>().toExtend<string>();
    expectTypeOf<string>().not.toExtend<UserId>();
  });

  test("come from their checks only", () => {
    expectTypeOf(userId).returns.toEqualTypeOf<UserId>();
    expectTypeOf(workspaceId).parameter(0).toBeUnknown();
    expectTypeOf(principalOf).returns.toEqualTypeOf<Principal>();
    expectTypeOf<{ workspace: string; user: string }>().not.toExtend<Principal>();
    expectTypeOf<{ workspace: WorkspaceId }>().not.toExtend<Principal>();
  });
});

describe("a scope", () => {
  test("names a user only where it is the user's own", () => {
    type Shared = Exclude<Scope, { share: "user" }>;
    expectTypeOf<Shared["share"]>().toEqualTypeOf<"workspace" | "everyone" | "discovery">();
    expectTypeOf<Extract<keyof Shared, "user" | "session">>().toBeNever();
    // @ts-expect-error a connection that the workspace shares is nobody's own
    const shared: Scope = { share: "workspace", workspace: workspaceId("a"), user: userId("b") };
    // @ts-expect-error one that everybody shares belongs to no workspace
    const everyone: Scope = { share: "everyone", workspace: workspaceId("a") };
    // @ts-expect-error a user's own connection names the user
    const own: Scope = { share: "user", workspace: workspaceId("a") };
    expectTypeOf([shared, everyone, own]).toEqualTypeOf<Scope[]>();
    expectTypeOf(scopeOf).returns.toEqualTypeOf<Scope>();
  });
});

describe("a server definition", () => {
  const credential = {} as CredentialSource;

  test("is what the design shows", () => {
    const servers = {
      github: { url: "https://api.githubcopilot.com/mcp/", credential },
      files: {
        command: "npx",
        args: ["-y", "@modelcontextprotocol/server-filesystem", "./data"],
        share: "workspace",
      },
    } as const;
    expectTypeOf(servers).toExtend<Record<string, ServerDefinition>>();
    expectTypeOf<RemoteServer | HostedServer | InProcessServer>().toEqualTypeOf<DirectServer>();
    expectTypeOf<DirectServer | SwitchedServer>().toEqualTypeOf<ServerDefinition>();
  });

  test("is told from the other kinds by its key", () => {
    const definition = {} as ServerDefinition;
    if (definition.url !== undefined) expectTypeOf(definition).toEqualTypeOf<RemoteServer>();
    else if (definition.command !== undefined) expectTypeOf(definition).toEqualTypeOf<HostedServer>();
    else if (definition.upstreams !== undefined) expectTypeOf(definition).toEqualTypeOf<SwitchedServer>();
    else expectTypeOf(definition).toEqualTypeOf<InProcessServer>();
  });

  test("is nothing else", () => {
    const nonsense: ServerDefinition[] = [
      // @ts-expect-error it leads nowhere
      { share: "user" },
      // @ts-expect-error it leads to two places
      { url: "https://x.com", command: "npx" },
      // @ts-expect-error a remote server has no arguments
      { url: "https://x.com", args: [] },
      // @ts-expect-error there is no such key
      { url: "https://x.com", colour: "red" },
      // @ts-expect-error a header has one value
      { url: "https://x.com", headers: { a: ["1", "2"] } },
      // @ts-expect-error the secret itself is no credential
      { url: "https://x.com", credential: "s3cret" },
      // @ts-expect-error there is no such share
      { command: "npx", share: "team" },
      // @ts-expect-error the arguments are a list
      { command: "npx", args: "-y" },
    ];
    expectTypeOf(nonsense).toEqualTypeOf<ServerDefinition[]>();
    expectTypeOf<{ url: string; command: number }>().not.toExtend<HostedServer>();
  });
});

describe("the contracts", () => {
  test("a connection is what a pool keeps", () => {
    expectTypeOf<Connection>().toExtend<Poolable<ParkedSession>>();
    expectTypeOf<Connector<Connection, ParkedSession>["open"]>().returns.resolves.toEqualTypeOf<Connection>();
    expectTypeOf<Parameters<Connector<Connection, ParkedSession>["open"]>[0]>().toEqualTypeOf<Endpoint>();
  });

  test("a record says its era first, and only a legacy one can hold a session", () => {
    const parked = {} as ParkedSession;
    if (parked.era === "legacy") {
      expectTypeOf(parked.sessionId).toEqualTypeOf<string | undefined>();
      expectTypeOf(parked.facts).toEqualTypeOf<ServerFacts>();
    } else {
      expectTypeOf(parked).not.toHaveProperty("sessionId");
      expectTypeOf(parked.facts).toEqualTypeOf<ServerFacts | undefined>();
    }
  });

  test("a request's method fixes its parameters and its result", () => {
    expectTypeOf<Params<"tools/call">["name"]>().toEqualTypeOf<string>();
    expectTypeOf<Result<"tools/list">["tools"][number]["name"]>().toEqualTypeOf<string>();
    // @ts-expect-error there is no such request
    expectTypeOf<Params<"tools/forget">>().toBeNever();
  });

  test("a credential's headers are secrets, and its origins are origins", () => {
    expectTypeOf<Credential["origins"]>().toEqualTypeOf<readonly Origin[]>();
    type Headers = Awaited<ReturnType<NonNullable<Credential["headers"]>>>;
    expectTypeOf<Headers[string]["value"]>().toEqualTypeOf<Secret>();
  });

  test("a provider resolves, may tell of revocations and be closed, and may be told of a refusal without a credential", () => {
    expectTypeOf<keyof CredentialProvider>().toEqualTypeOf<"resolve" | "watch" | "close">();
    expectTypeOf<{}>().toExtend<NonNullable<CredentialRequest["rejected"]>>();
  });

  test("a tenant's rows cannot be asked for without the workspace", () => {
    const rows = {} as TenantSlice<ServerKey, { on: boolean }>;
    const mistakes = () => [
      // @ts-expect-error whose row?
      rows.get({ server: {} as ServerId }),
      // @ts-expect-error any text is no workspace
      rows.get({ workspace: "acme", server: {} as ServerId }),
      // @ts-expect-error a write says which version it replaces
      rows.put({ workspace: {} as WorkspaceId, server: {} as ServerId }, { on: true }),
      // @ts-expect-error whose rows?
      rows.list({ server: {} as ServerId }),
      // @ts-expect-error whose rows?
      rows.clear({}),
    ];
    expectTypeOf(mistakes).toBeFunction();
    expectTypeOf(rows.get).returns.resolves.toExtend<{ value: { on: boolean } } | undefined>();
  });

  test("everything that is shared is read-only", () => {
    const target = {} as Target;
    const endpoint = {} as HttpEndpoint;
    // @ts-expect-error
    target.scope = { share: "everyone" };
    // @ts-expect-error
    endpoint.headers["x-a"] = "1";
  });

  test("a workspace client can list, and reports each server as one of three", () => {
    expectTypeOf<WorkspaceClient>().toExtend<CatalogClient>();
    expectTypeOf<ServerStatus["status"]>().toEqualTypeOf<"ready" | "needs_authorization" | "unavailable">();
    expectTypeOf<Extract<ServerStatus, { status: "ready" }>>().not.toHaveProperty("error");
  });
});

describe("errors", () => {
  test("have a closed set of codes", () => {
    expectTypeOf<ErrorCode>().toEqualTypeOf<(typeof errorCodes)[number]>();
    expectTypeOf<string>().not.toExtend<ErrorCode>();
    // @ts-expect-error there are no codes of one's own
    const own = new TenantryError("MY_CODE", "x");
    expectTypeOf(own.code).toEqualTypeOf<ErrorCode>();
    // @ts-expect-error a fact is what it is
    own.retryable = true;
  });
});

describe("what a caller writes", () => {
  test("may be of an interface, and may leave an option undefined", () => {
    interface Arguments {
      readonly title: string;
    }
    expectTypeOf<[string, Arguments]>().toExtend<Parameters<WorkspaceClient["callTool"]>>();
    const nothing = { signal: undefined, timeoutMs: undefined };
    expectTypeOf(nothing).toExtend<ListOptions>();
    expectTypeOf({ ...nothing, idempotent: undefined, onProgress: undefined }).toExtend<CallToolOptions>();
    const options = { credential: undefined, discovery: undefined, share: undefined, era: undefined };
    const more = { ...options, timeoutMs: undefined, provenance: undefined };
    expectTypeOf({ ...more, url: "https://x.com", headers: undefined }).toExtend<ServerDefinition>();
    expectTypeOf({ ...more, command: "npx", args: undefined, env: undefined }).toExtend<ServerDefinition>();
    // @ts-expect-error text is no arguments
    expectTypeOf<[string, string]>().toExtend<Parameters<WorkspaceClient["callTool"]>>();
  });
});

test("a trace never has arguments or secrets", () => {
  type Told = { [N in keyof DiagnosticEvents]: keyof DiagnosticEvents[N] }[keyof DiagnosticEvents];
  expectTypeOf<Told>().toEqualTypeOf<
    | ("scope" | "server" | "tool" | "outcome" | "resumed" | "deviations" | "isError" | "trace")
    | ("principal" | "kind" | "name" | "phase" | "decision")
    | ("list" | "isStale")
    | ("era" | "method" | "code")
  >();
  type Noticed = { [N in keyof DiagnosticNotices]: keyof DiagnosticNotices[N] }[keyof DiagnosticNotices];
  expectTypeOf<Noticed>().toEqualTypeOf<
    | "scope"
    | "server"
    | "principal"
    | "reason"
    | "kind"
    | "delayMs"
    | "last"
    | "workspace"
    | "from"
    | "to"
    | "rolledBack"
    | "caller"
  >();
});
