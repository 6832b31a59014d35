import type { ApprovalKey, Json } from "@tenantry/core";
import type { MoreSetup } from "./workspace.ts";

/** As much of a store as approvals of one server in one workspace need. */
export function approvalsInMemory(): NonNullable<MoreSetup["store"]> {
  const rows = new Map<string, { key: ApprovalKey; value: Json; version: string }>();
  const idOf = ({ kind, name }: ApprovalKey) => JSON.stringify([kind, name]);
  const store = {
    approvals: {
      get: async (key: ApprovalKey) => rows.get(idOf(key)),
      put: async (key: ApprovalKey, value: Json) => {
        rows.set(idOf(key), { key, value, version: "1" });
        return "1";
      },
      list: async () => ({ rows: [...rows.values()] }),
    },
    audit: { append: async () => {} },
    watch: () => ({ [Symbol.dispose]: () => {} }),
  };
  return store as unknown as NonNullable<MoreSetup["store"]>;
}
