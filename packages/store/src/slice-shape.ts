import type { StoreSlices } from "@tenantry/core";

/** One part of a slice's key, and the column that holds it in a SQL database. */
export interface KeyPart {
  readonly part: string;
  readonly column: string;
  /** Whether a key may be without it; such a key is another one than any that has it. */
  readonly optional?: true;
}

/** How the rows of a slice are told apart, and where a SQL database keeps them. */
export interface SliceShape {
  readonly name: keyof StoreSlices;
  readonly table: string;
  readonly parts: readonly KeyPart[];
}

const workspace = { part: "workspace", column: "workspace_id" } as const;
const user = { part: "user", column: "user_id", optional: true } as const;
const session = { part: "session", column: "session_id", optional: true } as const;
const server = { part: "server", column: "server_id" } as const;

/** Every slice. A key's parts are in the order in which lists are sorted. */
export const shapes = {
  workspaces: { name: "workspaces", table: "tenantry_workspaces", parts: [workspace] },
  servers: { name: "servers", table: "tenantry_servers", parts: [workspace, server] },
  credentials: {
    name: "credentials",
    table: "tenantry_credentials",
    parts: [workspace, user, server, { part: "slot", column: "slot" }],
  },
  parked: {
    name: "parked",
    table: "tenantry_parked",
    parts: [workspace, user, session, server, { part: "digest", column: "digest" }],
  },
  clients: {
    name: "clients",
    table: "tenantry_clients",
    parts: [
      { part: "issuer", column: "issuer" },
      { part: "callbackUrl", column: "callback_url" },
    ],
  },
  flows: {
    name: "flows",
    table: "tenantry_flows",
    // A callback brings a user and a state, so the two find its row.
    parts: [workspace, { part: "user", column: "user_id" }, { part: "state", column: "state" }, server],
  },
  verdicts: { name: "verdicts", table: "tenantry_verdicts", parts: [{ part: "url", column: "url" }] },
  approvals: {
    name: "approvals",
    table: "tenantry_approvals",
    parts: [workspace, server, { part: "kind", column: "kind" }, { part: "name", column: "name" }],
  },
  catalogs: {
    name: "catalogs",
    table: "tenantry_catalogs",
    parts: [workspace, user, session, server, { part: "context", column: "context" }],
  },
  lists: {
    name: "lists",
    table: "tenantry_lists",
    parts: [workspace, { part: "hash", column: "hash" }],
  },
} as const satisfies { readonly [N in keyof StoreSlices]: SliceShape & { readonly name: N } };

/** The slices whose rows may belong to a person. */
export const personal: readonly SliceShape[] = [
  shapes.credentials,
  shapes.parked,
  shapes.flows,
  shapes.catalogs,
];
