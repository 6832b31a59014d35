/** Whose something is. Users of different workspaces have the same names, so that a name alone tells nothing. */
export interface Person {
  readonly workspace: string;
  readonly user: string;
}

/** Whose a token is, and how often that user's token had been changed when it was made. */
export interface TokenHolder extends Person {
  readonly generation: number;
}

/** Every workspace; each has users of the same names. */
export const workspaces = Object.freeze(["acme", "globex", "initech", "hooli", "umbrella"] as const);

/** One of the {@link workspaces}. */
export type Workspace = (typeof workspaces)[number];

/** Names a person in a message, and is the same for nobody else. */
export function nameOf({ workspace, user }: Person): string {
  return `${workspace}/${user}`;
}

/** The token that a server knows this user by. */
export function tokenOf({ workspace, user, generation }: TokenHolder): string {
  return Buffer.from(JSON.stringify({ workspace, user, generation })).toString("base64url");
}

/** Whose the token in an `Authorization` header is; `undefined` where nobody has such a one. */
export function holderOf(authorization: string | undefined): TokenHolder | undefined {
  const token = /^Bearer (?<token>[\w-]+)$/u.exec(authorization ?? "")?.groups?.["token"];
  if (token === undefined) return undefined;
  try {
    const { workspace, user, generation } = JSON.parse(
      Buffer.from(token, "base64url").toString("utf8"),
    ) as Partial<TokenHolder>;
    const isHolder =
      typeof workspace === "string" && typeof user === "string" && typeof generation === "number";
    return isHolder ? { workspace, user, generation } : undefined;
  } catch {
    return undefined;
  }
}
