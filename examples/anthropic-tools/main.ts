import { deepStrictEqual, ok } from "node:assert";
import { setTimeout } from "node:timers/promises";
import { Anthropic, APIUserAbortError } from "@anthropic-ai/sdk";
import { startNotebook } from "@tenantry/testing";
import { bearer, createTenantry, fromContext } from "tenantry";
import { ask } from "./ask.ts";
import { startMessagesApi } from "./messages-api.ts";

// With sessions: as it closes, it fails the program if one user's call has come on another's.
await using notes = await startNotebook({ era: "legacy" });
await using standIn = await startMessagesApi();
const real = process.env["ANTHROPIC_API_KEY"] !== undefined;
const anthropic = real ? new Anthropic() : new Anthropic({ baseURL: standIn.url.href, apiKey: "none" });
await using tenantry = createTenantry({
  servers: { notes: { url: notes.url, credential: bearer(fromContext("notesToken")) } },
});
const clientOf = (user: string) => tenantry.workspace("acme").as(user, { notesToken: notes.tokenOf(user) });
const ada = clientOf("ada");
const bob = clientOf("bob");

console.log("Ada and Bob ask at once:");
const prompt = (code: string) => `Use notes__write for "My door code is ${code}.", then notes__read.`;
const answers = await Promise.all([
  ask(anthropic, ada, prompt("heron-41")),
  ask(anthropic, bob, prompt("otter-73")),
]);
answers.forEach((answer, index) => console.log(`  ${["ada", "bob"][index]}: ${answer}`));
const codes = answers.map((answer) => ["heron-41", "otter-73"].filter((code) => answer.includes(code)));
deepStrictEqual(codes, [["heron-41"], ["otter-73"]], "Each is told their own code, and not the other's.");

console.log("Ada leaves while a tool works for her, and Bob does not:");
const leaving = new AbortController();
const waiting = ask(anthropic, ada, "Use notes__wait.", leaving.signal).catch((error: unknown) => error);
await until(() => notes.requests.some(({ tool }) => tool === "wait"));
const bobs = ask(anthropic, bob, "Use notes__whoami.");
leaving.abort();
ok((await waiting) instanceof APIUserAbortError, "The run ends with the SDK's own error.");
await until(async () => JSON.stringify(await ada.callTool("notes__read")).includes("The caller left."));
console.log("  the server: The caller left.");
console.log(`  bob: ${await bobs}`);

/** The server hears of things a moment later, and of what a real model wants later still. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await happened()); tries++) {
    ok(tries < 600, "It did not happen.");
    await setTimeout(100);
  }
}
