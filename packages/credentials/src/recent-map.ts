export { RecentMap } from "@tenantry/core";
