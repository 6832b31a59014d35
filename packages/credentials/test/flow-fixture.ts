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

/** Keeps back the answers to requests whose body has this text, until it is told to let them go. */
export function holdAnswers({ fetch: own }: Pick<CredentialDependencies, "fetch">, text: string) {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const fetch: Fetch = async (input, init) => {
    const response = await own(input, init);
    if (!String(init?.body).includes(text)) return response;
    reached.resolve();
    await goOn.promise;
    return response;
  };
  return { fetch, reached: reached.promise, letGo: () => goOn.resolve() };
}
