import { describe, expect, it } from "vitest";
import { messageOf } from "./message.ts";

describe("RTE-08: the id of a message", () => {
  it.for(["1", "-0.5", "9007199254740991", '""', `"${"x".repeat(256)}"`])("RTE-08: may be %s", (id) => {
    const json: unknown = JSON.parse(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
    expect(messageOf(json)).toMatchObject({ kind: "request", id: JSON.parse(id) as unknown });
  });

  it.for(["null", "1e999", "9007199254740993", "{}", "[1]", "true", `"${"x".repeat(257)}"`])(
    "RTE-08: is not %s",
    (id) => {
      const json: unknown = JSON.parse(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
      expect(messageOf(json)).toMatchObject({ kind: "malformed", id: null });
    },
  );
});
