import { createHmac } from "node:crypto";
import {
  originOf,
  principalOf,
  scopeOf,
  serverId,
  type Clock,
  type Credential,
  type CredentialDependencies,
  type CredentialRequest,
  type CredentialSource,
  type ServerRef,
} from "@tenantry/core";

/** A clock on which time passes only when told; it counts the timers that are still set. */
export function handClock(): Clock & { pass(ms: number): void; readonly waiting: number } {
  const timers = new Set<{ at: number; task: () => void }>();
  let now = 0;
  return {
    now: () => now,
    after(delayMs, task) {
      const timer = { at: now + delayMs, task };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer);
        timer.task();
      }
    },
    get waiting() {
      return timers.size;
    },
  };
}

export const clock = handClock();

export const dependencies: CredentialDependencies = {
  fetch: () => Promise.reject(new Error("No credential of these tests sends a request.")),
  clock,
  fingerprint: (text) => createHmac("sha256", "a key of these tests").update(text).digest("hex"),
};

export const ada = principalOf({ workspace: "acme", user: "ada" });

export const remote: ServerRef = {
  id: serverId("github"),
  digest: "d1",
  origin: originOf("https://api.example.com/mcp"),
};
export const hosted: ServerRef = { id: serverId("files"), digest: "d2" };

export function request(parts: Partial<CredentialRequest> = {}): CredentialRequest {
  return { scope: scopeOf(ada, "user"), server: remote, context: {}, ...parts };
}

export async function resolve(source: CredentialSource, parts: Partial<CredentialRequest> = {}) {
  return source.bind(dependencies).resolve(request(parts));
}

/** What the server would receive, in plain text. */
export async function sent(credential: Credential | undefined): Promise<Record<string, string>> {
  const url = new URL("https://api.example.com/mcp");
  const headers = (await credential?.headers?.({ method: "POST", url })) ?? {};
  const values = Object.entries(headers).map(([name, { value }]) => [name, value.reveal()] as const);
  const variables = Object.entries(credential?.env ?? {}).map(
    ([name, value]) => [name, value.reveal()] as const,
  );
  return Object.fromEntries([...values, ...variables]);
}

/** The error with which a promise rejects. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail.");
}

/** The error that a function throws at once. */
export function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail.");
}
