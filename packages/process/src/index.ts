import "@tenantry/core";
export {};
