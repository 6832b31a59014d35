import { createTenantry, oauth } from "tenantry";
import { createHandler } from "tenantry/http";

// A development server loads modules anew; one instance for all of them is the application's to keep.
export const tenantry = (globalThis.applicationsTenantry ??= createTenantry({
  servers: { mail: { url: process.env.MAIL_URL, credential: oauth() } },
  publicUrl: process.env.PUBLIC_URL,
  allow: ["127.0.0.1"],
}));

export const handler = createHandler(tenantry, {
  identify(request) {
    const user = /session=(\w+)/u.exec(request.headers.get("cookie") ?? "")?.[1];
    return user && { workspace: "acme", user };
  },
});
