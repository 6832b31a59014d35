// A gateway in a process of its own, before one server whose URL it is given.
import { bearer, createTenantry, fromContext } from "tenantry";
import { createHandler } from "tenantry/http";
import { authorizationOf, token } from "../variant.ts";
import { serveBeside } from "./beside.ts";
import { mounted } from "./mounted.ts";

const [url = ""] = process.argv.slice(2);
const tenantry = createTenantry({ servers: { bench: { url, credential: bearer(fromContext("token")) } } });
const ada = { workspace: "acme", user: "ada", context: { token } };
const handler = createHandler(tenantry, {
  gateway: {
    hosts: ["127.0.0.1"],
    authenticate: ({ headers }) => (headers.get("authorization") === authorizationOf() ? ada : undefined),
  },
});
serveBeside(await mounted(handler));
