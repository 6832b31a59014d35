import type { Fetch, Origin, Secret } from "@tenantry/core";
import { expectTypeOf, test } from "vitest";
import type { Egress, ExchangeRequest, ResponseBody } from "./index.ts";

test("a bound header is a Secret and its origins are checked ones: plain text compiles as neither", () => {
  type Bound = NonNullable<ExchangeRequest["bound"]>;
  expectTypeOf<Bound["headers"][string]>().toEqualTypeOf<Secret>();
  expectTypeOf<string>().not.toExtend<Bound["headers"][string]>();
  expectTypeOf<Bound["origins"][number]>().toEqualTypeOf<Origin>();
  expectTypeOf<string>().not.toExtend<Bound["origins"][number]>();
});

test("who wrote a URL cannot be left out", () => {
  expectTypeOf<Omit<ExchangeRequest, "provenance">>().not.toExtend<ExchangeRequest>();
});

test("an egress is disposed of asynchronously, gives a Fetch, and bodies are iterated as bytes", () => {
  expectTypeOf<Egress>().toExtend<AsyncDisposable>();
  expectTypeOf<Egress["fetch"]>().toEqualTypeOf<Fetch>();
  expectTypeOf<ResponseBody>().toExtend<AsyncIterable<Uint8Array>>();
});
