import type { Person, Store, StoreSlices, TenantSlice } from "@tenantry/core";
import { auditOf } from "./audit.ts";
import { countersOf } from "./counters.ts";
import type { Engine, Target } from "./engine.ts";
import { invalid } from "./failure.ts";
import { selectionOf } from "./key.ts";
import { leasesOf } from "./leases.ts";
import { sliceOf } from "./slice.ts";
import { personal, shapes, type SliceShape } from "./slice-shape.ts";
import { checkText } from "./text.ts";

/** The store whose rows an engine keeps. */
export function storeOf(engine: Engine): Store {
  const slice = <N extends keyof StoreSlices>(name: N) =>
    sliceOf(engine, shapes[name] as SliceShape) as unknown as StoreSlices[N] & TenantSlice<never>;
  const close = () => engine.close();
  return Object.freeze({
    workspaces: slice("workspaces"),
    servers: slice("servers"),
    credentials: slice("credentials"),
    parked: slice("parked"),
    clients: slice("clients"),
    flows: slice("flows"),
    verdicts: slice("verdicts"),
    approvals: slice("approvals"),
    catalogs: slice("catalogs"),
    lists: slice("lists"),
    leases: leasesOf(engine),
    counters: countersOf(engine),
    audit: auditOf(engine),
    erase: async (person: Person) => engine.clear(rowsOf(person)),
    watch: (listener: Parameters<Store["watch"]>[0]) => {
      if (typeof listener !== "function") throw invalid("Give watch() a function that is told of changes.");
      return engine.watch(listener);
    },
    close,
    [Symbol.asyncDispose]: close,
  });
}

/** Whoever leaves out the workspace says that every one is meant, so that forgetting it does not erase too much. */
function rowsOf(person: Person): readonly Target[] {
  if (typeof person !== "object" || person === null) throw invalid("Say who is erased, and from where.");
  const { user, workspace, everyWorkspace } = person as Readonly<Record<string, unknown>>;
  if (checkText(user, "the user") === "") throw invalid("The user is empty; say who is erased.");
  if (
    everyWorkspace === undefined
      ? workspace === undefined
      : everyWorkspace !== true || workspace !== undefined
  ) {
    throw invalid("Say from where the person is erased: give either a workspace or everyWorkspace: true.");
  }
  const parts = { user, ...(workspace !== undefined && { workspace }) };
  return personal.map((shape) => ({ shape, selection: selectionOf(shape, parts, "every workspace") }));
}
