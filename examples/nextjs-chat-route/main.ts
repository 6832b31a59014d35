import { deepStrictEqual, strictEqual } from "node:assert";
import { startNotebook } from "@tenantry/testing";
import { Browser } from "./browser.ts";
import { serveNext, serveRoute } from "./serve.ts";

await using notes = await startNotebook();
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
deepStrictEqual(notes.crossings, [], "No call came on another user's session.");

async function sayBoth(ofAda: string, ofBob: string): Promise<[string, string]> {
  const [adas, bobs] = await Promise.all([ada.say(ofAda), bob.say(ofBob)]);
  console.log(`  ada: ${adas}`);
  console.log(`  bob: ${bobs}`);
  return [adas, bobs];
}
