import { tenantry } from "../../tenantry.js";
export const dynamic = "force-dynamic";
export async function GET() {
  return Response.json(await tenantry.workspace("acme").as("ada").servers());
}
