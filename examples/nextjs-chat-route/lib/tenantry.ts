import { bearer, createTenantry, fromContext, type Tenantry } from "tenantry";

const application = globalThis as { tenantry?: Tenantry };

/** The application's one instance. A development server loads modules anew at each change, and connections outlive that here. */
export const tenantry = (application.tenantry ??= createTenantry({
  servers: { notes: { url: process.env["NOTES_URL"] ?? "", credential: bearer(fromContext("notesToken")) } },
}));
