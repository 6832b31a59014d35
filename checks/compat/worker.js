// Runs in workerd, bundled: visits the servers that a request names, and answers how it went.
import { visitAll } from "./visit.js";

export default {
  fetch: async (request) => Response.json(await visitAll(await request.json())),
};
