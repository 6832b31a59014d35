// Checks one subject in a process of its own: what a peer leaves open or lets fail unheard is nobody else's.
import { checkIsolation } from "@tenantry/testing/isolation";
import { loadSubject, type Owner } from "./subjects.ts";

const [owner, name = ""] = process.argv.slice(2);
const subject = await loadSubject(owner as Owner, name);
// What fails in the background is the subject's own affair; what crosses is seen at the server.
process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => {});
const report = await checkIsolation(subject);
process.send?.(report, () => process.exit());
