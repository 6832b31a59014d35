// One host process: an instance over the database that all hosts share, which calls as the same user whenever it is asked.
import { performance } from "node:perf_hooks";
import { createTenantry, oauth, sealWithKeys, TenantryError } from "tenantry";
import { postgresStore } from "tenantry/postgres";
import type { Answered, Asked, HostSetup, Outcome, Task } from "./messages.ts";
import { naive } from "./naive.ts";
import { callbackBase, person } from "./person.ts";

const setup = JSON.parse(process.argv[2] ?? "") as HostSetup;
// Every round ends the token before its time, which no server that means well does so often.
const limits = { ...setup.limits, maxRenewals: 10_000 };
const tenantry = createTenantry({
  servers: {
    mail: { url: setup.server, credential: setup.naive ? naive(setup) : oauth({ limits }) },
  },
  store: postgresStore(setup.database),
  sealer: sealWithKeys({ current: "k", keys: { k: Buffer.from(setup.sealingKey, "base64") } }),
  publicUrl: callbackBase,
  allow: ["127.0.0.1"],
});
const workspace = tenantry.workspace(person.workspace);
const user = workspace.as(person.user);

process.on("message", (message: Asked) => void answer(message));
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function answer({ id, task }: Asked): Promise<void> {
  const outcomes = await Promise.all(workOf(task).map(timed));
  process.send?.({ id, outcomes } satisfies Answered);
}

function workOf(task: Task): readonly (() => Promise<unknown>)[] {
  if (task.kind === "finish")
    return [() => workspace.finishAuthorization(person.user, new URL(task.callback))];
  return Array.from({ length: task.times }, () => () => user.callTool({ server: "mail", tool: "whoami" }));
}

async function timed(work: () => Promise<unknown>): Promise<Outcome> {
  const began = performance.now();
  const tookMs = () => Math.round(performance.now() - began);
  try {
    await work();
    return { tookMs: tookMs() };
  } catch (failure) {
    if (!(failure instanceof TenantryError))
      return { code: "no TenantryError", message: String(failure), tookMs: tookMs() };
    const { code, message, authorizationUrl: url } = failure;
    return { code, message, ...(url && { authorizationUrl: url.href }), tookMs: tookMs() };
  }
}
