import "@tenantry/core";
import "undici";
import "ipaddr.js";
export {};
