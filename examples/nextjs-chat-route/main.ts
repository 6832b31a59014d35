import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { setTimeout } from "node:timers/promises";
import { startNotebook } from "@tenantry/testing";
import { Browser } from "./browser.ts";
import { serveNext, serveRoute } from "./serve.ts";

// With sessions: as it closes, it fails the program if one user's call has come on another's.
await using notes = await startNotebook({ era: "legacy" });
process.env["NOTES_URL"] = notes.url.href;
await using application = await (process.argv.includes("--next") ? serveNext() : serveRoute());

const { status } = await fetch(new URL("/api/chat", application.url), { method: "POST" });
strictEqual(status, 401, "Nobody is asked to sign in.");

console.log("Ada and Bob chat at once:");
const ada = new Browser(application.url, "session=of-ada");
const bob = new Browser(application.url, "session=of-bob");
await sayBoth(
  'Use notes__write for "My door code is heron-41."',
  'Use notes__write for "My door code is otter-73."',
);
const answers = await sayBoth("Use notes__read.", "Use notes__read.");
const codes = answers.map((answer) => ["heron-41", "otter-73"].filter((code) => answer.includes(code)));
deepStrictEqual(codes, [["heron-41"], ["otter-73"]], "Each is told their own code, and not the other's.");

console.log("Ada stops an answer while a tool works for it:");
const stop = new AbortController();
const stopped = ada.say("Use notes__wait.", stop.signal).catch((error: unknown) => error);
await until(() => notes.requests.some(({ tool }) => tool === "wait"));
stop.abort();
strictEqual(((await stopped) as Error).name, "AbortError");
await until(async () => (await ada.say("Use notes__read.")).includes("The caller left."));
console.log("  the server: The caller left.");

async function sayBoth(ofAda: string, ofBob: string): Promise<[string, string]> {
  const [adas, bobs] = await Promise.all([ada.say(ofAda), bob.say(ofBob)]);
  console.log(`  ada: ${adas}`);
  console.log(`  bob: ${bobs}`);
  return [adas, bobs];
}

/** The server hears of things a moment later, and of what a real model wants later still. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await happened()); tries++) {
    ok(tries < 600, "It did not happen.");
    await setTimeout(100);
  }
}
