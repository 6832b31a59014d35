import type {
  DirectServer,
  HostedServer,
  InProcessServer,
  RemoteServer,
  ServerOptions,
} from "./server-definition.ts";
import { definitionInvalid } from "./definition-invalid.ts";
import { quote } from "./error.ts";

/**
 * Where a server id leads that has several upstreams: the name of one, for everybody; a share of those whom connections
 * serve (from 0 to 1, chosen by a stable hash of each, so that a larger share keeps whom it had) and the rest elsewhere; or
 * one upstream, and another for what the first surely did not run.
 */
export type Route =
  | string
  | { readonly to: string; readonly share: number; readonly rest: string }
  | { readonly to: string; readonly fallback: string };

/** What is decided for a server as a whole, and not for one of its upstreams. */
type OfTheWhole = "share" | "timeoutMs" | "provenance";

/** One of several ways to reach a server; what it does not say, the server's definition says. */
export type UpstreamDefinition =
  Omit<RemoteServer, OfTheWhole> | Omit<HostedServer, OfTheWhole> | Omit<InProcessServer, OfTheWhole>;

/** A server that is reached in several interchangeable ways, such as the vendor's endpoint and an instance of one's own. */
export interface SwitchedServer extends ServerOptions {
  /** The ways by name: 1 to 64 characters of `[A-Za-z0-9_-]`; at least two. */
  readonly upstreams: Readonly<Record<string, UpstreamDefinition>>;
  /** Which of them calls take; it can be changed at run time. */
  readonly route: Route;
  readonly url?: never;
  readonly command?: never;
  readonly connect?: never;
}

/** Each upstream of a server as a definition of its own. */
export function upstreamsOf(server: SwitchedServer): ReadonlyMap<string, DirectServer> {
  const { upstreams, route: _route, ...whole } = server;
  const definitions = Object.entries(upstreams).map(
    ([name, upstream]) => [name, Object.freeze({ ...whole, ...upstream }) as DirectServer] as const,
  );
  return new Map(definitions);
}

/** The upstreams that a route names, the one that it leads to first. */
export function namedBy(route: Route): readonly string[] {
  if (typeof route === "string") return [route];
  return [route.to, "rest" in route ? route.rest : route.fallback];
}

/**
 * Checks a route against the names of the upstreams and gives a frozen copy. Throws `DEFINITION_INVALID`, naming `path`
 * and what was expected there.
 */
export function checkRoute(route: unknown, upstreams: readonly string[], path = "route"): Route {
  const name = (value: unknown, at: string): string => {
    if (typeof value === "string" && upstreams.includes(value)) return value;
    throw definitionInvalid(at, `expected one of ${upstreams.map((known) => quote(known)).join(", ")}`);
  };
  if (typeof route === "string") return name(route, path);
  const given = typeof route === "object" && route !== null ? (route as Record<string, unknown>) : {};
  const keys = Object.keys(given).sort().join(" ");
  if (keys !== "fallback to" && keys !== "rest share to")
    throw definitionInvalid(
      path,
      "expected the name of an upstream, { to, share, rest } or { to, fallback }",
    );
  const to = name(given["to"], `${path}.to`);
  const second = "fallback" in given ? "fallback" : "rest";
  const other = name(given[second], `${path}.${second}`);
  if (other === to) throw definitionInvalid(`${path}.${second}`, "expected another upstream than `to`");
  if (second === "fallback") return Object.freeze({ to, fallback: other });
  const { share } = given;
  if (typeof share !== "number" || !(share >= 0 && share <= 1))
    throw definitionInvalid(`${path}.share`, "expected a number from 0 to 1");
  return Object.freeze({ to, share, rest: other });
}
