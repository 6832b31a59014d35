import type { CredentialSource, Secret, ServerDefinition } from "@tenantry/core";
import { expectTypeOf, test } from "vitest";
import { type Grants, type Grant } from "./grants.ts";
import {
  bearer,
  chain,
  combine,
  type credentialVault,
  env,
  fromContext,
  fromFunction,
  fromStatic,
  fromStore,
  header,
} from "./index.ts";

test("a definition takes a shape, or a list of them", () => {
  expectTypeOf(bearer(fromContext("token"))).toExtend<CredentialSource>();
  expectTypeOf({
    url: "https://api.example.com/mcp",
    credential: [bearer(fromContext("token")), header("x-api-key", fromStatic("k"))],
    discovery: bearer(fromStatic("service")),
  }).toExtend<ServerDefinition>();
  expectTypeOf(combine).returns.toEqualTypeOf<CredentialSource>();
});

test("a function is told who asks, and gives text, a secret or nothing", () => {
  fromFunction(({ scope, signal, rejected }) => {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    expectTypeOf(rejected?.generation).toEqualTypeOf<string | undefined>();
    return scope.share === "user" ? scope.user : undefined;
  });
  expectTypeOf(fromFunction)
    .parameter(0)
    .returns.toEqualTypeOf<string | Secret | undefined | Promise<string | Secret | undefined>>();
});

test("a saved value does not come out of the vault, and a grant's tokens are secrets", () => {
  expectTypeOf(bearer(fromStore())).toExtend<CredentialSource>();
  type Facts = Awaited<ReturnType<ReturnType<typeof credentialVault>["look"]>>;
  expectTypeOf<keyof NonNullable<Facts>>().toEqualTypeOf<"version" | "savedAt">();
  expectTypeOf<Grant["accessToken"]>().toEqualTypeOf<Secret>();
  expectTypeOf<ReturnType<Grants["fresh"]>>().toEqualTypeOf<Grant | undefined | Promise<Grant | undefined>>();
});

test("mistakes do not compile", () => {
  const mistakes = () => [
    // @ts-expect-error the value itself is no source
    bearer("s3cret"),
    // @ts-expect-error a variable goes to no origin
    env("A", fromStatic("1"), { origins: ["https://a.example"] }),
    // @ts-expect-error a failure either ends the chain or falls through
    chain([{ source: fromStatic("1"), onFailure: "ignore" }]),
  ];
  expectTypeOf(mistakes).toBeFunction();
});
