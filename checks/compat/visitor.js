// Runs inside the installed project on Node, Bun and Deno: visits the servers, tells how it went, and must then end by itself.
import { visitAll } from "./visit.js";

console.log(JSON.stringify(await visitAll(JSON.parse(process.argv[2]))));
