import type { Transport as OldTransport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { Transport } from "@modelcontextprotocol/server";
import type { InProcessServer } from "@tenantry/core";
import { expectTypeOf, test } from "vitest";
import { inProcess, type InProcessTransport } from "./in-process.ts";

test("the server's end is a transport of both lines of the official SDK", () => {
  expectTypeOf<InProcessTransport>().toExtend<Transport>();
  expectTypeOf<InProcessTransport>().toExtend<OldTransport>();
});

test("its opener is what a definition takes", () => {
  expectTypeOf(inProcess).returns.toEqualTypeOf<InProcessServer["connect"]>();
});
