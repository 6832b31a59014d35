import { bearer, fromContext, fromFunction, type ServerDefinitions, type TenantryLimits } from "tenantry";
import { diceOf } from "./dice.ts";
import { behind, type Fleet } from "./fleet.ts";
import type { Person, Workspace } from "./people.ts";
import type { Users } from "./users.ts";

/**
 * A workspace's servers. The era of one is told and not that of the others; its token comes from the host, which gives
 * another where one was refused, and those of the others from whoever calls.
 */
export function serversOf(workspace: Workspace, { urls }: Fleet, users: Users): ServerDefinitions {
  const own = bearer(fromContext("token"));
  const looked = fromFunction(({ scope, rejected }) => {
    if (scope.share !== "user") return undefined;
    const person: Person = { workspace: scope.workspace, user: scope.user };
    if (rejected !== undefined) users.rotate(person);
    return users.tokenOf(person);
  });
  const notes = behind(workspace, "notes");
  return {
    ledger: { url: urls[behind(workspace, "ledger")], credential: own },
    search: { url: urls[behind(workspace, "search")], credential: own },
    notes: {
      ...{ url: urls[notes], credential: bearer(looked) },
      era: notes === "legacy-sse" ? "legacy" : "modern",
    },
  };
}

/** The limits of a run: times that are short, so that a server which hangs costs little, and room that differs by seed. */
export function limitsOf(seed: number): Partial<TenantryLimits> {
  const dice = diceOf(seed, "limits");
  return {
    maxConnections: dice.pick([50, 100, 300, 3_000]),
    maxConnectionsPerUser: dice.pick([2, 4, 8]),
    idleTimeoutMs: dice.pick([0, 50, 400, 5_000]),
    acquireTimeoutMs: 1_000,
    connectTimeoutMs: 1_000,
    handshakeTimeoutMs: 1_000,
    requestTimeoutMs: 2_000,
    callTimeoutMs: 2_000,
    listTimeoutMs: 2_000,
    drainTimeoutMs: 500,
    closeTimeoutMs: 1_000,
  };
}
