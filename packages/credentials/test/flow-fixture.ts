import type { CredentialDependencies, CredentialStore, Fetch } from "@tenantry/core";
import { ada, failure, requestOf, type World } from "./oauth-fixture.ts";

/** The page that a server leads to which wants more. */
export async function wantMore(there: Pick<World, "provider" | "ref">, scope: string): Promise<URL> {
  const { generation } = (await there.provider.resolve(requestOf(there))) ?? { generation: "" };
  const challenge = { scheme: "Bearer", parameters: { error: "insufficient_scope", scope } };
  const refused = requestOf(there, ada, { generation, challenge });
  const { authorizationUrl, message } = await failure(there.provider.resolve(refused));
  if (authorizationUrl === undefined) throw new Error(`There is no page: ${message}`);
  return authorizationUrl;
}

/** A person at a server, whom a provider can be asked about. */
export const person = ({ ref }: Pick<World, "ref">) => ({ principal: ada, server: ref.id });

/** Has a person's callback finished. */
export const finish = async ({ provider }: Pick<World, "provider">, callback: URL) =>
  provider.finishAuthorization({ callback, principal: ada });

/** What the issuer still takes. */
export const liveTokens = ({ issuer, clock }: Pick<World, "issuer" | "clock">) =>
  issuer.issued.filter(
    ({ kind, revoked, expiresAt }) => kind !== "code" && !revoked && expiresAt > clock.now(),
  );

/** Metadata that lists no scopes, so that `offline_access` is not asked for. */
export const unlisted = ({
  scopes_supported: _listed,
  ...document
}: object & { readonly scopes_supported?: unknown }) => document;

/** Names the slices whose methods are replaced. */
export type Spoilt = { readonly [S in "credentials" | "flows" | "clients"]?: Partial<CredentialStore[S]> };

/** The same store with some methods of its slices replaced. */
export function spoil<S extends CredentialStore>(store: S, methods: Spoilt): S {
  const slices = Object.entries(methods).map(([name, replaced]) => [
    name,
    over(store[name as keyof Spoilt], replaced as object),
  ]);
  return { ...store, ...(Object.fromEntries(slices) as object) };
}

function over<T extends object>(slice: T, methods: object): T {
  return new Proxy(slice, {
    get(target, name) {
      const replaced: unknown = Reflect.get(methods, name);
      const own: unknown = Reflect.get(target, name);
      return replaced ?? (typeof own === "function" ? (own.bind(target) as unknown) : own);
    },
  });
}

/** What stops at some point until it is told to go on. */
export function halt() {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const stop = async () => {
    reached.resolve();
    await goOn.promise;
  };
  return { stop, reached: reached.promise, goOn: () => goOn.resolve() };
}

/** Keeps back the answers to requests whose body has this text, until it is told to let them go. */
export function holdAnswers({ fetch: own }: Pick<CredentialDependencies, "fetch">, text: string) {
  const { stop, ...halted } = halt();
  const fetch: Fetch = async (input, init) => {
    const response = await own(input, init);
    if (String(init?.body).includes(text)) await stop();
    return response;
  };
  return { fetch, ...halted };
}
