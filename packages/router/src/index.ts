import "@tenantry/core";
import "canonicalize";
export {};
