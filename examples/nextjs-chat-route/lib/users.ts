/** Somebody who has signed in, with what the notes server knows them by. */
export interface User {
  readonly id: string;
  readonly notesToken: string;
}

/** Stands in for the application's own sign-in: whose session a request's cookie names. */
export function userOf(request: Request): User | undefined {
  const cookies = request.headers.get("cookie")?.split("; ") ?? [];
  return cookies.map((cookie) => sessions.get(cookie)).find((user) => user !== undefined);
}

const sessions: ReadonlyMap<string, User> = new Map([
  ["session=of-ada", { id: "ada", notesToken: "token-of-ada" }],
  ["session=of-bob", { id: "bob", notesToken: "token-of-bob" }],
]);
