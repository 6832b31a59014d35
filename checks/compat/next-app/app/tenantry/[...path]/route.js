import { handler } from "../../../tenantry.js";
export const dynamic = "force-dynamic";
export const GET = (request) => handler(request);
